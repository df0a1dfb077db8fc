import { describe, expect, it } from 'vitest';
import { checkPricing } from '../../../src/pricing/check-pricing.js';

const check = (value: unknown) => () => checkPricing(value, 'gateway.pricing');

describe('checkPricing()', () => {
  it.each([
    [true],
    [false],
    [{}],
    [{ approximate: true, models: undefined }],
    [{ models: { a: { input: 1, tiers: [{ above: 200_000, input: 2 }] }, b: () => 1 } }],
    [{ targets: { eu: { output: 0, serviceTiers: { priority: 2 } } } }],
    [{ serviceTiers: { flex: 0.5, priority: { 'gpt-5': 2 } } }],
    [{ source: { calcPrice: () => null } }],
  ])('takes %j', (value) => {
    expect(check(value)).not.toThrow();
  });

  it.each([
    ['yes', 'gateway.pricing: must be an object'],
    [null, 'gateway.pricing: must be an object'],
    [
      { prices: {} },
      'gateway.pricing.prices: unknown option; known are models, targets, approximate, serviceTiers, source',
    ],
    [{ approximate: 1 }, 'gateway.pricing.approximate: must be true or false'],
    [{ source: {} }, 'gateway.pricing.source: must be the module @pydantic/genai-prices'],
    [{ models: [] }, 'gateway.pricing.models: must be an object'],
    [{ models: { a: 3 } }, 'gateway.pricing.models.a: must be an object'],
    [
      { models: { a: { input: -1 } } },
      'gateway.pricing.models.a.input: must be a number from 0 to 1000000000 (got -1)',
    ],
    [
      { models: { a: { input: Number.NaN } } },
      'gateway.pricing.models.a.input: must be a number from 0 to 1000000000 (got NaN)',
    ],
    [
      { targets: { a: { input: '3' } } },
      'gateway.pricing.targets.a.input: must be a number from 0 to 1000000000',
    ],
    [{ models: { a: { tiers: {} } } }, 'gateway.pricing.models.a.tiers: must be an array'],
    [
      { models: { a: { tiers: [{ input: 1 }] } } },
      'gateway.pricing.models.a.tiers[0].above: must be a number from 0 to 1000000000',
    ],
    [
      { serviceTiers: { flex: { a: 'half' } } },
      'gateway.pricing.serviceTiers.flex.a: must be a number from 0 to 1000000000',
    ],
  ])('refuses %j by its path', (value, message) => {
    expect(check(value)).toThrow(expect.objectContaining({ message, code: 'zerohop_config' }));
  });

  it('says what is known of prices', () => {
    expect(check({ models: { a: { inputs: 1 } } })).toThrow(
      /^gateway\.pricing\.models\.a\.inputs: unknown option; known are input, output/,
    );
  });
});
