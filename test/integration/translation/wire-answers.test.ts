import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogRow } from 'zerohop';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';
import {
  type FinishMeaning,
  finishMeaning,
} from '../../../src/dialects/translation/finish-meaning.js';
import { isTranslated } from '../../../src/dialects/translation/translate-request.js';
import type { ResponseFacts } from '../../../src/pipeline/settlement.js';
import { ANSWER_LOSSES } from '../../fixtures/translation/loss-table.js';
import { wireFixtures } from '../../fixtures/wire/index.js';
import { bodyBytes, loadRecordings, type WireExchange } from '../../support/wire/exchange.js';
import { readFacts } from '../../unit/dialects/support/read.js';
import { dialectOf } from '../../unit/dialects/support/wire.js';
import { callers, type Got, parsed, routeTo } from './support.js';

const recordings = loadRecordings();

// The SDKs warn of models that have been retired since they were recorded.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined));

const answers = [...wireFixtures, ...recordings].flatMap((exchange) => {
  const dialect = dialectOf(exchange);
  const { status, body } = exchange.response;
  if (dialect === undefined || !isTranslated(dialect) || status >= 400) return [];
  const facts = readFacts(dialect, body);
  return [{ exchange, dialect, facts }];
});
const whole = answers.filter(({ facts }) => facts.complete && facts.choices.length > 0);
const broken = answers.filter(({ facts }) => !facts.complete);
/** How many were read as they should be, by pair, and how many of them had a feature tag. */
const counts = new Map<string, { all: number; tags: Map<string, number> }>();
/** The same of those that lost something, by pair and name. */
const losses = new Map<string, { all: number; tags: Map<string, number> }>();

function count(into: typeof counts, key: string, features: readonly string[]): void {
  const known = into.get(key) ?? { all: 0, tags: new Map<string, number>() };
  known.all += 1;
  for (const tag of features) known.tags.set(tag, (known.tags.get(tag) ?? 0) + 1);
  into.set(key, known);
}

afterAll(() => {
  const lines = Array.from(counts, ([pair, { all }]) => `${pair}: ${all}`);
  for (const [key, { all, tags }] of [...losses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [pair = ''] = key.split(':');
    const total = counts.get(pair)?.tags;
    const always = [...tags].filter(([tag, some]) => some === total?.get(tag)).map(([tag]) => tag);
    lines.push(`${key} lost in ${all}, wherever there is: ${always.sort().join(' ')}`);
  }
  console.info(lines.join('\n'));
});

function note(pair: string, rows: readonly LogRow[], features: readonly string[]): void {
  count(counts, pair, features);
  const names = rows.flatMap(({ decisions }) =>
    decisions.flatMap(({ kind, detail }) =>
      kind === 'answer-shaped' ? String(detail?.lost).split(' ') : [],
    ),
  );
  for (const name of names) {
    count(losses, `${pair}: ${name}`, features);
    expect(ANSWER_LOSSES.map(([known]) => known)).toContain(name);
  }
}

describe.each(callers)('an answer read by a caller of $name', (caller) => {
  const others = <Some extends { readonly dialect: TranslatedDialect }>(some: readonly Some[]) =>
    some.filter(({ dialect }) => dialect !== caller.dialect);

  it.each(others(whole))('$exchange.id says what it said', async ({ exchange, dialect, facts }) => {
    const rows: LogRow[] = [];
    const route = routeTo(dialect, () => Promise.resolve(recorded(exchange)));
    const sink = (row: LogRow) => void rows.push(row);
    const got = await caller.ask({ ...route, log: { sink } }, exchange.response.sse);
    await vi.waitUntil(() => rows.length > 0);

    expect(got).toEqual(expected(facts, caller.dialect, exchange.features));
    note(`${dialect} → ${caller.name}`, rows, exchange.features);
  });

  it.each(others(broken))('$exchange.id is an error as it was', async ({ exchange, dialect }) => {
    const asked = caller.ask(
      routeTo(dialect, () => Promise.resolve(recorded(exchange))),
      exchange.response.sse,
    );

    await expect(asked).rejects.toThrow(Error);
  });
});

function recorded(exchange: WireExchange): Response {
  const { sse, status } = exchange.response;
  return new Response(new Uint8Array(bodyBytes(exchange)), {
    status,
    headers: { 'content-type': sse ? 'text/event-stream' : 'application/json' },
  });
}

const FINISH: Readonly<Record<TranslatedDialect, Readonly<Record<FinishMeaning, string>>>> = {
  'openai-chat': {
    ...{ stop: 'stop', stop_sequence: 'stop', length: 'length', tools: 'tool_calls' },
    ...{ filter: 'content_filter', pause: 'stop' },
  },
  'openai-responses': {
    ...{ stop: 'completed', stop_sequence: 'completed', length: 'max_output_tokens' },
    ...{ tools: 'completed', filter: 'content_filter', pause: 'completed' },
  },
  'anthropic-messages': {
    ...{ stop: 'end_turn', stop_sequence: 'stop_sequence', length: 'max_tokens' },
    ...{ tools: 'tool_use', filter: 'refusal', pause: 'pause_turn' },
  },
};

/** What a caller of a dialect is to get of an answer. */
function expected(
  { choices, usage }: ResponseFacts,
  to: TranslatedDialect,
  features: readonly string[],
): Got {
  const [choice] = choices;
  const calls = choice?.toolCalls ?? [];
  const meaning = finishMeaning(choice?.finishReason ?? 'stop', calls.length > 0);
  const { inputTokens, outputTokens, totalTokens } = usage ?? {};
  const sum = (inputTokens ?? 0) + (outputTokens ?? 0);
  const isMessages = to === 'anthropic-messages';
  const isCustom = features.some((tag) => tag.includes('custom_tool'));
  return {
    text: `${choice?.text ?? ''}${choice?.refusal ?? ''}`,
    calls: calls.map(({ name, arguments: words }) => ({
      name,
      arguments: isMessages ? inputOf(words, isCustom) : parsed(words),
    })),
    finish: isMessages && choice?.refusal !== undefined ? 'refusal' : FINISH[to][meaning],
    // Anthropic has no total of its own, and requires figures.
    totalTokens:
      usage === undefined ? (isMessages ? 0 : undefined) : isMessages ? sum : (totalTokens ?? sum),
  };
}

/** Anthropic has objects only: a free text is the one member of one, and of JSON that was cut the SDK keeps what it can. */
function inputOf(words: string, isCustom: boolean): unknown {
  const json = parsed(words);
  if (typeof json !== 'string') return json;
  return isCustom ? { input: words } : {};
}
