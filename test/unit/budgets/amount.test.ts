import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromParts, toAmount, toNumber, toParts } from '../../../src/budgets/amount.js';

describe('an amount', () => {
  it.each([
    [0.1 + 0.2, 300_000_000_000n],
    [0.000_000_000_001, 1n],
    [-0.5, -500_000_000_000n],
    [1_999.999_999_999_999, 1_999_999_999_999_999n],
    [9_000_000_000, 9_000_000_000_000_000_000_000n],
  ])('of %d is %d', (number, amount) => {
    expect(toAmount(number)).toBe(amount);
  });

  it('adds up to what its numbers add up to in decimal', () => {
    const sum = Array.from({ length: 10_000 }, () => 0.1).reduce(
      (all, one) => all + toAmount(one),
      0n,
    );

    expect(toNumber(sum)).toBe(1_000);
  });

  it('comes back as the number it was made of', () => {
    const dollars = fc.integer({ min: -1e15, max: 1e15 }).map((pico) => pico / 1e12);

    fc.assert(fc.property(dollars, (number) => toNumber(toAmount(number)) === number));
  });

  it('comes back from its parts, whatever its sign', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (amount) => {
        const { whole, parts } = toParts(amount);
        expect(parts).toBeGreaterThanOrEqual(0);
        expect(parts).toBeLessThan(1e12);
        expect(fromParts({ whole, parts })).toBe(amount);
      }),
    );
  });

  it.each([
    [-1_500_000_000_000_000_000n, -1_500_000],
    [12_345_678_901_234_567_890n, 12_345_678.901_234_567],
    [-1n, -1e-12],
  ])('of %d is the number %d', (amount, number) => {
    expect(toNumber(amount)).toBe(number);
  });
});
