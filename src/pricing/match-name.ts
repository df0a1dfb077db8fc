import type { MatchClause, MatchedModel } from './price-source.js';

/** A name in the price data, and whether it may stand behind a region or a publisher. */
interface Base {
  readonly text: string;
  readonly floats: boolean;
}

const DATE = String.raw`20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])`;
/** `-2512` (Mistral), `-0613` (OpenAI, xAI), `-05-20` and `-09-2025` (Google). */
const SHORT_DATE = String.raw`(?:2[3-9](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|1[0-2])-(?:20)?\d\d)`;
/** What makes a snapshot of a model out of its name: a date, a revision, or the word for the newest. */
const SNAPSHOT = new RegExp(
  String.raw`^(?:[-@:]${DATE}(?:-v\d+)?|[-@](?:${SHORT_DATE}|00\d|latest|default))?(?:-v\d+:\d+|-v1)?$`,
);
/** Regions, vendors and publishers before a name: `us.anthropic.`, `publishers/anthropic/models/`. */
const QUALIFIER = /^(?:[a-z0-9-]+[./])+$/;
/** A fine-tuned model of OpenAI's: its owner and its own name come behind the base. */
const FINE_TUNED = /^ft:[^:]+/;

/**
 * Whether `name` is this model's by name: one of its names in the price data, or one with a date,
 * `-latest` or a revision behind it. `claude-sonnet-5-5` is not `claude-sonnet-5`, whose rule says
 * "starts with".
 */
export function isNamed(model: MatchedModel, name: string): boolean {
  const lower = name.trim().toLowerCase();
  const wanted = FINE_TUNED.exec(lower)?.[0] ?? lower;
  return basesOf(model).some(({ text, floats }) => {
    const at = floats ? wanted.indexOf(text) : wanted.startsWith(text) ? 0 : -1;
    if (at === -1 || (at > 0 && !QUALIFIER.test(wanted.slice(0, at)))) return false;
    return SNAPSHOT.test(wanted.slice(at + text.length));
  });
}

/** Whether `answered` is a snapshot of what was asked for (`gpt-5` answers as `gpt-5-2025-08-07`). */
export function isSnapshotOf(answered: string, asked: string): boolean {
  return answered.startsWith(asked) && SNAPSHOT.test(answered.slice(asked.length));
}

/** Whether `asked` says all that `answered` says and where it runs (`us.anthropic.claude-opus-5-v1:0`). */
export function isQualified(asked: string, answered: string): boolean {
  const at = asked.indexOf(answered);
  if (at <= 0) return false;
  return (
    QUALIFIER.test(asked.slice(0, at).toLowerCase()) &&
    SNAPSHOT.test(asked.slice(at + answered.length).toLowerCase())
  );
}

function basesOf(model: MatchedModel): readonly Base[] {
  return [{ text: model.id.toLowerCase(), floats: false }, ...clauseBases(model.match)];
}

function clauseBases(clause: MatchClause): readonly Base[] {
  if ('or' in clause) return clause.or.flatMap(clauseBases);
  if ('and' in clause) return clause.and.flatMap(clauseBases);
  if ('equals' in clause) return [{ text: clause.equals.toLowerCase(), floats: false }];
  if ('starts_with' in clause) return [{ text: clause.starts_with.toLowerCase(), floats: false }];
  if ('contains' in clause) return [{ text: clause.contains.toLowerCase(), floats: true }];
  if ('ends_with' in clause) return [{ text: clause.ends_with.toLowerCase(), floats: true }];
  return [];
}
