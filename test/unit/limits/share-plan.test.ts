import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateSpec } from '../../../src/limits/key-limits.js';
import { planShare, unitsOf } from '../../../src/limits/shared/share-plan.js';

const specOf = (amount: number, intervalMs: number, unit: RateSpec['unit']): RateSpec => ({
  name: 'requestsPerSecond',
  unit,
  size: { amount, intervalMs, capacity: 0 },
});

const specs = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 1, max: 1_000_000_000 }),
      fc.double({ min: 1e-6, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
    ),
    fc.constantFrom(1_000, 60_000, 86_400_000),
    fc.constantFrom('requests' as const, 'tokens' as const, 'cost' as const),
  )
  .map(([amount, intervalMs, unit]) => specOf(amount, intervalMs, unit));
const bursts = fc.double({ min: 0, max: 1, noNaN: true });

describe('how a rate is kept in Redis', () => {
  it('is in whole numbers that Redis and Bottleneck can count', () => {
    fc.assert(
      fc.property(specs, bursts, (spec, burst) => {
        const { capacity, refill, refillMs, block, grain } = planShare(spec, burst);

        for (const units of [capacity, refill, refillMs, block, grain]) {
          expect(Number.isInteger(units)).toBe(true);
          expect(units).toBeGreaterThanOrEqual(1);
          expect(units).toBeLessThan(2 ** 31);
        }
      }),
    );
  });

  it('comes back at the pace of the limit, to a thousandth, and not above it', () => {
    fc.assert(
      fc.property(specs, bursts, (spec, burst) => {
        const { amount, intervalMs } = spec.size;
        const { refill, refillMs, scale } = planShare(spec, burst);

        const pace = (refill / refillMs) * (intervalMs / (amount * scale));
        expect(pace).toBeLessThanOrEqual(1 + 1e-9);
        expect(pace).toBeGreaterThan(0.999);
      }),
    );
  });

  it('leaves, with what is taken ahead and one refill, within a tenth or the burst', () => {
    fc.assert(
      fc.property(specs, bursts, (spec, burst) => {
        const { amount } = spec.size;
        const { capacity, refill, keepMs, perMs, scale, grain } = planShare(spec, burst);
        // One request is always let through.
        fc.pre(capacity > grain && refill < amount * scale * 0.01);

        const ahead = (capacity + refill + keepMs * perMs) / (amount * scale);
        expect(ahead).toBeLessThanOrEqual(Math.max(0.1, burst) + 1e-6);
      }),
    );
  });

  it('takes no more ahead than a twentieth, or one request', () => {
    fc.assert(
      fc.property(specs, bursts, (spec, burst) => {
        const { block, scale, grain, capacity } = planShare(spec, burst);

        expect(block).toBeLessThanOrEqual(Math.max(grain, 0.05 * spec.size.amount * scale));
        expect(block).toBeLessThanOrEqual(capacity);
      }),
    );
  });

  it.each([Number.NaN, -5, Number.NEGATIVE_INFINITY, 0])(
    'takes a weight of %s for none',
    (weight) => {
      expect(unitsOf(weight, planShare(specOf(100, 1_000, 'tokens'), 0.1))).toBe(0);
    },
  );

  it.each([1e300, Number.POSITIVE_INFINITY, 2 ** 40])(
    'bounds a weight of %s, which Bottleneck would wait with for ever',
    (weight) => {
      expect(unitsOf(weight, planShare(specOf(100, 1_000, 'tokens'), 0.1))).toBe(2 ** 31 - 1);
    },
  );

  it('counts a request as one, whatever the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (amount) => {
        const plan = planShare(specOf(amount, 60_000, 'requests'), 0.1);

        expect(unitsOf(1, plan)).toBe(plan.scale);
        expect(plan.grain).toBe(plan.scale);
      }),
    );
  });
});
