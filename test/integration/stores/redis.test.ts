import KeyvRedis from '@keyv/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/pipeline/clock.js';
import type { CacheStore } from '../../../src/stores/cache-store.js';
import { openKeyvStore } from '../../../src/stores/keyv-store.js';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { MAJORS } from '../../unit/stores/majors.js';

/**
 * What a user may hand over. An instance of Keyv 6 that nobody listens to throws what its adapter emits, so
 * that its user has to listen; what is ours we listen to ourselves.
 */
const WAYS = MAJORS.flatMap(({ major, module, create }) => [
  {
    ...{ way: `a bare adapter, in Keyv ${major}`, module, isOurs: true },
    wrap: (adapter: object) => adapter,
  },
  {
    ...{ way: `a user's Keyv ${major}`, module, isOurs: false },
    wrap(adapter: object) {
      const keyv = create({ store: adapter });
      keyv.on('error', () => undefined);
      return keyv;
    },
  },
]);

/** Long enough for a Redis that is well, however busy the machine is. */
const UNHURRIED_MS = 10_000;

/** Real timers, so that deadlines are real; the breaker's time is put forward by hand. */
function breakerClock(): Clock & { time: number } {
  const clock = { ...systemClock, time: 0, now: () => clock.time };
  return clock;
}

function open(
  { url }: Pick<TestRedis, 'url'>,
  { module, wrap }: (typeof WAYS)[number],
  timeoutMs?: number,
) {
  const adapter = new KeyvRedis(url);
  onTestFinished(() => adapter.disconnect(true));
  const clock = breakerClock();
  const warn = vi.fn();
  const store = openKeyvStore({
    ...{ store: wrap(adapter), sizeOf: () => 0, clock, timeoutMs, logger: { warn } },
    loadKeyv: () => Promise.resolve(module),
  });
  return { store, clock, warn };
}

/** Fails where something hangs; its time is no promise of speed. */
function within<Value>(work: Promise<Value>): Promise<Value> {
  const stop = new AbortController();
  const hung = systemClock.delay(15_000, stop.signal).then(() => {
    throw new Error('the store hangs');
  });
  hung.catch(() => undefined);
  return Promise.race([work, hung]).finally(() => stop.abort());
}

const askAll = (store: CacheStore) =>
  within(
    Promise.all([store.get('k'), store.set('k', 'text', 60_000), store.delete('k'), store.clear()]),
  );
const NOTHING = [undefined, false, false, false];

/** Stores and reads until both work, with the breaker's waits cut short. */
async function heals(store: CacheStore, clock: { time: number }): Promise<unknown> {
  return vi.waitFor(
    async () => {
      clock.time += 60_000;
      expect(await within(store.set('k', 'again', 60_000))).toBe(true);
      clock.time += 60_000;
      const value = await within(Promise.resolve(store.get('k')));
      expect(value).toBe('again');
      return value;
    },
    { timeout: 15_000, interval: 50 },
  );
}

const troubles = ({ failures, timeouts }: CacheStore['counters']): number => failures + timeouts;

