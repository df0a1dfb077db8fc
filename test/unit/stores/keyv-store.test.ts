import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { isGatewayError } from '../../../src/pipeline/errors.js';
import { DAMAGED } from '../../../src/stores/guarded-store.js';
import { type KeyvStoreOptions, openKeyvStore } from '../../../src/stores/keyv-store.js';
import { handClock } from '../../support/quick-clock.js';
import { MAJORS, type UserKeyv } from './majors.js';

/** Opens a store with a clock in hand; every value is of one byte where nothing else is said. */
function openStore(options: Partial<KeyvStoreOptions> = {}) {
  const clock = handClock();
  const warn = vi.fn();
  const store = openKeyvStore({ sizeOf: () => 1, clock, logger: { warn }, ...options });
  return { store, clock, warn };
}

const ENTRY = { v: 1, text: 'an answer' };

describe.each(MAJORS)('memory, through Keyv $major', ({ module }) => {
  const loadKeyv = () => Promise.resolve(module);

  it('gives back the very object that was stored, at once', async () => {
    const { store } = openStore({ loadKeyv });

    const stored = await store.set('k', ENTRY, 1_000);

    expect(stored).toBe(true);
    expect(store.get('k')).toBe(ENTRY);
    expect(store.isExternal).toBe(false);
  });

  it.each([['a text'], [0], [false], [null], [{ value: 'value', expires: 1 }]])(
    'keeps %j as it is',
    async (value) => {
      const { store } = openStore({ loadKeyv });

      await store.set('k', value, 1_000);

      expect(store.get('k')).toBe(value);
    },
  );

  it('holds a value for its time to live', async () => {
    const { store, clock } = openStore({ loadKeyv });
    await store.set('k', ENTRY, 10_000);

    clock.advance(9_000);
    const before = store.get('k');
    clock.advance(1_000);

    expect(before).toBe(ENTRY);
    expect(store.get('k')).toBeUndefined();
  });

  it.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY])(
    'stores nothing for %s ms',
    async (ttlMs) => {
      const { store } = openStore({ loadKeyv });

      expect(await store.set('k', ENTRY, ttlMs)).toBe(false);
      expect(store.get('k')).toBeUndefined();
    },
  );

  it('stays within its bounds, and says what it holds', async () => {
    const { store } = openStore({ loadKeyv, maxEntries: 2 });

    for (const key of ['a', 'b', 'c']) await store.set(key, ENTRY, 10_000);

    expect(['a', 'b', 'c'].map((key) => store.get(key))).toEqual([undefined, ENTRY, ENTRY]);
    expect(store.counters).toEqual({
      ...{ failures: 0, timeouts: 0, skipped: 0, evicted: 1, entries: 2 },
      bytes: expect.any(Number),
    });
  });

  it('says so when a value is larger than all the room there is', async () => {
    const { store } = openStore({ loadKeyv, maxBytes: 5_000, sizeOf: Number });

    expect(await store.set('k', 4_000, 10_000)).toBe(true);
    expect(await store.set('k', 5_001, 10_000)).toBe(false);
    expect(store.get('k')).toBeUndefined();
  });

  it('does not store what cannot be sized', async () => {
    const sizeOf = () => {
      throw new Error('no size');
    };
    const { store } = openStore({ loadKeyv, sizeOf });

    expect(await store.set('k', ENTRY, 1_000)).toBe(false);
    expect(store.counters.failures).toBe(1);
  });

  it('deletes one and clears all', async () => {
    const { store } = openStore({ loadKeyv });
    for (const key of ['a', 'b', 'tag:c']) await store.set(key, ENTRY, 10_000);

    const answers = [await store.delete('a'), await store.delete('a')];
    const left = store.get('b');
    const cleared = await store.clear();

    expect([...answers, cleared]).toEqual([true, false, true]);
    expect(left).toBe(ENTRY);
    expect([store.get('b'), store.get('tag:c')]).toEqual([undefined, undefined]);
  });

  it('takes hardly more of the process than its bound', async () => {
    const maxBytes = 16 * 1024 * 1024;
    const size = 4_096;
    const { store } = openStore({
      ...{ loadKeyv, maxBytes, maxEntries: 1_000_000, sizeOf: () => size },
    });
    const random = Buffer.alloc(size, 'x');
    await store.set('first', ENTRY, 10_000);
    gc?.();
    const before = process.memoryUsage();

    for (let index = 0; index < 200_000; index += 1) {
      random.writeUInt32LE(index);
      const key = index.toString(16).padStart(64, '0');
      await store.set(key, { text: random.toString('latin1') }, 3_600_000);
    }
    gc?.();
    const after = process.memoryUsage();

    expect(gc).toBeTypeOf('function');
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(
      1.5 * maxBytes,
    );
    expect(store.counters.bytes).toBeLessThanOrEqual(maxBytes);
    expect(store.counters.entries).toBeGreaterThan(0.9 * (maxBytes / (size + 400)));
  });
});

/** A storage adapter whose every operation does the same. */
class FailingAdapter extends EventEmitter {
  readonly #work: () => unknown;
  namespace: string | undefined;
  opts = {};

  constructor(work: () => unknown) {
    super();
    this.#work = work;
  }

  async get(_key: string): Promise<unknown> {
    return this.#work();
  }
  async getMany(_keys: readonly string[]): Promise<unknown> {
    return this.#work();
  }
  async has(_key: string): Promise<unknown> {
    return this.#work();
  }
  async hasMany(_keys: readonly string[]): Promise<unknown> {
    return this.#work();
  }
  async set(_key: string, _value: unknown): Promise<unknown> {
    return this.#work();
  }
  async setMany(_entries: readonly unknown[]): Promise<unknown> {
    return this.#work();
  }
  async delete(_key: string): Promise<unknown> {
    return this.#work();
  }
  async deleteMany(_keys: readonly string[]): Promise<unknown> {
    return this.#work();
  }
  async clear(): Promise<unknown> {
    return this.#work();
  }
}

