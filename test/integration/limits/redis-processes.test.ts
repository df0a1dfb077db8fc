import { describe, expect, it } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis.js';
import { allSettled, startChild, usageOf } from './support/children.js';

/** `LIMITS_FULL=1`: the size that was promised, for minutes instead of seconds. */
const isFull = process.env.LIMITS_FULL !== undefined;
const PROCESSES = 4;
const CALLS = isFull ? 500 : 150;
const TIMEOUT_MS = isFull ? 300_000 : 60_000;

/** A machine that is too busy to run six processes at a time says little of how four of them share. */
const AGAIN = 2;

describeWithRedis('limits that four processes share', () => {
  describe.each([
    {
      ...{ limit: '100 requests a second', limits: { requestsPerSecond: 100 } },
      ...{ amount: 100, intervalMs: 1_000, weight: 1 },
    },
    {
      ...{ limit: '50,000 tokens a minute', limits: { tokensPerMinute: 50_000 } },
      ...{ amount: 50_000, intervalMs: 60_000, weight: isFull ? 40 : 14 },
    },
  ])('$limit', ({ limits, weight, ...limit }) => {
    it('are never passed by more than a tenth, and used', {
      timeout: TIMEOUT_MS,
      retry: AGAIN,
    }, async () => {
      await using redis = await startRedis();
      const settings = {
        limits: { ...limits, redis: redis.url, processes: PROCESSES },
        usage: { inputTokens: 9, outputTokens: weight - 9 },
        takesMs: 0,
      };
      const children = await Promise.all(
        Array.from({ length: PROCESSES }, () => startChild(settings)),
      );
      const count = PROCESSES * CALLS;

      await Promise.all(children.map((child, index) => child.call(`${index}-`, CALLS)));
      const reports = await allSettled(children, count, TIMEOUT_MS);

      const arrivals = reports.flatMap((report) => report.arrivals);
      const usage = usageOf(arrivals, { ...limit, weight });
      const stoodStillMs = Math.max(...reports.map((report) => report.stoodStillMs));
      const warnings = reports.flatMap((report) => report.warnings);
      if (process.env.LIMITS_SHOW)
        console.log(limit, JSON.stringify({ ...usage, stoodStillMs, warnings }));
      expect(reports.flatMap(({ failures, crashes }) => [...failures, ...crashes])).toEqual([]);
      expect(arrivals).toHaveLength(count);
      expect(new Set(arrivals.map(({ name }) => name)).size).toBe(count);
      const late = stoodStillMs / limit.intervalMs;
      expect(usage.most).toBeLessThanOrEqual(1.1 + late);
      expect(usage.ahead).toBeLessThanOrEqual(0.1 + weight / limit.amount + late);
      expect(usage.used).toBeGreaterThanOrEqual(0.9);
    });
  });
});
