import OpenAI from 'openai';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { attemptsOf, fallback, type GatewayOptions, loadBalance, type Settlement } from 'zerohop';
import type { Reply } from 'zerohop/testing';
import { seeded } from './support/seeded.js';
import {
  asker,
  type Ended,
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

/** Two targets, `a` before `b` where there is an order, and what is noted of them. */
function two(seed: number, options: (a: Upstream, b: Upstream) => GatewayOptions, maxRetries = 2) {
  const time = new VirtualTime(seed);
  const a = simulate(time, 'a');
  const b = simulate(time, 'b');
  const changes: string[] = [];
  const settled: Settlement[] = [];
  const logger = {
    warn: (_message: string, detail?: Readonly<Record<string, unknown>>) =>
      void changes.push(`${String(detail?.target)} ${String(detail?.kind)}`),
  };
  const gateway = simulatedGateway(time, { logger, ...options(a, b) });
  gateway.on('settled', (settlement) => settled.push(settlement));
  const caller = gateway.wrap(simulate(time, 'caller').client.withOptions({ maxRetries }));
  return { time, a, b, gateway, changes, settled, caller };
}

const inOrder = (a: Upstream, b: Upstream) => ({ route: fallback(targetOf(a), targetOf(b)) });
const quickest = (a: Upstream, b: Upstream) => ({ route: loadBalance([targetOf(a), targetOf(b)]) });
const weighted = (a: Upstream, b: Upstream) => ({
  route: loadBalance([targetOf(a), targetOf(b)], { strategy: 'weighted' }),
});
const routes = [
  ['as the first of a fallback', inOrder],
  ['of a group by latency', quickest],
  ['of a group by weight', weighted],
] as const;

const dead = (): Reply => ({ status: 500 });
const since = ({ arrivals }: Upstream, from: number) => arrivals.filter((at) => at >= from).length;
const failures = (ended: readonly Ended[]) => ended.filter((one) => 'error' in one);

describe.each(routes)('a dead target %s', (_name, options) => {
  it.each(modes)('costs five attempts and its tries in a minute of traffic: %s', async (mode) => {
    const { time, a, b, changes, caller } = two(11, options, 0);
    a.reply = dead;
    a.latencyMs = 5;

    const ended = await traffic(time, asker(caller, mode), { count: 600, gapMs: 100 });

    expect(failures(ended)).toEqual([]);
    expect(shareOf(ended, 'b')).toBe(1);
    expect(b.arrivals).toHaveLength(600);
    const tries = changes.filter((change) => change === 'a half_open').length;
    expect(tries).toBeLessThanOrEqual(2);
    expect(a.arrivals.length).toBeGreaterThan(0);
    expect(a.arrivals.length).toBeLessThanOrEqual(5 + tries);
  });

  it('is asked again once it lives, and gets its share back', async () => {
    const { time, a, changes, caller } = two(12, options);
    const ask = asker(caller, 'a stream');
    a.reply = dead;
    await traffic(time, ask, { count: 200, gapMs: 100 });

    a.reply = undefined;
    await traffic(time, ask, { count: 1_800, gapMs: 100 });
    const ended = await traffic(time, ask, { count: 300, gapMs: 100 });

    expect(shareOf(ended, 'a')).toBeGreaterThan(options === inOrder ? 0.99 : 0.3);
    // Of a group by latency it is left before it comes to that.
    const cycle = ['a opened', 'a half_open', 'a closed'];
    expect(changes).toEqual(options === quickest ? [] : cycle);
  });
});

describe('a target that takes long to fail', () => {
  it('is tried by one call at a time, while all others are answered elsewhere', async () => {
    const { time, a, b, changes, caller } = two(13, inOrder);
    const ask = asker(caller, 'JSON');
    a.reply = dead;
    a.latencyMs = 5;
    await traffic(time, ask, { count: 10, gapMs: 100 });

    a.delayMs = () => 20_000;
    const from = time.now() + 10_000;
    const ended = await traffic(time, ask, { count: 600, gapMs: 100 });

    expect(shareOf(ended, 'b')).toBe(1);
    expect(since(a, from)).toBe(1);
    expect(b.arrivals).toHaveLength(610);
    expect(changes).toEqual(['a opened', 'a half_open', 'a opened']);
  });

  it('is left for half a minute where it asks for that', async () => {
    const { time, a, caller } = two(14, inOrder);
    const ask = asker(caller, 'JSON');
    await traffic(time, ask, { count: 1, gapMs: 0 });
    const from = time.now();
    a.latencyMs = 0;
    a.reply = () =>
      time.now() < from + 30_000 ? { status: 429, headers: { 'retry-after': '30' } } : {};

    const ended = await traffic(time, asker(caller, 'JSON'), { count: 400, gapMs: 100 });

    expect(failures(ended)).toEqual([]);
    expect(a.arrivals.filter((at) => at > from && at < from + 30_000)).toEqual([]);
    expect(shareOf(ended.slice(310), 'a')).toBe(1);
  });
});

describe('a total outage', () => {
  const SPARED = 100;

  /** Requests for each call, but for the first hundred calls. */
  async function requestsPerCall(
    { time, a, b, caller }: ReturnType<typeof two>,
    gapMs: number,
  ): Promise<{ readonly ratio: number; readonly ended: readonly Ended[] }> {
    const ask = asker(caller, 'JSON');
    const sent = () => a.arrivals.length + b.arrivals.length;
    await traffic(time, ask, { count: SPARED, gapMs });
    const before = sent();
    const ended = await traffic(time, ask, { count: 1_900, gapMs });
    return { ratio: (sent() - before) / 1_900, ended };
  }

  it.each(routes)('of one target %s makes hardly more requests than calls', async (_, options) => {
    const scene = two(15, options);
    scene.a.reply = dead;

    const { ratio, ended } = await requestsPerCall(scene, 10);

    expect(failures(ended)).toEqual([]);
    expect(ratio).toBeLessThan(1.02);
  });

  it('of the only target makes no more than 1.25 requests a call', async () => {
    const scene = two(16, () => ({}));
    scene.a.reply = dead;
    const caller = scene.gateway.wrap(scene.a.client);

    const { ratio, ended } = await requestsPerCall({ ...scene, caller }, 5);

    expect(failures(ended)).toHaveLength(1_900);
    expect(ratio).toBeLessThanOrEqual(1.25);
    expect(ratio).toBeGreaterThan(1.1);
  });

  it('of all targets makes hardly any, and the errors say why', async () => {
    const scene = two(17, inOrder);
    scene.a.reply = dead;
    scene.b.reply = dead;
    scene.a.latencyMs = 5;
    scene.b.latencyMs = 5;

    const { ratio, ended } = await requestsPerCall(scene, 10);

    expect(failures(ended)).toHaveLength(1_900);
    expect(ratio).toBeLessThan(0.01);
    for (const one of ended) {
      expect('error' in one && one.error).toBeInstanceOf(OpenAI.InternalServerError);
    }
    expect(String(failures(ended).at(-1))).not.toBe('');
  });
});

describe('many that fail at once', () => {
  const PROCESSES = 5;
  const CALLS = 100;

  it('are tried again at times of their own', async () => {
    const time = new VirtualTime(18);
    const a = simulate(time, 'a');
    a.delayMs = () => 50;
    a.reply = ({ headers }) => (headers['x-stainless-retry-count'] === '0' ? dead() : {});
    const asks = Array.from({ length: PROCESSES }, () =>
      asker(simulatedGateway(time, {}).wrap(a.client), 'JSON'),
    );

    const answers = await time.run(
      Promise.all(asks.flatMap((ask) => Array.from({ length: CALLS }, () => ask()))),
    );

    expect(answers).toEqual(Array(PROCESSES * CALLS).fill('a'));
    const waits = a.arrivals.filter((at) => at > 0).map((at) => at - 50);
    expect(waits).toHaveLength(PROCESSES * CALLS);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(375);
    expect(Math.max(...waits)).toBeLessThanOrEqual(500);
    expect(fullest(waits, 10)).toBeLessThanOrEqual(0.15 * waits.length);
  });

  it('go on at the fallback at once, without a wait', async () => {
    const { time, a, b, caller } = two(19, inOrder);
    a.reply = dead;
    a.delayMs = () => 50;
    b.delayMs = () => 50;
    const ask = asker(caller, 'JSON');

    const answers = await time.run(Promise.all(Array.from({ length: 500 }, ask)));

    expect(answers).toEqual(Array(500).fill('b'));
    // The first four had begun to wait when the fifth failed.
    expect(b.arrivals.filter((at) => at === 50)).toHaveLength(496);
  });

  it('do not ask a target any more whose breaker has opened while they waited', async () => {
    const { time, a, b, caller } = two(19, inOrder);
    a.reply = dead;
    a.delayMs = () => 50;

    const ended = await traffic(time, asker(caller, 'JSON'), { count: 20, gapMs: 20 });

    expect(shareOf(ended, 'b')).toBe(1);
    expect(b.arrivals).toHaveLength(20);
    expect(Math.max(...a.arrivals), 'when the fifth failed').toBeLessThanOrEqual(80 + 50);
  });

  it.each(['whose key is found to be spent', 'that is disabled'])(
    'do not ask a target any more %s while they wait',
    async (how) => {
      const { time, a, gateway, caller } = two(23, inOrder);
      a.delayMs = () => 50;
      const isSpent = how !== 'that is disabled';
      const quota: Reply = { status: 429, error: { code: 'insufficient_quota' } };
      a.reply = () => (isSpent && a.arrivals.length > 1 ? quota : dead());
      const ask = asker(caller, 'JSON');

      const waiting = ask();
      await time.run(time.delay(100));
      if (isSpent) await time.run(ask());
      else gateway.targets.disable('a');

      expect(await time.run(waiting)).toBe('b');
      expect(a.arrivals).toHaveLength(isSpent ? 2 : 1);
    },
  );

  it('come back at times of their own, where they are processes', async () => {
    const time = new VirtualTime(20);
    const a = simulate(time, 'a');
    const b = simulate(time, 'b');
    a.reply = dead;
    a.delayMs = () => 0;
    b.delayMs = () => 0;
    const asks = Array.from({ length: 50 }, () => {
      const gateway = simulatedGateway(time, inOrder(a, b));
      return asker(gateway.wrap(simulate(time, 'caller').client), 'JSON');
    });
    const all = async () => String(await Promise.all(asks.map((ask) => ask())));
    await traffic(time, all, { count: 8, gapMs: 250 });
    await time.run(time.delay(29_000 - time.now()));

    await traffic(time, all, { count: 45, gapMs: 250 });

    const tries = a.arrivals.filter((at) => at > 29_000);
    expect(tries).toHaveLength(50);
    expect(Math.min(...tries)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...tries)).toBeLessThanOrEqual(39_000);
    expect(fullest(tries, 1_000)).toBeLessThanOrEqual(0.3 * tries.length);
  });
});

