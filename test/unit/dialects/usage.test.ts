import { describe, expect, it } from 'vitest';
import {
  anthropicUsage,
  openaiUsage,
  overlayUsage,
  timingsUsage,
} from '../../../src/dialects/usage.js';

describe('openaiUsage', () => {
  it.each([
    ['what is not there as absent', { prompt_tokens: 5 }, { inputTokens: 5 }],
    [
      'null as absent',
      { prompt_tokens: 5, completion_tokens: null, prompt_tokens_details: null },
      { inputTokens: 5 },
    ],
    [
      'zero as zero',
      { prompt_tokens: 0, prompt_tokens_details: { cached_tokens: 0 } },
      { inputTokens: 0, cacheReadTokens: 0 },
    ],
    [
      'the names of responses',
      { input_tokens: 5, output_tokens: 7, input_tokens_details: { cached_tokens: 2 } },
      { inputTokens: 5, outputTokens: 7, cacheReadTokens: 2 },
    ],
    [
      "DeepSeek's cache",
      { prompt_tokens: 5, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 1 },
      { inputTokens: 5, cacheReadTokens: 4 },
    ],
    [
      "Perplexity's reasoning",
      { completion_tokens: 7, reasoning_tokens: 3 },
      { outputTokens: 7, reasoningTokens: 3 },
    ],
    [
      'reasoning beside the completion',
      {
        prompt_tokens: 5,
        completion_tokens: 7,
        total_tokens: 15,
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      { inputTokens: 5, outputTokens: 10, totalTokens: 15, reasoningTokens: 3 },
    ],
    [
      'a total that is no sum',
      { prompt_tokens: 5, completion_tokens: 7, total_tokens: 400 },
      { inputTokens: 5, outputTokens: 7, totalTokens: 400 },
    ],
    ["OpenRouter's cost", { prompt_tokens: 5, cost: 0.25 }, { inputTokens: 5, reportedCost: 0.25 }],
    ['a cost of nothing', { prompt_tokens: 5, cost: 0 }, { inputTokens: 5, reportedCost: 0 }],
    [
      "Perplexity's cost",
      { prompt_tokens: 5, cost: { total_cost: 0.25 } },
      { inputTokens: 5, reportedCost: 0.25 },
    ],
    [
      "xAI's ticks",
      { prompt_tokens: 5, cost_in_usd_ticks: 2_500_000_000 },
      { inputTokens: 5, reportedCost: 0.25 },
    ],
  ])('reads %s', (_, reported, expected) => {
    expect(openaiUsage(reported)).toStrictEqual({ ...expected, reported });
  });

  it.each([
    ['a string', { prompt_tokens: '12', completion_tokens: 7 }, { outputTokens: 7 }],
    ['a negative number', { prompt_tokens: 5, completion_tokens: -3 }, { inputTokens: 5 }],
    ['infinity', JSON.parse('{"prompt_tokens":5,"total_tokens":1e400}'), { inputTokens: 5 }],
    ['not a number', { prompt_tokens: 5, completion_tokens: Number.NaN }, { inputTokens: 5 }],
    ['a fraction', { prompt_tokens: 5, completion_tokens: 0.5 }, { inputTokens: 5 }],
    ['a cost that is a string', { prompt_tokens: 5, cost: '0.1' }, { inputTokens: 5 }],
    [
      'more cached than there was',
      { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 50 } },
      { inputTokens: 5, cacheReadTokens: 50 },
    ],
    [
      'more reasoning than output',
      { completion_tokens: 7, completion_tokens_details: { reasoning_tokens: 9 } },
      { outputTokens: 7, reasoningTokens: 9 },
    ],
    ['nothing but rubbish', { prompt_tokens: '12', completion_tokens: -3 }, {}],
  ])('marks %s as invalid', (_, reported, expected) => {
    expect(openaiUsage(reported)).toStrictEqual({ ...expected, invalid: true, reported });
  });

  it('has nothing to say about a usage that says nothing', () => {
    expect(openaiUsage({})).toBeUndefined();
    expect(openaiUsage({ prompt_tokens: null })).toBeUndefined();
  });
});

describe('anthropicUsage', () => {
  it('counts what was read from and written to the cache as input', () => {
    const reported = {
      input_tokens: 5,
      cache_read_input_tokens: 20,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 3 },
    };

    expect(anthropicUsage(reported)).toStrictEqual({
      inputTokens: 55,
      outputTokens: 7,
      cacheReadTokens: 20,
      cacheWriteTokens: 30,
      cacheWrite5mTokens: 10,
      cacheWrite1hTokens: 20,
      reasoningTokens: 3,
      reported,
    });
  });

  it('drops lifetimes that a later total has overtaken', () => {
    const start = {
      input_tokens: 5,
      cache_creation_input_tokens: 3,
      cache_creation: { ephemeral_5m_input_tokens: 3 },
    };

    const usage = anthropicUsage(overlayUsage(start, { cache_creation_input_tokens: 9 }));

    expect(usage).toMatchObject({ inputTokens: 14, cacheWriteTokens: 9 });
    expect(usage).not.toHaveProperty('cacheWrite5mTokens');
  });

  it('normalises every iteration by itself', () => {
    const iteration = {
      type: 'message',
      model: 'm',
      input_tokens: 1,
      cache_read_input_tokens: 2,
      output_tokens: 3,
    };

    const usage = anthropicUsage({
      input_tokens: 1,
      output_tokens: 3,
      iterations: [iteration, { input_tokens: -1 }],
    });

    expect(usage?.iterations).toMatchObject([
      { type: 'message', model: 'm', inputTokens: 3, outputTokens: 3, reported: iteration },
      { invalid: true },
    ]);
  });

  it('does not know an input whose uncached part is unknown', () => {
    expect(anthropicUsage({ cache_read_input_tokens: 5 })).toStrictEqual({
      cacheReadTokens: 5,
      reported: { cache_read_input_tokens: 5 },
    });
  });
});

describe('timingsUsage', () => {
  it('counts what was evaluated and what was cached', () => {
    expect(
      timingsUsage({ cache_n: 16, prompt_n: 4, predicted_n: 3, prompt_ms: 1.5 }),
    ).toMatchObject({
      inputTokens: 20,
      cacheReadTokens: 16,
      outputTokens: 3,
    });
  });
});

describe('overlayUsage', () => {
  it('lets what is said win, and what is left out or null stay', () => {
    const earlier = { input_tokens: 5, output_tokens: 1, service_tier: 'standard' };

    expect(overlayUsage(earlier, { input_tokens: null, output_tokens: 7 })).toEqual({
      input_tokens: 5,
      output_tokens: 7,
      service_tier: 'standard',
    });
  });
});
