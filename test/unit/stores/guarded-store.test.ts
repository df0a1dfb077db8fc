import { describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../src/pipeline/clock.js';
import type { Logger } from '../../../src/pipeline/contract.js';
import type { CacheStore } from '../../../src/stores/cache-store.js';
import { GuardedStore, type StoreOperations } from '../../../src/stores/guarded-store.js';
import { handClock } from '../../support/quick-clock.js';

/** The first wait of an open breaker, when chance says 0. */
const FIRST_WAIT_MS = 750;

/** A store that does the same for every operation. */
function storeThat(work: () => unknown): StoreOperations & { readonly asked: () => number } {
  const operation = vi.fn(work);
  return {
    get: operation,
    set: operation,
    delete: operation,
    clear: operation,
    asked: () => operation.mock.calls.length,
  };
}

/** A store whose operations end when and how they are told to. */
function storeByHand() {
  const pending: PromiseWithResolvers<unknown>[] = [];
  const store = storeThat(() => {
    const operation = Promise.withResolvers<unknown>();
    pending.push(operation);
    return operation.promise;
  });
  return { store, pending };
}

/** A guarded store with a clock in hand and what it told the logger. */
function guard(operations: StoreOperations, options: { readonly clock?: Clock } = {}) {
  const clock = handClock();
  const logger = { debug: vi.fn(), warn: vi.fn() } satisfies Logger;
  const store = new GuardedStore(operations, { clock, logger, ...options });
  return { clock, logger, store };
}

const askAll = (store: CacheStore) =>
  Promise.all([store.get('k'), store.set('k', 'v', 1), store.delete('k'), store.clear()]);

/** Lets everything that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fails often enough for the breaker to open. */
async function open(store: CacheStore): Promise<void> {
  for (let count = 0; count < 5; count += 1) await store.get('k');
}

describe('a store that answers', () => {
  it.each([
    ['as an adapter does that says little', undefined, [undefined, true, false, true]],
    ['with null for nothing', null, [undefined, true, false, true]],
    ['yes', true, [true, true, true, true]],
    ['with a promise', Promise.resolve(true), [true, true, true, true]],
  ])('is understood when it answers %s', async (_, answer, expected) => {
    const { store } = guard(storeThat(() => answer));

    expect(await askAll(store)).toEqual(expected);
    expect(store.counters).toEqual({ failures: 0, timeouts: 0, skipped: 0, evicted: 0 });
  });

  it('is handed key, value and time to live, in whole milliseconds', async () => {
    const operations = { get: vi.fn(), set: vi.fn(), delete: vi.fn(), clear: vi.fn() };
    const { store } = guard(operations);

    await store.get('a');
    await store.set('b', 'value', 1.2);
    await store.delete('c');

    expect(operations.get).toHaveBeenCalledWith('a');
    expect(operations.set).toHaveBeenCalledWith('b', 'value', 2);
    expect(operations.delete).toHaveBeenCalledWith('c');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'is not asked to keep something for %s ms',
    async (ttlMs) => {
      const operations = storeThat(() => true);
      const { store } = guard(operations);

      expect(await store.set('k', 'v', ttlMs)).toBe(false);
      expect(operations.asked()).toBe(0);
    },
  );

  it('is held responsible when it says that a value was not stored', async () => {
    const { store } = guard(storeThat(() => false));

    expect(await store.set('k', 'v', 1)).toBe(false);
    expect(store.counters.failures).toBe(1);
  });

  it('leaves no timer behind, whether it answers or fails', async () => {
    const clock = handClock();
    const timers = new Set<() => void>();
    const timer: Clock['timer'] = (delayMs, callback) => {
      const cancel = clock.timer(delayMs, callback);
      timers.add(cancel);
      return () => {
        timers.delete(cancel);
        cancel();
      };
    };
    const good = guard(
      storeThat(() => true),
      { clock: { ...clock, timer } },
    );
    const bad = guard(
      storeThat(() => Promise.reject(new Error('no'))),
      { clock: { ...clock, timer } },
    );

    await askAll(good.store);
    await askAll(bad.store);

    expect(timers.size).toBe(0);
  });
});

describe('a store that misbehaves', () => {
  const throws = () => {
    throw new Error('at once');
  };

  it.each([
    ['throws', throws, 'failures'],
    ['rejects', () => Promise.reject(new Error('no')), 'failures'],
    ['never answers', () => new Promise(() => undefined), 'timeouts'],
  ])('gives nothing and is counted when it %s', async (_, work, counter) => {
    const { store, clock } = guard(storeThat(work));

    const answers = askAll(store);
    clock.advance(100);

    expect(await answers).toEqual([undefined, false, false, false]);
    expect(store.counters).toEqual({
      ...{ failures: 0, timeouts: 0, skipped: 0, evicted: 0 },
      [counter]: 4,
    });
  });

  it('has failed when it emits an error and answers nothing', async () => {
    const { store } = guard(
      storeThat(() => {
        store.noteError(new Error('OOM command not allowed'));
        return undefined;
      }),
    );

    expect(await askAll(store)).toEqual([undefined, false, false, false]);
    expect(store.counters.failures).toBe(4);
  });

  it('is believed when it answers with a value, whatever else it emits', async () => {
    const { store } = guard(
      storeThat(() => {
        store.noteError(new Error('a connection of the pool was lost'));
        return 'value';
      }),
    );

    expect(await store.get('k')).toBe('value');
    expect(store.counters.failures).toBe(0);
  });

  it('is waited for as long as the option says', async () => {
    const { store: operations, pending } = storeByHand();
    const clock = handClock();
    const store = new GuardedStore(operations, { clock, logger: {}, timeoutMs: 30 });

    const first = store.get('k');
    clock.advance(29);
    pending[0]?.resolve('in time');
    const second = store.get('k');
    await first;
    clock.advance(30);

    expect([await first, await second]).toEqual(['in time', undefined]);
  });

  it('has answered in time when its answer is there by the time anyone looks', async () => {
    const { store: operations, pending } = storeByHand();
    const { store, clock } = guard(operations);

    const answer = store.get('k');
    clock.advance(5_000);
    pending[0]?.resolve('value');

    expect(await answer).toBe('value');
    await settled();
    expect(store.counters.timeouts).toBe(0);
  });

  it('keeps the process alive while somebody waits for it, and no longer', async () => {
    const alive = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const { store, clock } = guard(storeThat(() => new Promise(() => undefined)));
    const before = alive();

    const answers = askAll(store);
    const during = alive();
    clock.advance(100);
    await answers;

    expect([during - before, alive() - before]).toEqual([4, 0]);
  });

  it('may answer late, and nobody minds', async () => {
    const { store: operations, pending } = storeByHand();
    const { store, clock } = guard(operations);
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);

    const answers = askAll(store);
    clock.advance(100);
    const given = await answers;
    for (const [index, operation] of pending.entries()) {
      if (index % 2 === 0) operation.resolve('late');
      else operation.reject(new Error('late'));
    }
    await settled();
    process.off('unhandledRejection', unhandled);

    expect(given).toEqual([undefined, false, false, false]);
    expect(store.counters).toMatchObject({ failures: 0, timeouts: 4 });
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('the breaker', () => {
  it('stops asking after five failures in a row, and answers at once', async () => {
    const operations = storeThat(() => Promise.reject(new Error('no')));
    const { store } = guard(operations);

    await open(store);

    expect(await askAll(store)).toEqual([undefined, false, false, false]);
    expect(operations.asked()).toBe(5);
    expect(store.counters).toMatchObject({ failures: 5, skipped: 4 });
  });

  it('counts timeouts like failures', async () => {
    const { store, clock } = guard(storeThat(() => new Promise(() => undefined)));

    const answers = Array.from({ length: 5 }, () => store.get('k'));
    clock.advance(100);
    await Promise.all(answers);
    await store.get('k');

    expect(store.counters).toMatchObject({ timeouts: 5, skipped: 1 });
  });

  it('does not open while one in five succeeds', async () => {
    let count = 0;
    const operations = storeThat(() => {
      count += 1;
      return count % 5 === 0 ? 'value' : Promise.reject(new Error('no'));
    });
    const { store } = guard(operations);

    for (let call = 0; call < 20; call += 1) await store.get('k');

    expect(operations.asked()).toBe(20);
  });

  it('lets exactly one operation through after its wait', async () => {
    let works = false;
    const { store: byHand, pending } = storeByHand();
    const operations = storeThat(() => (works ? byHand.get('k') : Promise.reject(new Error('no'))));
    const { store, clock } = guard(operations);
    await open(store);
    works = true;

    clock.advance(FIRST_WAIT_MS - 1);
    await store.get('k');
    const askedBefore = operations.asked();
    clock.advance(1);
    const probes = Array.from({ length: 10 }, () => store.get('k'));
    const askedAfter = operations.asked();
    pending[0]?.resolve('value');
    const answers = await Promise.all(probes);

    expect([askedBefore, askedAfter]).toEqual([5, 6]);
    expect(answers).toEqual(['value', ...Array.from({ length: 9 }, () => undefined)]);
    works = false;
    await store.get('k');
    expect(operations.asked()).toBe(7);
  });

  it.each([
    [0, [750, 1_500, 1_500, 1_500]],
    [0.5, [1_000, 2_000, 2_000, 2_000]],
    [0.999, [1_249.5, 2_499, 2_499, 2_499]],
  ])('waits twice as long each time up to 2 s, when chance says %s', async (random, waits) => {
    const clock = { ...handClock(), random: () => random };
    const operations = storeThat(() => Promise.reject(new Error('no')));
    const { store } = guard(operations, { clock });
    await open(store);

    for (const [index, waitMs] of waits.entries()) {
      clock.advance(waitMs - 0.01);
      await store.get('k');
      expect(operations.asked()).toBe(5 + index);
      clock.advance(0.02);
      await store.get('k');
      expect(operations.asked()).toBe(6 + index);
    }
  });

  it('starts anew once the store has answered', async () => {
    let works = false;
    const operations = storeThat(() => (works ? 'value' : Promise.reject(new Error('no'))));
    const { store, clock } = guard(operations);
    await open(store);
    clock.advance(FIRST_WAIT_MS);
    await store.get('k');
    works = true;
    clock.advance(2 * FIRST_WAIT_MS);

    const healed = [await store.get('k'), await store.get('k')];
    works = false;
    await open(store);
    clock.advance(FIRST_WAIT_MS);
    works = true;

    expect(healed).toEqual(['value', 'value']);
    expect(await store.get('k')).toBe('value');
  });

  it('learns nothing from operations that began before it opened', async () => {
    const { store: operations, pending } = storeByHand();
    const { store } = guard(operations);
    const slow = store.get('slow');
    const failing = Array.from({ length: 5 }, () => store.get('k'));
    for (const operation of pending.slice(1)) operation.reject(new Error('no'));
    await Promise.all(failing);

    pending[0]?.resolve('value');

    expect(await slow).toBe('value');
    await store.get('k');
    expect(store.counters.skipped).toBe(1);
  });

  it('is not held open by operations that began before the probe', async () => {
    const { store: operations, pending } = storeByHand();
    const { store, clock } = guard(operations);
    const slow = Array.from({ length: 5 }, () => store.get('slow'));
    const failing = Array.from({ length: 5 }, () => store.get('k'));
    for (const operation of pending.slice(5)) operation.reject(new Error('no'));
    await Promise.all(failing);
    clock.advance(99);
    for (const operation of pending.slice(0, 5)) operation.reject(new Error('late'));
    await Promise.all(slow);
    clock.advance(FIRST_WAIT_MS - 99);

    const probe = store.get('k');
    pending[10]?.resolve('value');

    expect(await probe).toBe('value');
  });
});

describe('what the logger is told', () => {
  it('is one warning an outage, and its end', async () => {
    let works = false;
    const { store, clock, logger } = guard(
      storeThat(() => (works ? 'value' : Promise.reject(new Error('no')))),
    );

    for (let outage = 1; outage <= 2; outage += 1) {
      works = false;
      await open(store);
      for (let probe = 0; probe < 3; probe += 1) {
        clock.advance(30_000);
        await store.get('k');
      }
      expect(logger.warn).toHaveBeenCalledTimes(outage);
      works = true;
      clock.advance(30_000);
      await store.get('k');
      expect(logger.debug).toHaveBeenCalledTimes(outage);
    }
  });

  it.each([
    [
      'a code',
      Object.assign(new Error('redis://:secret@host'), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    ["a Redis reply's kind", new Error('NOAUTH Authentication required.'), 'NOAUTH'],
    ["the error's name", new TypeError('https://user:secret@host/'), 'TypeError'],
    ['a word for what is no error', 'secret', 'error'],
  ])('gives %s as the reason, and never the message', async (_, error, reason) => {
    const { store, logger } = guard(storeThat(() => Promise.reject(error)));

    await open(store);

    expect(logger.warn).toHaveBeenCalledWith(expect.any(String), { operation: 'get', reason });
    expect(JSON.stringify(logger.warn.mock.calls)).not.toContain('secret');
  });

  it('does not matter when the logger throws', async () => {
    const clock = handClock();
    const logger = {
      warn: () => {
        throw new Error('the logger');
      },
    };
    const store = new GuardedStore(
      storeThat(() => new Promise(() => undefined)),
      { clock, logger },
    );

    const answers = Array.from({ length: 5 }, () => store.get('k'));
    clock.advance(100);

    expect(await Promise.all(answers)).toHaveLength(5);
  });
});
