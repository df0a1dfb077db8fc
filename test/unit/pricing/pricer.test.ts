import { describe, expect, it, vi } from 'vitest';
import { createPricer } from '../../../src/pricing/create-pricer.js';
import type { PricingOptions } from '../../../src/pricing/pricing-options.js';
import { amountOf, priced, usageOf, watchedPricer } from './support/pricing.js';

const million = usageOf({ inputTokens: 1_000_000 });
const priceWith = (options: PricingOptions, input: Parameters<typeof priced>[0] = {}) =>
  amountOf(watchedPricer(options).price(priced({ usage: million, ...input })));

describe('the order of prices', () => {
  const options = {
    targets: { reserved: { input: 1 } },
    models: { 'gpt-4o': { input: 2 }, other: () => 7 },
  };

  it('is: as the provider reported, by target, by model, by the data', () => {
    const usage = usageOf({ inputTokens: 1_000_000, reportedCost: 0.5 });

    expect(priceWith(options, { usage, target: 'reserved' })).toBe(0.5);
    expect(priceWith(options, { target: 'reserved' })).toBe(1);
    expect(priceWith(options)).toBe(2);
    expect(priceWith(options, { model: 'gpt-4o-2024-08-06' })).toBe(2.5);
  });

  it('has the names of models exact', () => {
    expect(priceWith({ models: { 'gpt-4': { input: 2 } } }, { model: 'gpt-4o' })).toBe(2.5);
  });

  it('finds the price of a model under the name that was asked for', () => {
    const input = { model: 'gpt-4o-2024-08-06', requestModel: 'gpt-4o' };

    expect(priceWith(options, input)).toBe(2);
    expect(priceWith(options, { ...input, requestModel: 'other' })).toBe(7);
  });

  it('tells targets apart that answer with the same model', () => {
    const pricer = watchedPricer(options);
    const prices = ['reserved', 'primary', 'reserved'].map((target) =>
      amountOf(pricer.price(priced({ usage: million, target }))),
    );

    expect(prices).toEqual([1, 2, 1]);
  });

  it('asks the next one where a function has no answer', () => {
    const nothing = () => undefined;

    expect(priceWith({ ...options, targets: { primary: nothing } })).toBe(2);
    expect(priceWith({ targets: { primary: nothing }, models: { 'gpt-4o': nothing } })).toBe(2.5);
  });

  it('says who named the price', () => {
    const usage = usageOf({ reportedCost: 0.0076509169000000005 });
    const pricer = watchedPricer();

    expect(pricer.price(priced({ usage }))).toEqual({
      cost: { amount: 0.0076509169, currency: 'USD', source: 'provider' },
    });
    expect(pricer.price(priced())).toEqual({
      cost: {
        amount: 2.5,
        currency: 'USD',
        source: 'local',
        input: 2.5,
        output: 0,
        cacheRead: 0,
        cacheWrite: 0,
        requests: 0,
      },
    });
  });
});

describe('a cost that the provider reports', () => {
  it('stands even where the counts contradict each other', () => {
    const usage = usageOf({ reportedCost: 0, invalid: true });

    expect(priceWith({}, { usage })).toBe(0);
  });

  it('is the fee of OpenRouter and what stands beside it, with a key of the caller’s own', () => {
    const reported = { is_byok: true, cost_details: { upstream_inference_cost: 6.3e-6 } };
    const usage = usageOf({ reportedCost: 3.15e-7, reported });

    expect(priceWith({}, { usage })).toBe(6.615e-6);
  });

  it('is not OpenRouter’s fee alone', () => {
    const usage = usageOf({
      inputTokens: 14,
      outputTokens: 7,
      reportedCost: 0,
      reported: { is_byok: true },
    });

    expect(priceWith({}, { usage, provider: 'openrouter', model: 'openai/gpt-4o-mini' })).toBe(
      6.3e-6,
    );
  });
});

