import { expect, it } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis.js';
import { startChild } from './support/children.js';
import { FAULTS } from './support/faults.js';
import { allSettled, haveArrived } from './support/processes.js';

/** Five times as many are in `npm run bench -- processes`. */
const CALLS = 100;
const PROCESSES = 4;
const TIMEOUT_MS = 120_000;

describeWithRedis('four processes whose Redis', () => {
  it.each(FAULTS)(
    '$fault send each call once, and answer all',
    {
      timeout: TIMEOUT_MS,
    },
    async ({ happen }) => {
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
      await haveArrived(children, count / 4);
      await happen(redis);
      const reports = await allSettled(children, count, TIMEOUT_MS / 2);

      const names = reports.flatMap(({ arrivals }) => arrivals.map(({ name }) => name));
      expect(reports.flatMap(({ failures, crashes }) => [...failures, ...crashes])).toEqual([]);
      expect(names).toHaveLength(count);
      expect(new Set(names).size).toBe(count);
    },
  );
});