const fails = () => Promise.reject(new Error('the adapter'));

describe.each(MAJORS)("a user's instance of Keyv $major", ({ create, major }) => {
  it('keeps texts, in its own namespace', async () => {
    const map = new Map<string, unknown>();
    const { store } = openStore({ store: create({ store: map, namespace: 'mine' }) });

    const stored = await store.set('k', '{"v":1}', 10_000);

    expect(stored).toBe(true);
    expect(await store.get('k')).toBe('{"v":1}');
    expect([...map.keys()][0]).toMatch(/^mine::?k$/);
    expect(store.isExternal).toBe(true);
    expect(await store.delete('k')).toBe(true);
    expect(await store.clear()).toBe(true);
  });

  it('is listened to where its user does not, so that an error it emits ends no process', () => {
    const keyv = create({});
    openStore({ store: keyv });

    // Both majors have it; the common type does not say so.
    const emit: unknown = Reflect.get(keyv, 'emit');
    expect(() => Reflect.apply(emit as () => void, keyv, ['error', new Error('no')])).not.toThrow();
  });

  it('is left alone where its user listens', () => {
    const keyv = create({});
    const own = () => undefined;
    keyv.on('error', own);
    openStore({ store: keyv });

    expect(keyv.listeners('error')).toEqual([own]);
  });

  it.each(['silent', 'listened to'])('fails no call when its store fails (%s)', async (manner) => {
    const keyv: UserKeyv = create({ store: new FailingAdapter(fails) });
    if (manner === 'listened to') keyv.on('error', () => undefined);
    const { store } = openStore({ store: keyv });

    expect(await store.get('k')).toBeUndefined();
    expect(await store.set('k', 'text', 10_000)).toBe(false);
    expect(await store.delete('k')).toBe(false);
    expect(store.counters.failures).toBeGreaterThan(0);
  });

  it('gives what is no entry where what it holds is damaged', async () => {
    const map = {
      get: () => '{"value":',
      set() {},
      delete: () => true,
      clear() {},
      has: () => true,
    };
    const { store } = openStore({ store: create({ store: map }) });

    // Keyv 6 gives nothing, and does not say why.
    expect(await store.get('k')).toBe(major === 6 ? undefined : DAMAGED);
  });
});

describe.each(MAJORS)('an adapter, in a Keyv $major of our own', ({ module, create }) => {
  const loadKeyv = () => Promise.resolve(module);

  it('keeps texts under our namespace, which a user finds again', async () => {
    const map = new Map<string, unknown>();
    const { store } = openStore({ store: map, loadKeyv });

    const stored = await store.set('k', '{"v":1}', 10_000);

    expect(stored).toBe(true);
    expect(await store.get('k')).toBe('{"v":1}');
    expect(store.isExternal).toBe(true);
    expect(await create({ store: map, namespace: 'zerohop' }).get('k')).toBe('{"v":1}');
    expect(await store.delete('k')).toBe(true);
    expect(await store.clear()).toBe(true);
    expect(map.size).toBe(0);
  });

  it('fails no call, and every failure is counted', async () => {
    const { store, warn } = openStore({ store: new FailingAdapter(fails), loadKeyv });

    const answers = [
      await store.get('k'),
      await store.set('k', 'text', 10_000),
      await store.delete('k'),
      await store.clear(),
      await store.get('k'),
    ];

    expect(answers).toEqual([undefined, false, false, false, undefined]);
    expect(store.counters).toMatchObject({ failures: 5, skipped: 0 });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('is found out when it emits its errors and answers nothing', async () => {
    const adapter = new FailingAdapter(() => {
      adapter.emit('error', new Error('OOM command not allowed'));
    });
    const { store } = openStore({ store: adapter, loadKeyv });

    const answers = [await store.get('k'), await store.set('k', 'text', 10_000)];

    expect(answers).toEqual([undefined, false]);
    expect(store.counters.failures).toBe(2);
  });

  it('does not end the process by an error that it emits on its own', async () => {
    const adapter = new FailingAdapter(() => undefined);
    const { store } = openStore({ store: adapter, loadKeyv });
    await store.get('k');

    expect(() => adapter.emit('error', new Error('connection lost'))).not.toThrow();
    expect(store.counters.failures).toBe(0);
  });

  it('gives what is no entry where what it holds is damaged', async () => {
    const map = new Map<string, unknown>();
    const { store } = openStore({ store: map, loadKeyv });
    await store.set('k', 'text', 10_000);
    const [key = ''] = map.keys();
    map.set(key, typeof map.get(key) === 'string' ? '{"value":' : { value: '{"value":' });

    expect(await store.get('k')).toBe(DAMAGED);
    expect(store.counters.failures).toBe(0);
  });
});

describe('what is neither a Keyv nor an adapter', () => {
  it.each([
    ['null', null],
    ['an address', 'redis://user:secret@host'],
    ['a number', 42],
    ['a function', () => undefined],
    ['an empty object', {}],
    ['half an adapter', { get: () => undefined, set: () => undefined, delete: () => false }],
    ['an object of the right names', { get: 1, set: 2, delete: 3, clear: 4 }],
  ])('is refused: %s', (_, store) => {
    let refused: unknown;
    try {
      openStore({ store });
    } catch (error) {
      refused = error;
    }

    expect(isGatewayError(refused) && refused.code).toBe('zerohop_config');
    expect(String(refused)).toContain('gateway.cache.store: ');
    expect(String(refused)).not.toContain('secret');
  });
});