/** How many there are where there are the most, in parts of so many ms. */
function fullest(times: readonly number[], widthMs: number): number {
  const parts = new Map<number, number>();
  for (const at of times) {
    const part = Math.floor(at / widthMs);
    parts.set(part, (parts.get(part) ?? 0) + 1);
  }
  return Math.max(...parts.values());
}

describe('faults by chance', () => {
  const faults: readonly Reply[] = [
    { status: 500 },
    { status: 429 },
    { status: 503, headers: { 'retry-after': '2' } },
    { fault: 'reset' },
    { fault: 'hang' },
    { fault: 'html;code=200' },
    // Of streams only.
    { fault: 'hang;after=headers' },
    { fault: 'error-event;after=0' },
    { fault: 'end;after=0' },
  ];

  it.each([
    ['JSON', 6],
    ['a stream', 9],
  ] as const)('fail no call where another target is well: %s', async (mode, kinds) => {
    const chance = seeded(21);
    const options: GatewayOptions = { timeouts: { firstByte: 2_000, idle: 2_000 } };
    const { time, a, b, settled, caller } = two(21, (...both) => ({
      ...options,
      ...inOrder(...both),
    }));
    a.reply = () => (chance() < 0.2 ? (faults[Math.floor(chance() * kinds)] ?? {}) : {});

    const ended = await traffic(time, asker(caller, mode), { count: 2_000, gapMs: 50 });

    expect(failures(ended)).toEqual([]);
    expect(shareOf(ended, 'a') + shareOf(ended, 'b')).toBe(1);
    expect(settled).toHaveLength(2_000);
    const attempts = settled.flatMap((settlement) => settlement.attempts);
    expect(attempts.filter(({ target }) => target === 'a')).toHaveLength(a.arrivals.length);
    expect(attempts.filter(({ target }) => target === 'b')).toHaveLength(b.arrivals.length);
    expect(time.pending, 'timers that are left').toBe(0);
  });
});

describe('a deadline', () => {
  it('ends a call exactly, whatever is tried in it', async () => {
    const { time, a, b, settled, caller } = two(22, (...both) => ({
      ...inOrder(...both),
      timeouts: { total: 1_000, firstByte: 300 },
    }));
    for (const upstream of [a, b]) {
      upstream.delayMs = () => 0;
      upstream.reply = () => ({ fault: 'hang' });
    }

    const [one] = await traffic(time, asker(caller, 'JSON'), { count: 1, gapMs: 0 });

    const error = one && 'error' in one ? one.error : undefined;
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect(attemptsOf(error).length).toBeGreaterThan(1);
    expect(settled[0]?.timings.durationMs).toBe(1_000);
    expect(settled[0]?.failure?.kind).toBe('deadline');
    expect(time.pending, 'timers that are left').toBe(0);
  });
});
