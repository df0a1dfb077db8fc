import { describe, expect, it } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis.js';
import { startChild } from './support/children.js';
import { allSettled, usageOf } from './support/processes.js';

/** More of them, for minutes instead of seconds, are in `npm run bench -- processes`. */
const CALLS = 150;
const PROCESSES = 4;
const TIMEOUT_MS = 80_000;

describeWithRedis('limits that four processes share', () => {
  describe.each([
    {
      ...{ limit: '100 requests a second', limits: { requestsPerSecond: 100 } },
      ...{ amount: 100, intervalMs: 1_000, weight: 1 },
    },
    {
      ...{ limit: '50,000 tokens a minute', limits: { tokensPerMinute: 50_000 } },
      ...{ amount: 50_000, intervalMs: 60_000, weight: 14 },
    },
  ])('$limit', ({ limits, weight, ...limit }) => {
    it('are never passed by more than a tenth, and used', {
      timeout: TIMEOUT_MS,
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
      const reports = await allSettled(children, count, TIMEOUT_MS / 2);

      const arrivals = reports.flatMap((report) => report.arrivals);
      const usage = usageOf(arrivals, { ...limit, weight });
      const stoodStillMs = Math.max(...reports.map((report) => report.stoodStillMs));
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