describeWithRedis('a real Redis', () => {
  describe.each(WAYS)('as $way', (way) => {
    it('keeps texts for their time to live, and forgets them when told to', async () => {
      await using redis = await startRedis();
      const { store } = open(redis, way, UNHURRIED_MS);

      const stored = await within(store.set('k', '{"v":1}', 60_000.5));
      const got = await store.get('k');
      const [key = ''] = (await redis.command('KEYS', '*')).split('\r\n').slice(-1);
      const ttl = Number((await redis.command('PTTL', key)).slice(1));
      const answers = [await store.delete('k'), await store.delete('k'), await store.get('k')];

      expect([stored, got]).toEqual([true, '{"v":1}']);
      expect(ttl).toBeGreaterThan(50_000);
      expect(ttl).toBeLessThanOrEqual(60_001);
      expect(answers).toEqual([true, false, undefined]);
      expect(store.counters).toEqual({ failures: 0, timeouts: 0, skipped: 0, evicted: 0 });
    });

    it('fails no call when it is not there at the start, and serves once it is', async () => {
      await using redis = await startRedis();
      await redis.kill();
      const { store, clock } = open(redis, way);

      const answers = await askAll(store);
      await redis.restart();

      expect(answers.slice(0, 2)).toEqual(NOTHING.slice(0, 2));
      expect(troubles(store.counters)).toBeGreaterThanOrEqual(1);
      expect(await heals(store, clock)).toBe('again');
    });

    it('fails no call when it is killed in between, and heals when it is back', async () => {
      await using redis = await startRedis();
      const { store, clock, warn } = open(redis, way);
      await store.set('k', 'text', 60_000);

      await redis.kill();
      const first = await askAll(store);
      for (let round = 0; round < 10 && store.counters.skipped === 0; round += 1) {
        await askAll(store);
      }
      const { skipped } = store.counters;
      const last = await askAll(store);
      const counters = store.counters;
      await redis.restart();

      // The adapter hides from all but its listeners that the connection broke under a command.
      expect(way.isOurs ? first : first.slice(0, 1)).toEqual(
        way.isOurs ? NOTHING : NOTHING.slice(0, 1),
      );
      expect(last).toEqual(NOTHING);
      expect(troubles(counters)).toBeGreaterThanOrEqual(5);
      expect(counters.skipped).toBe(skipped + 4);
      const reasons = warn.mock.calls.map(([, detail]) => detail.reason);
      expect(reasons, 'each kind once').toEqual([...new Set(reasons)]);
      expect(await heals(store, clock)).toBe('again');
    });

    it('fails no call while it is frozen, and heals when it goes on', async () => {
      await using redis = await startRedis();
      const { store, clock } = open(redis, way);
      await store.set('k', 'text', 60_000);

      const before = store.counters.timeouts;
      redis.freeze();
      const answers = await askAll(store);
      const { timeouts } = store.counters;
      redis.thaw();

      expect(answers).toEqual(NOTHING);
      expect(timeouts - before).toBe(4);
      expect(await heals(store, clock)).toBe('again');
    });

    it('goes on when everything in it is gone', async () => {
      await using redis = await startRedis();
      const { store } = open(redis, way, UNHURRIED_MS);
      await store.set('k', 'text', 60_000);

      await redis.flush();

      expect(await store.get('k')).toBeUndefined();
      expect(await store.set('k', 'text', 60_000)).toBe(true);
      expect(await store.get('k')).toBe('text');
      expect(troubles(store.counters)).toBe(0);
    });
  });

  const bare = WAYS.filter(({ way }) => way.startsWith('a bare adapter'));

  it.each(
    bare.flatMap((way) => [
      { ...way, state: 'full', commands: [['CONFIG', 'SET', 'maxmemory', '1']], reason: 'OOM' },
      {
        ...{ ...way, state: 'a replica', reason: 'READONLY' },
        commands: [['REPLICAOF', '127.0.0.1', '1']],
      },
    ]),
  )('says that nothing is stored when it is $state, as $way', async (given) => {
    await using redis = await startRedis();
    const { store, warn } = open(redis, given, UNHURRIED_MS);
    await store.get('k');
    for (const command of given.commands) await redis.command(...command);

    const answers: boolean[] = [];
    for (let count = 0; count < 5; count += 1) answers.push(await store.set('k', 'text', 60_000));

    expect(answers).toEqual([false, false, false, false, false]);
    expect(store.counters).toMatchObject({ failures: 5, timeouts: 0 });
    expect(warn.mock.calls).toEqual([
      [expect.any(String), { operation: 'set', reason: given.reason }],
    ]);
  });

  it('ends no process by what its connection emits, and leaves nothing unhandled', async () => {
    await using redis = await startRedis();
    const seen = vi.fn();
    process.on('unhandledRejection', seen);
    process.on('uncaughtExceptionMonitor', seen);
    onTestFinished(() => {
      process.off('unhandledRejection', seen);
      process.off('uncaughtExceptionMonitor', seen);
    });

    for (const way of bare) {
      const { store, clock } = open(redis, way);
      await store.set('k', 'text', 60_000);
      await redis.kill();
      const answers = Array.from({ length: 20 }, () => askAll(store));
      await Promise.all(answers);
      await redis.restart();
      await heals(store, clock);
    }

    expect(seen).not.toHaveBeenCalled();
  });
});
