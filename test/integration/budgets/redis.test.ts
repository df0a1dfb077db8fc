import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BudgetStore, redisBudgetStore } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { systemClock } from '../../../src/pipeline/clock.js';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { CALL_COST, chat, DOLLAR, pricing, setUp, USAGE } from './support/bench.js';
import type { Done, Order } from './support/redis-child.js';

const script = join(import.meta.dirname, 'support/redis-child.ts');
const hooks = new URL('../../../scripts/source-hooks.mjs', import.meta.url).href;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => [{ error: `the child ended with ${code}` }]),
  ]);
  if ('error' in message) throw new Error(message.error);
  return message.answer;
}

/** Has three processes do their part at once; gives what all their calls came to. */
async function inThreeProcesses(
  { port }: TestRedis,
  orders: readonly [Order, Order, Order],
): Promise<readonly (number | null)[]> {
  const started = orders.map(() => fork(script, [String(port)], { execArgv: ['--import', hooks] }));
  children.push(...started);
  await Promise.all(started.map((child) => answerOf(child)));
  const answers = started.map((child) => answerOf<Done>(child));
  for (const [index, child] of started.entries()) child.send(orders[index] ?? {});
  return (await Promise.all(answers)).flatMap(({ costs }) => costs);
}

/** How a client takes it where Redis is not there. */
interface Patience {
  readonly maxRetriesPerRequest?: number | null;
  readonly enableOfflineQueue?: boolean;
}

function connect({ port }: TestRedis, options: Patience = {}): Redis {
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, ...options });
  onTestFinished(() => redis.disconnect());
  return redis;
}

const key = 'zerohop:budget:{shared:default}:cost:total';
const sum = (costs: readonly (number | null)[]) =>
  costs.reduce<bigint>((total, cost) => total + BigInt(Math.round((cost ?? 0) * 1e12)), 0n);
const LATER = Date.now() + 3_600_000;

/** Fails where something hangs; its time is no promise of speed. */
function within<Value>(work: Promise<Value>): Promise<Value> {
  const stop = new AbortController();
  const hung = systemClock.delay(15_000, stop.signal).then(() => {
    throw new Error('it hangs');
  });
  hung.catch(() => undefined);
  return Promise.race([work, hung]).finally(() => stop.abort());
}

describeWithRedis('three processes that share a budget in Redis', () => {
  it('have what all their calls cost in it, to the last digit', async () => {
    await using redis = await startRedis();
    const order = (seed: number): Order => ({
      limit: 1_000_000,
      outputTokens: Array.from({ length: 200 }, (_, call) => 1 + ((call * 7_919 + seed) % 9_973)),
    });
    const costs = await inThreeProcesses(redis, [order(1), order(2), order(3)]);
    const total = await redisBudgetStore(connect(redis)).get(key);

    expect(costs).toHaveLength(600);
    expect(BigInt(Math.round(total * 1e12))).toBe(sum(costs));
  });

  it('let through no more together than one budget has', async () => {
    await using redis = await startRedis();
    // Each is guessed to cost what it does: a cent.
    const order: Order = { limit: 0.25, outputTokens: Array.from({ length: 50 }, () => 100) };
    const costs = await inThreeProcesses(redis, [order, order, order]);
    const through = costs.filter((cost) => cost !== null);

    expect(costs).toHaveLength(150);
    expect(through).toHaveLength(25);
    expect(sum(through)).toBe(250_000_000_000n);
  });
});

