import { describe, expect, it } from 'vitest';
import { type HedgeOptions, hedge } from 'zerohop';
import { asker, simulatedGateway } from './support/simulation.js';
import { timedProvider } from './support/timed-provider.js';
import { VirtualTime } from './support/virtual-time.js';

const modes = ['JSON', 'a stream'] as const;
type Mode = (typeof modes)[number];

/** Two providers in simulated time, the second of which takes 10 ms. */
function build(options: HedgeOptions, mode: Mode = 'JSON') {
  const time = new VirtualTime(7);
  const first = timedProvider(time, 'first');
  const second = timedProvider(time, 'second', () => 10);
  const route = hedge(first.target, second.target, options);
  const gateway = simulatedGateway(time, { route });
  const client = gateway.wrap(first.client);
  const ways = { JSON: asker(client, 'JSON'), 'a stream': asker(client, 'a stream') };
  /** Asks so often, one call after another; how long the first takes is `msOf`'s. */
  const ask = async (count: number, msOf: (call: number) => number, by: Mode = mode) => {
    const calls = async () => {
      for (let call = 0; call < count; call += 1) {
        // No two answers take the same time.
        first.msOf = () => msOf(call) * (0.95 + 0.1 * time.random());
        await ways[by]();
      }
    };
    await time.run(calls());
    return second.requests;
  };
  return { time, ask };
}

describe.each(modes)('the share of calls that are asked twice: %s', (mode) => {
  it('is one in twenty, and ten more at most, where all are slow', async () => {
    const { ask } = build({ after: 50 }, mode);

    const extra = await ask(200, () => 1_000);

    expect(extra).toBeGreaterThanOrEqual(10);
    expect(extra).toBeLessThanOrEqual(0.05 * 200 + 10);
  });

  it('is not saved up for longer than ten of them', async () => {
    const { ask } = build({ after: 50 }, mode);
    await ask(300, () => 10);

    expect(await ask(100, () => 1_000)).toBeLessThanOrEqual(0.05 * 100 + 10);
  });

  it.each([
    [0, 0],
    [0.5, 26],
    [1, 50],
  ])('is the one that was set: %d', async (share, extra) => {
    const { ask } = build({ after: 50, share }, mode);

    expect(await ask(50, () => 1_000)).toBe(extra);
  });
});

describe.each(modes)('the usual time of an answer: %s', (mode) => {
  it('is not known before twenty of them', async () => {
    const { ask } = build({ share: 1 }, mode);

    expect(await ask(20, (call) => (call % 2 === 0 ? 100 : 1_000))).toBe(0);
    // Between the two, so that it is the slowest by far.
    expect(await ask(20, () => 100)).toBe(0);
    expect(await ask(1, () => 10_000)).toBe(1);
  });

  it('is learned anew where a target becomes slower, also from those that were given up', async () => {
    const { ask } = build({ share: 1 }, mode);
    const before = await ask(100, () => 100);
    const during = await ask(300, () => 200);
    const after = await ask(100, () => 200);

    expect(during - before).toBeGreaterThan(30);
    expect(after - during).toBeLessThanOrEqual(10);
  });

  it('does not sink by those that were given up', async () => {
    const { ask, time } = build({ share: 1 }, mode);
    const evenly = () => 50 + 100 * time.random();
    await ask(500, evenly);
    const before = await ask(1_000, evenly);
    const late = (await ask(500, evenly)) - before;

    expect(late / 500).toBeGreaterThan(0.01);
    expect(late / 500).toBeLessThan(0.1);
  });

  it('is of answers of its own kind', async () => {
    const { ask } = build({ share: 1 });
    await ask(30, () => 100, mode);
    const other = mode === 'JSON' ? 'a stream' : 'JSON';

    expect(await ask(1, () => 10_000, other)).toBe(0);
    expect(await ask(1, () => 10_000, mode)).toBe(1);
  });
});
