import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BucketSize, TokenBucket } from '../../../src/limits/token-bucket.js';

const size: BucketSize = { amount: 100, intervalMs: 1_000, capacity: 10 };

interface Taking {
  readonly at: number;
  readonly weight: number;
}

/** By how much more was taken in some stretch of time than came back in it. */
function mostAhead(takings: readonly Taking[], { amount, intervalMs }: BucketSize): number {
  const excesses = takings.flatMap(({ at: from }, first) => {
    let sum = 0;
    return takings.slice(first).map(({ at, weight }) => {
      sum += weight;
      return sum - ((at - from) * amount) / intervalMs;
    });
  });
  return Math.max(0, ...excesses);
}

const sizes = fc.record({
  amount: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
  intervalMs: fc.constantFrom(1_000, 60_000, 86_400_000),
  capacity: fc.double({ min: 0, max: 1e5, noNaN: true }),
});
const asks = fc.array(
  fc.record({
    afterMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
    /** Of the capacity; above 1 it is never there at once. */
    share: fc.double({ min: 0, max: 3, noNaN: true }),
    /** What turns out to be used of what was taken. */
    used: fc.double({ min: 0, max: 1, noNaN: true }),
    settlesAfter: fc.nat(5),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('a token bucket', () => {
  it('lets through, in any stretch of time, what came back in it, the capacity, and what is larger than that once', () => {
    fc.assert(
      fc.property(sizes, asks, (size, asks) => {
        let now = 0;
        const bucket = new TokenBucket(size, now);
        const takings: Taking[] = [];
        for (const { afterMs, share } of asks) {
          now += afterMs;
          const weight = share * size.capacity;
          if (!bucket.has(weight, now)) continue;
          bucket.take(weight, now);
          takings.push({ at: now, weight });
        }
        const largest = Math.max(0, ...takings.map(({ weight }) => weight));

        const allowed = Math.max(size.capacity, largest);
        expect(mostAhead(takings, size)).toBeLessThanOrEqual(allowed * (1 + 1e-6) + 1e-6);
      }),
    );
  });

  it('is never fuller than its capacity, whatever is put back and whenever', () => {
    fc.assert(
      fc.property(sizes, asks, (size, asks) => {
        let now = 0;
        const bucket = new TokenBucket(size, now);
        const open: { weight: number; left: number }[] = [];
        for (const { afterMs, share, used, settlesAfter } of asks) {
          now += afterMs;
          for (const one of open) one.left -= 1;
          for (const { weight } of open.filter(({ left }) => left === 0)) bucket.give(weight, now);
          const weight = share * size.capacity;
          if (!bucket.has(weight, now)) continue;
          bucket.take(weight, now);
          open.push({ weight: weight * (1 - used), left: settlesAfter + 1 });
          expect(bucket.level(now)).toBeLessThanOrEqual(size.capacity);
        }

        expect(bucket.level(now + 1e16)).toBeCloseTo(size.capacity, 3);
      }),
    );
  });

  it('says how long it takes, and that is neither too short nor longer than needed', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.01, max: 3, noNaN: true }), (size, share) => {
        const bucket = new TokenBucket({ ...size, capacity: size.capacity + 1 }, 0);
        const weight = share * (size.capacity + 1);
        bucket.take(weight, 0);
        const waitMs = bucket.waitMs(weight, 0);

        expect(bucket.has(weight, waitMs * (1 + 1e-9) + 1e-6)).toBe(true);
        expect(waitMs < 1e-3 || !bucket.has(weight, waitMs * 0.999)).toBe(true);
      }),
    );
  });

  it('lets one through that is larger than the capacity, when it is full, and counts all of it', () => {
    const bucket = new TokenBucket(size, 0);
    bucket.take(1, 0);

    const before = bucket.has(50, 0);
    const full = bucket.has(50, 10);
    bucket.take(50, 10);

    expect([before, full, bucket.level(10)]).toEqual([false, true, -40]);
    expect(bucket.waitMs(1, 10)).toBe(410);
  });

  it('does not go back in time with a clock that does', () => {
    const bucket = new TokenBucket(size, 1_000);
    bucket.take(10, 1_000);

    expect(bucket.level(0)).toBe(0);
    expect(bucket.level(1_050)).toBe(5);
  });

  it('leaves no debt where only what is there is taken', () => {
    const bucket = new TokenBucket(size, 0);

    bucket.takeWhatIsThere(1_000, 0);
    const empty = bucket.level(0);
    bucket.take(5, 0);
    bucket.takeWhatIsThere(1_000, 0);

    expect([empty, bucket.level(0)]).toEqual([0, -5]);
  });
});