describeWithRedis('a budget store in Redis', () => {
  const open = async (
    redis: TestRedis,
    use: (store: BudgetStore, client: Redis) => Promise<void>,
  ): Promise<void> => {
    const client = connect(redis);
    await use(redisBudgetStore(client), client);
  };
  const add = (store: BudgetStore, amount: number, sequence: number, at = 'k') =>
    store.add(at, amount, LATER, { writer: 'w', sequence });

  it('adds where floating point is not exact', async () => {
    await using redis = await startRedis();
    await open(redis, async (store) => {
      for (let time = 1; time <= 1_000; time += 1) await add(store, 0.1, time);
      expect(await store.get('k')).toBe(100);
      expect(await add(store, -100.000_000_000_001, 1_001)).toBe(-0.000_000_000_001);
      expect(await add(store, 9_000_000_000.5, 1_002)).toBe(9_000_000_000.5);
    });
  });

  it('counts an addition once, whenever it comes again', async () => {
    await using redis = await startRedis();
    await open(redis, async (store) => {
      await add(store, 1, 1);
      await add(store, 2, 2);
      expect(await add(store, 1, 1)).toBe(3);
      expect(await add(store, 2, 2)).toBe(3);
      expect(await store.add('k', 4, LATER, { writer: 'other', sequence: 1 })).toBe(7);
    });
  });

  it('sums and resets', async () => {
    await using redis = await startRedis();
    await open(redis, async (store) => {
      await add(store, 0.1, 1, '{k}a');
      await add(store, 0.2, 1, '{k}b');
      expect(await store.sum?.(['{k}a', '{k}b', '{k}c'])).toBe(0.3);
      await store.reset('{k}a');
      expect(await store.sum?.(['{k}a', '{k}b', '{k}c'])).toBe(0.2);
      expect(await store.get('{k}a')).toBe(0);
    });
  });

  it('lets go of what has expired, and keeps what never does', async () => {
    await using redis = await startRedis();
    await open(redis, async (store, client) => {
      await add(store, 1, 1);
      await store.add('total', 1, undefined, { writer: 'w', sequence: 1 });
      expect(await client.pttl('k')).toBeGreaterThan(3_000_000);
      expect(await client.pttl('k:by:w')).toBeGreaterThan(3_000_000);
      expect(await client.pttl('total')).toBe(-1);
      expect(await client.pttl('total:by:w')).toBeGreaterThan(3_000_000);
    });
  });

  it('survives what its client emits', async () => {
    await using redis = await startRedis();
    await open(redis, async (_store, client) => {
      expect(() => client.emit('error', new Error('broken'))).not.toThrow();
    });
  });
});

describeWithRedis('a budget whose Redis fails', () => {
  let provider: FakeProvider;

  async function setUpOver(redis: TestRedis, options: Patience = {}) {
    provider = await startFakeProvider({ reply: { text: 'Paris', usage: USAGE } });
    onTestFinished(() => provider.close());
    const client = connect(redis, options);
    const store = redisBudgetStore(client);
    await once(client, 'ready');
    const warn = vi.fn();
    const budget = { ...DOLLAR, cost: 100, store };
    const make = () => setUp(provider, [budget], { clock: systemClock, pricing, logger: { warn } });
    const bench = make();
    await chat(bench);
    await bench.gateway.flush();
    expect(await bench.spent()).toEqual({ spent: CALL_COST, reserved: 0 });
    return { ...bench, warn };
  }
  const calls = (bench: Parameters<typeof chat>[0], count: number) =>
    within(Promise.all(Array.from({ length: count }, () => chat(bench))));
  const heals = (bench: Awaited<ReturnType<typeof setUpOver>>, spent: number) =>
    vi.waitFor(
      async () => {
        const { isLocal, cost } = await bench.gateway.budgets.get('dollar');
        expect({ isLocal, spent: cost?.spent }).toEqual({ isLocal: false, spent });
        expect(bench.gateway.budgets.counters.unsent).toBe(0);
      },
      { timeout: 15_000, interval: 100 },
    );

  const CLIENTS: readonly (readonly [string, Patience])[] = [
    ['that waits for it, and sends again', {}],
    ['that waits for ever', { maxRetriesPerRequest: null }],
    ['that gives up at once', { maxRetriesPerRequest: 0, enableOfflineQueue: false }],
  ];

  it.each(CLIENTS)(
    'fails and holds up no call while it is frozen, and has all of them once afterwards: a client %s',
    async (_what, options) => {
      await using redis = await startRedis();
      const bench = await setUpOver(redis, options);
      redis.freeze();
      await calls(bench, 10);
      await calls(bench, 10);
      await within(bench.gateway.flush());
      const meanwhile = await within(bench.gateway.budgets.get('dollar'));
      redis.thaw();
      await heals(bench, 21 * CALL_COST);

      expect(meanwhile).toMatchObject({ isLocal: true, cost: { spent: 21 * CALL_COST } });
      const stored = await redisBudgetStore(connect(redis)).get(
        'zerohop:budget:{dollar:default}:cost:total',
      );
      expect(stored).toBe(21 * CALL_COST);
    },
  );

  it.each(CLIENTS)(
    'fails and holds up no call while it is dead, and has those that came meanwhile: a client %s',
    async (_what, options) => {
      await using redis = await startRedis();
      const bench = await setUpOver(redis, options);
      await redis.kill();
      await calls(bench, 10);
      await within(bench.gateway.flush());
      // It comes back with nothing of what it had.
      await redis.restart();
      await heals(bench, 10 * CALL_COST);

      expect(bench.warn.mock.calls.length).toBe(1);
      expect(bench.events.map(({ kind }) => kind)).toEqual(['store_down']);
    },
  );

  it('goes on where Redis has lost all it had', async () => {
    await using redis = await startRedis();
    const bench = await setUpOver(redis);
    await redis.flush();
    await calls(bench, 5);
    await bench.gateway.flush();

    expect(await bench.spent()).toEqual({ spent: 5 * CALL_COST, reserved: 0 });
  });

  it('lets calls through that begin while there is none', async () => {
    await using redis = await startRedis();
    await redis.kill();
    provider = await startFakeProvider({ reply: { text: 'Paris', usage: USAGE } });
    onTestFinished(() => provider.close());
    const store = redisBudgetStore(connect(redis));
    const bench = setUp(provider, [{ ...DOLLAR, store }], { clock: systemClock });

    expect(await within(chat(bench))).toBe('Paris');
  });

  it('refuses them where it is to be closed then', async () => {
    await using redis = await startRedis();
    await redis.kill();
    provider = await startFakeProvider({ reply: { text: 'Paris', usage: USAGE } });
    onTestFinished(() => provider.close());
    const store = redisBudgetStore(connect(redis));
    const bench = setUp(provider, [{ ...DOLLAR, store, onStoreDown: 'closed' }], {
      clock: systemClock,
    });

    await expect(within(chat(bench))).rejects.toMatchObject({ code: 'zerohop_budget' });
    expect(provider.requests).toEqual([]);
  });
});

