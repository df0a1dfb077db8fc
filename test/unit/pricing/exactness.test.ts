import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CostResult } from '../../../src/pipeline/settlement.js';
import {
  fromDollars,
  plus,
  shrink,
  times,
  toDecimal,
  toDollars,
} from '../../../src/pricing/money.js';
import { exactDollars, priced, usageOf, watchedPricer } from './support/pricing.js';

const tokens = fc.oneof(fc.nat(1000), fc.nat(10_000_000), fc.nat(2 ** 50));
/** A price as one is listed: up to four digits before the point and six behind it. */
const rate = fc
  .tuple(fc.nat(9999), fc.nat(999_999))
  .map(([whole, millionths]) => `${whole}.${String(millionths).padStart(6, '0')}`);
const counts = fc.record({
  uncached: tokens,
  read: tokens,
  write: tokens,
  write1h: tokens,
  output: tokens,
});
const rates = fc.record({
  input: rate,
  cacheRead: rate,
  cacheWrite: rate,
  cacheWrite1h: rate,
  output: rate,
});

type Counts = typeof counts extends fc.Arbitrary<infer Value> ? Value : never;
type RateTexts = typeof rates extends fc.Arbitrary<infer Value> ? Value : never;

function costOf(count: Counts, texts: RateTexts): CostResult {
  const listed = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Number(text)]),
  );
  return watchedPricer({ models: { pinned: listed } }).price(
    priced({ model: 'pinned', usage: usageFrom(count) }),
  );
}

function usageFrom({ uncached, read, write, write1h, output }: Counts) {
  return usageOf({
    inputTokens: uncached + read + write + write1h,
    outputTokens: output,
    cacheReadTokens: read,
    cacheWriteTokens: write + write1h,
    cacheWrite5mTokens: write,
    cacheWrite1hTokens: write1h,
  });
}

describe('a cost', () => {
  it('is the number nearest to the exact product, whatever the counts and the rates', () => {
    fc.assert(
      fc.property(counts, rates, (count, texts) => {
        fc.pre(
          count.uncached + count.read + count.write + count.write1h <= Number.MAX_SAFE_INTEGER,
        );

        const { cost } = costOf(count, texts);

        expect(cost?.amount).toBe(
          exactDollars([
            [count.uncached, texts.input],
            [count.read, texts.cacheRead],
            [count.write, texts.cacheWrite],
            [count.write1h, texts.cacheWrite1h],
            [count.output, texts.output],
          ]),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('never falls as a count rises', () => {
    const names = ['uncached', 'read', 'write', 'write1h', 'output'] as const;
    fc.assert(
      fc.property(
        counts,
        rates,
        fc.constantFrom(...names),
        fc.nat(1000),
        (count, texts, name, more) => {
          const { cost: less } = costOf(count, texts);
          const { cost: greater } = costOf({ ...count, [name]: count[name] + more }, texts);

          expect(greater?.amount).toBeGreaterThanOrEqual(less?.amount ?? Number.NaN);
        },
      ),
    );
  });

  it('is never negative and never no number, whatever is reported', () => {
    const anything = fc.oneof(fc.integer(), fc.double(), fc.constant(undefined));
    const names = [
      'inputTokens',
      'outputTokens',
      'totalTokens',
      'cacheReadTokens',
      'cacheWriteTokens',
      'cacheWrite1hTokens',
      'reasoningTokens',
      'audioInputTokens',
      'imageInputTokens',
      'audioOutputTokens',
      'reportedCost',
    ] as const;
    const usage = fc.record(Object.fromEntries(names.map((name) => [name, anything])));
    const pricer = watchedPricer();
    fc.assert(
      fc.property(
        usage,
        fc.constantFrom('gpt-4o', 'gpt-audio', 'gpt-realtime', 'gpt-5.4'),
        (reported, model) => {
          const { cost, unpriced } = pricer.price(priced({ model, usage: usageOf(reported) }));

          for (const [name, value] of Object.entries(cost ?? {})) {
            if (typeof value === 'number')
              expect([name, value >= 0 && value < Infinity]).toEqual([name, true]);
          }
          expect(cost === undefined).toBe(unpriced !== undefined);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('a sum of costs', () => {
  const costs = (amounts: readonly number[]): CostResult[] =>
    amounts.map((amount) => ({ cost: { amount, currency: 'USD', source: 'local' } }));

  it('of ten thousand is exact', () => {
    const picos = Array.from({ length: 10_000 }, (_, index) => 100_000_000 + index * 7_919_003);
    const exact = picos.reduce((sum, pico) => sum + BigInt(pico), 0n);

    const { cost } = watchedPricer().sum(costs(picos.map((pico) => pico / 1e12)));

    expect(cost?.amount).toBe(Number(exact) / 1e12);
    expect(fromDollars(cost?.amount ?? 0)).toBe(Number(exact));
  });

  it('of tenths is not off as a sum of numbers is', () => {
    expect(watchedPricer().sum(costs([0.1, 0.2])).cost?.amount).toBe(0.3);
    expect(watchedPricer().sum(costs(Array(10_000).fill(0.1))).cost?.amount).toBe(1000);
  });

  it('does not depend on the order or the grouping', () => {
    const picos = fc.array(fc.nat(1_000_000_000_000), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(picos, fc.nat(50), (parts, cut) => {
        const all = costs(parts.map((pico) => pico / 1e12));
        const pricer = watchedPricer();
        const halves = [all.slice(0, cut), all.slice(cut)].filter((half) => half.length > 0);

        const whole = pricer.sum(all);

        expect(pricer.sum([...all].reverse())).toEqual(whole);
        expect(pricer.sum(halves.map((half) => pricer.sum(half)))).toEqual(whole);
      }),
    );
  });
});

describe('the arithmetic', () => {
  it('finds the picodollars a number of dollars was made of', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2_000n * 10n ** 12n), (pico) => {
        expect(BigInt(fromDollars(toDollars(pico)))).toBe(pico);
      }),
    );
  });

  it('adds, multiplies and rounds as bigints do', () => {
    const whole = fc.nat(Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(whole, whole, fc.nat(18), (a, b, decimals) => {
        const divisor = 10n ** BigInt(decimals);
        expect(BigInt(plus(a, b))).toBe(BigInt(a) + BigInt(b));
        expect(BigInt(times(a, b))).toBe(BigInt(a) * BigInt(b));
        expect(BigInt(shrink(a, decimals))).toBe((BigInt(a) + divisor / 2n) / divisor);
      }),
    );
  });

  it.each([
    [0.1, 1n, 1],
    [2.5, 25n, 1],
    [1e-7, 1n, 7],
    [1.25e-9, 125n, 11],
    [300, 300n, 0],
    [1e21, 10n ** 21n, 0],
    [0.18000000000000002, 18n, 2],
    [0.1 + 0.2, 3n, 1],
    [0, 0n, 0],
  ])('reads %d as the decimal it was written as', (value, digits, decimals) => {
    expect(toDecimal(value)).toEqual({ digits, decimals });
  });
});
