import { describe, expect, it, vi } from 'vitest';
import type { PricingOptions } from '../../../src/pricing/pricing-options.js';
import { amountOf, priced, usageOf, watchedPricer } from './support/pricing.js';

const million = usageOf({ inputTokens: 1_000_000 });
const priceWith = (options: PricingOptions, input: Parameters<typeof priced>[0] = {}) =>
  amountOf(watchedPricer(options).price(priced({ usage: million, ...input })));

describe('service tiers', () => {
  it.each([
    ['for every model', { serviceTiers: { priority: 2 } }, 5],
    ['by model', { serviceTiers: { priority: { 'gpt-4o': 1.7, other: 9 } } }, 4.25],
    [
      'by prices',
      {
        serviceTiers: { priority: 2 },
        models: { 'gpt-4o': { input: 1, serviceTiers: { priority: 3 } } },
      },
      3,
    ],
    ['not for this model', { serviceTiers: { priority: { other: 9 } } }, 'unknown_rate'],
  ])('are priced as they are given: %s', (_, options, expected) => {
    expect(priceWith(options, { serviceTier: 'priority' })).toBe(expected);
  });

  it('that are documented can be given otherwise', () => {
    expect(priceWith({ serviceTiers: { flex: 0.6 } }, { serviceTier: 'flex' })).toBe(1.5);
  });
});

describe('a call of several iterations', () => {
  const advised = usageOf({
    inputTokens: 2414,
    outputTokens: 3200,
    iterations: [
      { inputTokens: 1051, outputTokens: 35, type: 'message', reported: {} },
      {
        inputTokens: 2728,
        outputTokens: 874,
        type: 'advisor_message',
        model: 'claude-opus-4-7',
        reported: {},
      },
      { inputTokens: 1363, outputTokens: 3165, type: 'message', reported: {} },
    ],
    reported: { server_tool_use: { web_search_requests: 1 } },
  });
  const input = { provider: 'anthropic', model: 'claude-sonnet-4-6', usage: advised };

  it('is priced at the model of each, with its fees once', () => {
    // 1051 × 3 + 35 × 15 + 1363 × 3 + 3165 × 15 = 55 242 (Sonnet), 2728 × 5 + 874 × 25 = 35 490 (Opus),
    // each of a millionth of a dollar, and a search at 0.01.
    expect(priceWith({}, input)).toBe(0.100732);
  });

  it('has no price where the model of one is not known', () => {
    const [first, second] = advised.iterations ?? [];
    const iterations = [first, { ...second, model: 'claude-nova-9', reported: {} }].filter(
      (one) => one !== undefined,
    );

    expect(priceWith({}, { ...input, usage: { ...advised, iterations } })).toBe('unknown_model');
  });

  it('can have a function for the model of one', () => {
    expect(priceWith({ models: { 'claude-opus-4-7': () => 1 } }, input)).toBe(1.065242);
  });

  it('is one thing to the function of its own model', () => {
    const price = vi.fn(() => 1);

    expect(priceWith({ models: { 'claude-sonnet-4-6': price } }, input)).toBe(1);
    expect(price).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ usage: advised }));
  });
});

describe('a sum', () => {
  const pricer = watchedPricer();

  it('of nothing is none', () => {
    expect(pricer.sum([])).toEqual({ unpriced: 'no_usage' });
  });

  it('has no price where a part has none', () => {
    const known = pricer.price(priced());

    expect(pricer.sum([known, { unpriced: 'unknown_model' }, known])).toEqual({
      unpriced: 'unknown_model',
    });
  });

  it('adds the parts where all have them', () => {
    const usage = usageOf({
      inputTokens: 3_000_000,
      cacheReadTokens: 1_000_000,
      outputTokens: 100_000,
    });
    const one = pricer.price(priced({ usage }));
    const reported = pricer.price(priced({ usage: usageOf({ reportedCost: 0.1 }) }));

    expect(pricer.sum([one, one]).cost).toMatchObject({
      amount: 14.5,
      input: 10,
      output: 2,
      cacheRead: 2.5,
    });
    expect(pricer.sum([one, reported]).cost).toEqual({
      amount: 7.35,
      currency: 'USD',
      source: 'local',
    });
    expect(pricer.sum([reported, reported]).cost).toEqual({
      amount: 0.2,
      currency: 'USD',
      source: 'provider',
    });
  });
});
