import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadBalance } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import {
  asker,
  shareOf,
  simulate,
  simulatedGateway,
  targetOf,
  traffic,
  type Upstream,
} from './support/simulation.js';
import { VirtualTime } from './support/virtual-time.js';

const modes = ['JSON', 'a stream'] as const;

// For a machine that is busy with other things.
vi.setConfig({ testTimeout: 120_000 });

// Loaded when a call first fails; virtual time does not wait for a disk.
beforeAll(() => import('p-retry'));

describe('virtual time', () => {
  it.each(modes)('passes exactly as the provider takes it: %s', async (mode) => {
    const time = new VirtualTime(1);
    const upstream = simulate(time, 'a', 0);
    upstream.delayMs = () => 12_345;
    const gateway = simulatedGateway(time, {});
    const durations: number[] = [];
    gateway.on('settled', ({ timings }) => durations.push(timings.durationMs));

    const ask = asker(gateway.wrap(upstream.client), mode);
    const ended = await traffic(time, ask, { count: 3, gapMs: 100 });

    expect(ended).toEqual(Array(3).fill({ by: 'a' }));
    expect(durations).toEqual(Array(3).fill(12_345));
    expect(upstream.arrivals).toEqual([0, 100, 200]);
    expect(time.pending, 'timers that are left').toBe(0);
  });
});

describe('the in-memory provider', () => {
  it('ends a request that hangs when it is aborted, whatever was collected before', async () => {
    const fetch = createInMemoryFetch({ fault: 'hang' });
    const controller = new AbortController();
    const init = { method: 'POST', body: '{}', signal: controller.signal };
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    fetch('http://provider.test/v1/chat/completions', init).then(over, over);
    const turn = () => new Promise((resolve) => setImmediate(resolve));

    for (let round = 0; round < 5; round += 1) {
      await turn();
      globalThis.gc?.();
    }
    controller.abort();
    await turn();
    await turn();

    expect(isOver).toBe(true);
  });
});

describe('calls that are spread by weight', () => {
  const CALLS = 10_000;
  const GAP_MS = 20;

  function spread(time: VirtualTime) {
    const [a, b, spare] = ['a', 'b', 'spare'].map((name) => simulate(time, name)) as [
      Upstream,
      Upstream,
      Upstream,
    ];
    const gateway = simulatedGateway(time, {
      route: loadBalance(
        [targetOf(a, { weight: 70 }), targetOf(b, { weight: 30 }), targetOf(spare, { weight: 0 })],
        { strategy: 'weighted' },
      ),
    });
    const client = gateway.wrap(simulate(time, 'caller').client);
    return { a, b, spare, gateway, ask: asker(client, 'JSON') };
  }

  it('come out within two points of 70, 30 and none', async () => {
    const time = new VirtualTime(2);
    const { a, b, spare, ask } = spread(time);

    const ended = await traffic(time, ask, { count: CALLS, gapMs: GAP_MS });

    expect(shareOf(ended, 'a')).toBeGreaterThan(0.68);
    expect(shareOf(ended, 'a')).toBeLessThan(0.72);
    expect(shareOf(ended, 'a') + shareOf(ended, 'b')).toBe(1);
    expect([a, b, spare].map(({ arrivals }) => arrivals.length)).toEqual([
      shareOf(ended, 'a') * CALLS,
      shareOf(ended, 'b') * CALLS,
      0,
    ]);
  });

  it('go to the others by their weights where one is out, and to the spare where all are', async () => {
    const time = new VirtualTime(3);
    const { gateway, ask } = spread(time);
    const share = async (name: string) =>
      shareOf(await traffic(time, ask, { count: 200, gapMs: GAP_MS }), name);

    gateway.targets.disable('a');
    expect(await share('b')).toBe(1);
    gateway.targets.disable('b');
    expect(await share('spare')).toBe(1);
    gateway.targets.enable('a');
    expect(await share('a')).toBe(1);
  });

  it('follow weights that are changed while they run', async () => {
    const time = new VirtualTime(4);
    const { gateway, ask } = spread(time);

    gateway.targets.setWeight('a', 10);
    gateway.targets.setWeight('b', 90);

    const ended = await traffic(time, ask, { count: 2_000, gapMs: GAP_MS });
    expect(shareOf(ended, 'b')).toBeGreaterThan(0.88);
    expect(shareOf(ended, 'b')).toBeLessThan(0.92);
  });
});

describe.each(modes)('calls that go to the quicker target: %s', (mode) => {
  /** Ten calls a second. */
  const GAP_MS = 100;

  function quickest(time: VirtualTime, names: readonly string[]) {
    const upstreams = names.map((name) => simulate(time, name, 200));
    const gateway = simulatedGateway(time, {
      route: loadBalance(upstreams.map((upstream) => targetOf(upstream))),
    });
    const ask = asker(gateway.wrap(simulate(time, 'caller').client), mode);
    const during = (count: number) => traffic(time, ask, { count, gapMs: GAP_MS });
    const [first, ...others] = upstreams;
    if (first === undefined) throw new Error('no upstreams');
    return { first, others, gateway, during };
  }

  it.each([
    ['two', ['a', 'b']],
    ['five', ['a', 'b', 'c', 'd', 'e']],
  ])('are spread over %s that are as quick as each other', async (_, names) => {
    const { during } = quickest(new VirtualTime(5), names);

    const ended = await during(1_000);

    const fair = 1 / names.length;
    for (const name of names) {
      expect(shareOf(ended, name), name).toBeGreaterThan(0.5 * fair);
      expect(shareOf(ended, name), name).toBeLessThan(1.5 * fair);
    }
  });

  it.each([
    ['two', ['a', 'b']],
    ['three', ['a', 'b', 'c']],
  ])('leave one of %s that has become slow, and come back to it', async (_, names) => {
    const { first, during } = quickest(new VirtualTime(6), names);
    await during(200);

    first.latencyMs = 2_000;
    await during(50);
    expect(shareOf(await during(100), 'a'), 'while it is slow').toBeLessThan(0.2);
    expect(shareOf(await during(600), 'a'), 'a minute later').toBeLessThan(0.05);

    first.latencyMs = 200;
    await during(1_200);
    const fair = 1 / names.length;
    expect(shareOf(await during(600), 'a'), 'quick again').toBeGreaterThan(0.5 * fair);
  });

  it('do not run to the one that fails at once', async () => {
    const { first, during } = quickest(new VirtualTime(7), ['a', 'b']);
    await during(100);

    // Quicker than any answer.
    first.latencyMs = 1;
    first.reply = () => ({ status: 500 });
    const ended = await during(600);

    expect(shareOf(ended, 'b')).toBe(1);
    expect(first.arrivals.filter((at) => at > 10_000).length).toBeLessThanOrEqual(7);
  });

  it('spare one whose quota runs out', async () => {
    const { first, during } = quickest(new VirtualTime(8), ['a', 'b']);
    const limited = { 'x-ratelimit-limit-requests': '1000', 'x-ratelimit-reset-requests': '60s' };
    first.reply = () => ({ headers: { ...limited, 'x-ratelimit-remaining-requests': '1' } });

    await during(20);

    expect(shareOf(await during(200), 'a')).toBeLessThan(0.2);
  });
});
