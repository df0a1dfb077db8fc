import { systemClock } from '../../../../src/pipeline/clock.js';
import type { TestRedis } from '../../../support/redis-server.js';

/** What may become of a Redis that limits are shared in. */
export interface Fault {
  readonly fault: string;
  readonly happen: (redis: TestRedis) => Promise<void>;
}

/** Faults last; nothing waits for it that should be quick. */
const lasts = (ms: number): Promise<void> => systemClock.delay(ms);

export const FAULTS: readonly Fault[] = [
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