describe('what has no price', () => {
  it.each([
    ['no usage', {}, { usage: undefined }, 'no_usage'],
    ['no counts', {}, { usage: { reported: {} } }, 'no_usage'],
    ['output alone', {}, { usage: { outputTokens: 3, reported: {} } }, 'no_usage'],
    [
      'counts that are none',
      {},
      { usage: usageOf({ invalid: true, outputTokens: 3 }) },
      'invalid_usage',
    ],
    [
      'more cached than there was',
      {},
      { usage: usageOf({ inputTokens: 347, cacheReadTokens: 403 }) },
      'invalid_usage',
    ],
    [
      'more audio than there was',
      {},
      { model: 'gpt-audio', usage: usageOf({ inputTokens: 3, audioInputTokens: 4 }) },
      'invalid_usage',
    ],
    ['a model nobody knows', {}, { model: 'brand-new-model' }, 'unknown_model'],
    [
      'audio without a rate',
      {},
      {
        model: 'gpt-4o-audio-preview',
        usage: usageOf({ inputTokens: 9, outputTokens: 9, audioOutputTokens: 8 }),
      },
      'unknown_rate',
    ],
    [
      'cached audio without a rate',
      { models: { m: { input: 1, cacheRead: 1, audioInput: 1 } } },
      { model: 'm', usage: usageOf({ inputTokens: 9, cacheReadTokens: 9, audioInputTokens: 1 }) },
      'unknown_rate',
    ],
    [
      'pictures without a rate',
      {},
      { usage: usageOf({ outputTokens: 9, imageOutputTokens: 8 }) },
      'unknown_rate',
    ],
    [
      'output without a rate',
      { models: { m: { input: 1 } } },
      { model: 'm', usage: usageOf({ outputTokens: 1 }) },
      'unknown_rate',
    ],
    [
      'an hour of cache without a rate',
      { models: { m: { input: 1, cacheWrite: 1 } } },
      {
        model: 'm',
        usage: usageOf({ inputTokens: 1, cacheWriteTokens: 1, cacheWrite1hTokens: 1 }),
      },
      'unknown_rate',
    ],
    [
      'a search without a rate',
      {},
      { usage: usageOf({ reported: { num_sources_used: 1 } }), model: 'o3-mini' },
      'unknown_rate',
    ],
    ['cited pages', {}, { usage: usageOf({ reported: { citation_tokens: 1 } }) }, 'unknown_rate'],
    ['a tier without a rate', {}, { serviceTier: 'priority' }, 'unknown_rate'],
    ['a tier nobody knows', {}, { serviceTier: '__proto__' }, 'unknown_rate'],
    [
      'flex where it is not documented',
      {},
      { serviceTier: 'flex', provider: 'gcp.gemini', model: 'gemini-2.5-flash' },
      'unknown_rate',
    ],
    [
      'the fast mode',
      {},
      {
        provider: 'anthropic',
        model: 'claude-opus-4-6',
        usage: usageOf({ reported: { speed: 'fast' } }),
      },
      'unknown_rate',
    ],
    [
      'a function that throws',
      {
        models: {
          m: () => {
            throw new Error('no');
          },
        },
      },
      { model: 'm' },
      'price_function',
    ],
    [
      'a function of no number',
      { models: { m: () => Number.NaN } },
      { model: 'm' },
      'price_function',
    ],
    ['a function below zero', { models: { m: () => -1 } }, { model: 'm' }, 'price_function'],
  ])('says why: %s', (_, options, input, reason) => {
    expect(watchedPricer(options).price(priced(input))).toEqual({ unpriced: reason });
  });

  it('is warned of once for each model', () => {
    const pricer = watchedPricer();

    for (let round = 0; round < 3; round += 1) {
      pricer.price(priced({ model: 'brand-new-model', usage: million }));
      pricer.price(priced({ model: 'gpt-4o', serviceTier: 'priority', usage: million }));
      pricer.price(priced({ usage: usageOf({ invalid: true }) }));
    }

    expect(pricer.warnings).toEqual([
      'no cost for the model brand-new-model: unknown_model',
      'no cost for the model gpt-4o: unknown_rate',
    ]);
  });

  it('is warned of for so many models and no more, whatever their names', () => {
    const pricer = watchedPricer({ source: { calcPrice: () => null } });

    for (let index = 0; index < 5000; index += 1) {
      pricer.price(priced({ model: `model-${index}-${'x'.repeat(1000)}` }));
    }

    expect(pricer.warnings).toHaveLength(500);
    expect(Math.max(...pricer.warnings.map(({ length }) => length))).toBeLessThan(200);
  });

  it('does not fail with the logger', () => {
    const warn = vi.fn(() => {
      throw new Error('disk full');
    });

    const result = createPricer({}, { logger: { warn } }).price(priced({ model: 'nope' }));

    expect(warn).toHaveBeenCalledOnce();
    expect(result).toEqual({ unpriced: 'unknown_model' });
  });
});