describeWithRedis('a rolling budget that gateways share', () => {
  it('counts what the other one spent, also in the steps before', async () => {
    await using redis = await startRedis();
    const provider = await startFakeProvider({ reply: { text: 'Paris', usage: USAGE } });
    onTestFinished(() => provider.close());
    // Redis has a clock of its own.
    let wall = Date.now();
    const clock = { ...systemClock, wallNow: () => wall };
    const make = () => {
      const store = redisBudgetStore(connect(redis));
      return setUp(provider, [{ ...DOLLAR, period: { rolling: '1h' }, store }], { clock });
    };
    const [one, other] = [make(), make()];
    for (let step = 0; step < 5; step += 1) {
      await one.gateway.budgets.add('dollar', undefined, 0.2);
      wall += 60_000;
    }

    expect(await other.spent()).toEqual({ spent: 1, reserved: 0 });
    await expect(chat(other)).rejects.toMatchObject({ code: 'zerohop_budget' });
    // What was spent last counts for an hour and a step.
    wall += 61 * 60_000;
    expect(await chat(other)).toBe('Paris');
  });
});

describe('the keys of budgets in Redis', () => {
  it('are in one slot of a cluster for each key of a budget', async () => {
    const slots = new Set<string>();
    const client = {
      eval: async (_script: string, count: number, ...values: (string | number)[]) => {
        for (const one of values.slice(0, count))
          slots.add(/\{(.*?)\}/.exec(String(one))?.[1] ?? '');
        return ['0', '0'];
      },
      hmget: async () => [null, null],
      del: async () => 0,
    };
    const provider = await startFakeProvider({ reply: { usage: USAGE } });
    onTestFinished(() => provider.close());
    const store = redisBudgetStore(client);
    const budget = {
      ...DOLLAR,
      tokens: 1_000,
      period: { rolling: '1h' },
      by: () => 'u}x',
    } as const;
    await chat(setUp(provider, [{ ...budget, store }]));

    expect([...slots]).toEqual(['dollar:u']);
  });
});
