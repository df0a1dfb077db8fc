import { describe, expect, it } from 'vitest';
import { anthropicUsage, openaiUsage } from '../../../src/dialects/usage.js';
import { anthropicCases } from './support/anthropic-cases.js';
import { anthropicTierCases } from './support/anthropic-tier-cases.js';
import type { HandComputed } from './support/hand-computed.js';
import { openaiCases } from './support/openai-cases.js';
import { openaiTierCases } from './support/openai-tier-cases.js';
import { otherCases } from './support/other-cases.js';
import { exactDollars, priced, watchedPricer } from './support/pricing.js';

const cases = [
  ...openaiCases,
  ...openaiTierCases,
  ...anthropicCases,
  ...anthropicTierCases,
  ...otherCases,
];

function costOf({ reported, prices, provider = 'openai', serviceTier }: HandComputed) {
  const normalise =
    'input_tokens' in reported && !('total_tokens' in reported) ? anthropicUsage : openaiUsage;
  const pricer = watchedPricer({ models: { pinned: prices } });
  return pricer.price(
    priced({ usage: normalise(reported), model: 'pinned', provider, serviceTier }),
  );
}

describe('costs worked out by hand', () => {
  it.each(cases)('$title', (item) => {
    const { cost } = costOf(item);

    expect(cost?.amount).toBe(item.dollars);
    expect(exactDollars(item.lines)).toBe(item.dollars);
  });

  it('are more than forty', () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  it.each(cases)('$title: the parts add up', (item) => {
    const { cost } = costOf(item);

    const {
      input = NaN,
      output = NaN,
      cacheRead = NaN,
      cacheWrite = NaN,
      requests = NaN,
    } = cost ?? {};
    expect(input + output + cacheRead + cacheWrite + requests).toBeCloseTo(item.dollars, 12);
  });
});
