import type { Part, ToolCallPart, ToolResultPart, Turn } from './canonical-request.js';
import type { Losses } from './losses.js';

/** Which call a result belongs to, and in which turns the two stand. */
interface Pair {
  readonly call: ToolCallPart;
  readonly calledAt: number;
  readonly result: ToolResultPart;
  readonly answeredAt: number;
}

/**
 * Turns in which every call has its result right behind it, and every result its call, as nearly all providers demand
 * it. A result that came later is moved up; a call or a result that stands alone is left out, and refused.
 */
export function pairResults(turns: readonly Turn[], losses: Losses): readonly Turn[] {
  if (!turns.some(({ parts }) => parts.some(isOfTools))) return turns;
  const pairs = findPairs(turns);
  const kept = new Set<Part>(pairs.filter(isNear).map(({ result }) => result));
  const answered = new Set<Part>(pairs.map(({ call }) => call));
  noteLosses(turns, pairs, losses);
  const late = Map.groupBy(
    pairs.filter((pair) => !isNear(pair)),
    ({ calledAt }) => calledAt,
  );
  const paired = turns.flatMap((turn, index): readonly Turn[] => {
    const parts = turn.parts.filter(
      (part) => !isOfTools(part) || kept.has(part) || answered.has(part),
    );
    const own = parts.length > 0 || turn.parts.length === 0 ? [{ ...turn, parts }] : [];
    const results = late.get(index)?.map(({ result }) => result);
    return results === undefined ? own : [...own, { role: 'user', parts: results }];
  });
  return joined(paired);
}

/** Ids may come again: a result belongs to the earliest call of its id that is still open. */
function findPairs(turns: readonly Turn[]): readonly Pair[] {
  const pairs: Pair[] = [];
  const open = new Map<string, Pick<Pair, 'call' | 'calledAt'>[]>();
  for (const [index, { parts }] of turns.entries()) {
    for (const part of parts) {
      if (part.type === 'tool-call') {
        open.set(part.id, [...(open.get(part.id) ?? []), { call: part, calledAt: index }]);
      } else if (part.type === 'tool-result') {
        const call = open.get(part.id)?.shift();
        if (call !== undefined) pairs.push({ ...call, result: part, answeredAt: index });
      }
    }
  }
  return pairs;
}

function isNear({ calledAt, answeredAt }: Pair): boolean {
  return answeredAt === calledAt + 1;
}

function noteLosses(turns: readonly Turn[], pairs: readonly Pair[], losses: Losses): void {
  const parts = turns.flatMap((turn) => turn.parts);
  const count = (wanted: Part['type']) => parts.filter(({ type }) => type === wanted).length;
  if (count('tool-call') > pairs.length) losses.refuse('tool_call');
  if (count('tool-result') > pairs.length) losses.refuse('tool_result');
  if (!pairs.every(isNear)) losses.change('tool_result_position');
}

/** The results of one turn's calls in one turn. */
function joined(turns: readonly Turn[]): readonly Turn[] {
  const all: Turn[] = [];
  for (const turn of turns) {
    const last = all.at(-1);
    if (last?.parts.every(isResult) && turn.parts.some(isResult)) {
      all[all.length - 1] = { ...turn, parts: [...last.parts, ...turn.parts] };
    } else all.push(turn);
  }
  return all;
}

function isResult({ type }: Part): boolean {
  return type === 'tool-result';
}

function isOfTools({ type }: Part): boolean {
  return type === 'tool-call' || type === 'tool-result';
}
