import { describe, expect, it } from 'vitest';
import { createReader } from '../../../src/dialects/create-reader.js';
import type { DialectName } from '../../../src/dialects/dialect.js';
import { priced, watchedPricer } from './support/pricing.js';

const anthropicEnd = {
  input_tokens: 3,
  cache_creation_input_tokens: 12_304,
  cache_read_input_tokens: 2750,
  output_tokens: 550,
};
const lifetimes = { ephemeral_5m_input_tokens: 4304, ephemeral_1h_input_tokens: 8000 };
const openaiUsage = {
  prompt_tokens: 2006,
  completion_tokens: 300,
  total_tokens: 2306,
  prompt_tokens_details: { cached_tokens: 1920 },
};

interface Case {
  readonly dialect: DialectName;
  readonly provider: string;
  readonly model: string;
  readonly body: unknown;
  readonly events: readonly unknown[];
  readonly dollars: number;
}

const cases: readonly Case[] = [
  {
    dialect: 'anthropic-messages',
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    body: {
      type: 'message',
      model: 'claude-sonnet-4-6',
      content: [],
      usage: { ...anthropicEnd, cache_creation: lifetimes },
    },
    // The first event counts the output so far, and only it says how long the cache lives.
    events: [
      {
        type: 'message_start',
        message: {
          model: 'claude-sonnet-4-6',
          content: [],
          usage: { ...anthropicEnd, cache_creation: lifetimes, output_tokens: 1 },
        },
      },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 97 } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: anthropicEnd },
      { type: 'message_stop' },
    ],
    // 3 × 3 + 2750 × 0.3 + 4304 × 3.75 + 8000 × 6 + 550 × 15 = 73 224 millionths
    dollars: 0.073224,
  },
  {
    dialect: 'openai-chat',
    provider: 'openai',
    model: 'gpt-4o',
    body: { model: 'gpt-4o', choices: [{ index: 0, message: {} }], usage: openaiUsage },
    events: [
      { model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'a' } }], usage: null },
      { model: 'gpt-4o', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { model: 'gpt-4o', choices: [], usage: openaiUsage },
    ],
    // 86 × 2.5 + 1920 × 1.25 + 300 × 10 = 5615 millionths
    dollars: 0.005615,
  },
  {
    dialect: 'openai-chat',
    provider: 'perplexity',
    model: 'sonar',
    body: {
      model: 'sonar',
      choices: [{ index: 0, message: {} }],
      usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
    },
    // Usage in every chunk, each of them a total: the last one counts.
    events: [1, 2, 7].map((count) => ({
      model: 'sonar',
      choices: [{ index: 0, delta: { content: 'a' } }],
      usage: { prompt_tokens: 5, completion_tokens: count, total_tokens: 5 + count },
    })),
    // 5 × 1 + 7 × 1 = 12 millionths, and 0.012 for the request
    dollars: 0.012012,
  },
];

function costOf(
  { dialect, provider }: Case,
  read: (reader: ReturnType<typeof createReader>) => void,
) {
  const reader = createReader(dialect);
  read(reader);
  const { usage, model, serviceTier } = reader.facts();
  return watchedPricer().price(priced({ provider, usage, model, serviceTier })).cost;
}

describe('a stream', () => {
  it.each(cases)('of $model costs what the same answer costs in one piece', (item) => {
    const whole = costOf(item, (reader) => reader.readBody(item.body));
    const streamed = costOf(item, (reader) => {
      for (const event of item.events) reader.readEvent(null, event);
    });

    expect(streamed).toEqual(whole);
    expect(whole?.amount).toBe(item.dollars);
  });
});
