import { describe } from 'vitest';
import { isRedisInstalled } from './redis-server.js';

export { startRedis, type TestRedis } from './redis-server.js';

/**
 * `describe` for tests that start a Redis. Where there is none they are skipped aloud; under CI that is an
 * error, as CI brings it.
 */
export function describeWithRedis(title: string, body: () => void): void {
  if (isRedisInstalled()) {
    describe(title, body);
    return;
  }
  if (process.env.CI) throw new Error('redis-server is not installed, and CI must not skip it');
  console.warn(`SKIPPED: ${title}: redis-server is not installed (apt-get install redis-server)`);
  describe.skip(title, body);
}
