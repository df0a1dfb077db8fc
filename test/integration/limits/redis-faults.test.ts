import { expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/pipeline/clock.js';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { allSettled, type Child, startChild, usageOf } from './support/children.js';

/** `LIMITS_FULL=1`: the size that was promised. */
const isFull = process.env.LIMITS_FULL !== undefined;
const PROCESSES = 4;
const CALLS = isFull ? 500 : 100;
const TIMEOUT_MS = 120_000;

/** Faults last; nothing waits for it that should be quick. */
const lasts = (ms: number) => systemClock.delay(ms);

interface Fault {
  readonly fault: string;
  readonly happen: (redis: TestRedis) => Promise<void>;
}

const FAULTS: readonly Fault[] = [
  { fault: 'is killed and stays away', happen: (redis) => redis.kill() },
  {
    fault: 'is killed, and comes back empty',
    async happen(redis) {
      await redis.kill();
      await lasts(1_000);
      await redis.restart();
    },
  },
  { fault: 'is restarted', happen: (redis) => redis.restart() },
  {
    fault: 'is frozen for a moment',
    async happen(redis) {
      redis.freeze();
      await lasts(1_000);
      redis.thaw();
    },
  },
  {
    fault: 'is frozen for longer than it is waited for',
    async happen(redis) {
      redis.freeze();
      await lasts(3_000);
      redis.thaw();
    },
  },
  { fault: 'loses all it knows', happen: (redis) => redis.flush() },
  {
    fault: 'loses the scripts',
    happen: async (redis) => void (await redis.command('SCRIPT', 'FLUSH')),
  },
];

const arrivalsOf = async (children: readonly Child[]): Promise<number> => {
  const reports = await Promise.all(children.map(({ report }) => report()));
  return reports.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
};

describeWithRedis('four processes whose Redis', () => {
  it.each(FAULTS)(
    '$fault send each call once, and answer all',
    {
      timeout: TIMEOUT_MS,
    },
    async ({ happen, fault }) => {
      await using redis = await startRedis();
      const limits = { requestsPerSecond: 100, concurrency: 40, redis: redis.url };
      const children = await Promise.all(
        Array.from({ length: PROCESSES }, () =>
          startChild({
            limits: { ...limits, processes: PROCESSES },
            usage: { inputTokens: 1, outputTokens: 1 },
            takesMs: 20,
          }),
        ),
      );
      const count = PROCESSES * CALLS;

      await Promise.all(children.map((child, index) => child.call(`${index}-`, CALLS)));
      await vi.waitFor(async () => expect(await arrivalsOf(children)).toBeGreaterThan(count / 4), {
        timeout: TIMEOUT_MS,
      });
      await happen(redis);
      const reports = await allSettled(children, count, TIMEOUT_MS);

      const arrivals = reports.flatMap((report) => report.arrivals);
      const usage = usageOf(arrivals, { amount: 100, intervalMs: 1_000, weight: 1 });
      if (process.env.LIMITS_SHOW) console.log(fault, JSON.stringify(usage));
      expect(reports.flatMap(({ failures, crashes }) => [...failures, ...crashes])).toEqual([]);
      expect(arrivals).toHaveLength(count);
      expect(new Set(arrivals.map(({ name }) => name)).size).toBe(count);
    },
  );
});
