import { expect } from 'vitest';
import type { FaultCase } from '../harness/fault-case.js';
import type { OwnOrigin } from '../harness/origin.js';
import type { Result, Scene } from '../harness/scene.js';
import { json } from '../harness/script.js';

const CALLS = 200;
const CONCURRENCY = 16;
const CONNECTIONS = 4;

/** Error bodies that nobody reads. */
export const unreadBodyCases: readonly FaultCase[] = [
  {
    id: 'T17',
    priority: 'P0',
    title: 'error bodies nobody reads free their sockets',
    pool: { connections: CONNECTIONS },
    act: manyErrors,
  },
];

async function manyErrors(scene: Scene): Promise<void> {
  // A case without a script of its own is given an origin of ours.
  const { provider } = scene.origin as OwnOrigin;
  const { ok } = scene.sdk.shape;
  const page = json(500, { error: { message: 'x'.repeat(256 << 10) } });
  provider.enqueue(
    ({ headers }) => ({
      wire: [headers['x-stainless-retry-count'] === '0' ? page : json(200, ok)],
    }),
    { times: 2 * CALLS },
  );
  const results: Result[] = [];
  let left = CALLS;
  let peak = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      results.push(await scene.call());
      peak = Math.max(peak, provider.openSockets);
    }
  };

  await Promise.all(Array.from({ length: CONCURRENCY }, worker));

  expect(results.filter(({ text }) => text === 'hello world')).toHaveLength(CALLS);
  expect(scene.origin.hits).toBe(2 * CALLS);
  expect(peak).toBeLessThanOrEqual(CONNECTIONS);
  expect(scene.settled.every(({ attempts }) => attempts.length === 2)).toBe(true);
}
