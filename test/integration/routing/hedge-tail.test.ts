import { describe, expect, it } from 'vitest';
import { hedge, type Route } from 'zerohop';
import { asker, simulatedGateway } from './support/simulation.js';
import { timedProvider } from './support/timed-provider.js';
import { VirtualTime } from './support/virtual-time.js';

const CALLS = 1_000;
const SLOW_SHARE = 0.02;
const SLOW_MS = 400;
/** Of the others, half as much again at most. */
const QUICK_MS = 10;

interface Run {
  readonly p99: number;
  readonly requests: number;
  /** For each request that was given up, how long after the answer, in ms. */
  readonly closedAfter: readonly number[];
}

/** Makes the calls one after another, of two providers that are slow now and then. */
async function run(
  mode: 'JSON' | 'a stream',
  routeOf: (first: Route, second: Route) => Route,
): Promise<Run> {
  const time = new VirtualTime(19);
  const msOf = () => (time.random() < SLOW_SHARE ? SLOW_MS : QUICK_MS * (1 + 0.5 * time.random()));
  const first = timedProvider(time, 'first', msOf);
  const second = timedProvider(time, 'second', msOf);
  const gateway = simulatedGateway(time, { route: routeOf(first.target, second.target) });
  const ask = asker(gateway.wrap(first.client), mode);
  const took: number[] = [];
  const endedAt: number[] = [];
  const calls = async () => {
    for (let call = 0; call < CALLS; call += 1) {
      const startedAt = time.now();
      const closed = first.closedAt.length + second.closedAt.length;
      await ask();
      took.push(time.now() - startedAt);
      const closings = first.closedAt.length + second.closedAt.length - closed;
      for (let closing = 0; closing < closings; closing += 1) endedAt.push(time.now());
    }
  };
  await time.run(calls());
  took.sort((shorter, longer) => shorter - longer);
  const closedAt = [...first.closedAt, ...second.closedAt].sort((early, late) => early - late);
  return {
    p99: took[Math.ceil(CALLS * 0.99) - 1] ?? Number.NaN,
    requests: first.requests + second.requests,
    closedAfter: closedAt.map((at, index) => at - (endedAt[index] ?? Number.NaN)),
  };
}

describe.each(['JSON', 'a stream'] as const)('a slow tail: %s', (mode) => {
  it('is cut off by a hedge, for one request in twenty', async () => {
    const bare = await run(mode, (first) => first);
    const hedged = await run(mode, (first, second) => hedge(first, second));

    expect(bare).toMatchObject({ p99: SLOW_MS, requests: CALLS });
    expect(hedged.p99).toBeLessThanOrEqual(0.4 * bare.p99);
    expect(hedged.requests).toBeLessThanOrEqual(1.05 * CALLS);
    expect(hedged.requests).toBeGreaterThan((1 + SLOW_SHARE / 2) * CALLS);
    // Each of them was given up, by the time that its caller had the answer.
    expect(hedged.closedAfter).toEqual(Array.from({ length: hedged.requests - CALLS }, () => 0));
  });
});
