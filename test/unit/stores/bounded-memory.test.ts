import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedMemory } from '../../../src/stores/bounded-memory.js';
import { handClock } from '../../support/quick-clock.js';
import { MAJORS } from './majors.js';

/** What an entry with a key of one letter takes beside its value. */
const share = (() => {
  const memory = new BoundedMemory({ sizeOf: () => 0 });
  memory.set('a', '');
  return memory.bytes;
})();

const keysOf = (memory: BoundedMemory): readonly string[] =>
  ['a', 'b', 'c', 'd', 'e'].filter((key) => memory.has(key));

describe('the bounds', () => {
  it('drops the entry that was used least recently when there are too many', () => {
    const memory = new BoundedMemory({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c']) memory.set(key, key);

    memory.get('a');
    memory.set('b', 'again');
    memory.set('d', 'd');

    expect(keysOf(memory)).toEqual(['a', 'b', 'd']);
    expect(memory.evicted).toBe(1);
  });

  it('drops as many as the bytes of a new one ask for', () => {
    const memory = new BoundedMemory({ maxBytes: 3 * (share + 10), sizeOf: Number });
    for (const key of ['a', 'b', 'c']) memory.set(key, 10);

    memory.set('d', share + 20);

    expect(keysOf(memory)).toEqual(['c', 'd']);
    expect(memory).toMatchObject({ size: 2, bytes: 3 * (share + 10), evicted: 2 });
  });

  it.each([
    ['is larger than all the room there is', 1_001],
    ['has a size that is no number', Number.NaN],
  ])('does not keep a value that %s, nor what it would have replaced', (_, size) => {
    const memory = new BoundedMemory({ maxBytes: 1_000, sizeOf: Number });
    memory.set('a', 1);
    memory.set('b', 1);

    memory.set('a', size);

    expect(keysOf(memory)).toEqual(['b']);
    expect(memory).toMatchObject({ size: 1, bytes: share + 1, evicted: 1 });
  });

  it('counts a value that is replaced once', () => {
    const memory = new BoundedMemory({ sizeOf: Number });

    memory.set('a', 100);
    memory.set('a', 30);

    expect(memory).toMatchObject({ size: 1, bytes: share + 30, evicted: 0 });
  });

  it('is empty after clear(), and of use again', () => {
    const memory = new BoundedMemory({ maxEntries: 1 });
    memory.set('a', 1);

    memory.clear();
    memory.set('b', 1);
    memory.set('c', 1);

    expect(keysOf(memory)).toEqual(['c']);
    expect(memory).toMatchObject({ size: 1, evicted: 1 });
  });

  it('sizes a value by its JSON where nobody says how', () => {
    const memory = new BoundedMemory();

    memory.set('a', { b: 'cde' });

    expect(memory.bytes).toBe(share + 2 * '{"b":"cde"}'.length);
  });
});

describe('time', () => {
  it('holds a value for its time to live and no longer', () => {
    const clock = handClock();
    const memory = new BoundedMemory({ wallNow: clock.wallNow });
    memory.set('a', 'value', 100);

    clock.advance(99);
    const before = memory.get('a');
    clock.advance(1);

    expect(before).toBe('value');
    expect(memory.get('a')).toBeUndefined();
    expect(memory.has('a')).toBe(false);
  });

  it('lets go of an expired value when it is asked for', () => {
    const clock = handClock();
    const memory = new BoundedMemory({ wallNow: clock.wallNow });
    memory.set('a', 'value', 100);
    clock.advance(100);

    memory.get('a');

    expect(memory).toMatchObject({ size: 0, bytes: 0, evicted: 0 });
  });

  it('drops an expired entry among the oldest before a live one, and does not count it', () => {
    const clock = handClock();
    const memory = new BoundedMemory({ maxEntries: 3, wallNow: clock.wallNow });
    memory.set('a', 'live');
    memory.set('b', 'brief', 10);
    memory.set('c', 'live');
    clock.advance(10);

    memory.set('d', 'live');

    expect(keysOf(memory)).toEqual(['a', 'c', 'd']);
    expect(memory.evicted).toBe(0);
  });
});

/** A slow and obvious version: entries in the order of their use, oldest first. */
class Model {
  entries: { key: string; value: number; bytes: number; expiresAt: number }[] = [];
  evicted = 0;
  readonly #maxEntries: number;
  readonly #maxBytes: number;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get(key: string, now: number): number | undefined {
    const entry = this.entries.find((one) => one.key === key);
    this.delete(key);
    if (entry === undefined || entry.expiresAt <= now) return undefined;
    this.entries.push(entry);
    return entry.value;
  }

  set(key: string, value: number, ttl: number, now: number): void {
    this.delete(key);
    const bytes = share + value;
    if (bytes > this.#maxBytes) this.evicted += 1;
    else this.entries.push({ key, value, bytes, expiresAt: now + ttl });
    while (this.entries.length > this.#maxEntries || this.bytes > this.#maxBytes) {
      const expired = this.entries.findIndex((entry) => entry.expiresAt <= now);
      this.entries.splice(Math.max(0, expired), 1);
      if (expired < 0) this.evicted += 1;
    }
  }

  delete(key: string): void {
    this.entries = this.entries.filter((entry) => entry.key !== key);
  }
}

describe('any sequence of operations', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key }),
    fc.record({
      kind: fc.constant('set' as const),
      key,
      value: fc.integer({ min: 0, max: 2_000 }),
      ttl: fc.constantFrom(1, 5, 50, Number.POSITIVE_INFINITY),
    }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 10 }) }),
  );

  it('leaves what a slow and obvious version leaves', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = handClock();
        const limits = { maxEntries: 4, maxBytes: 4_000 };
        const memory = new BoundedMemory({ ...limits, sizeOf: Number, wallNow: clock.wallNow });
        const model = new Model(limits.maxEntries, limits.maxBytes);

        for (const one of steps) {
          if (one.kind === 'wait') clock.advance(one.ms);
          else if (one.kind === 'delete') {
            memory.delete(one.key);
            model.delete(one.key);
          } else if (one.kind === 'set') {
            memory.set(one.key, one.value, one.ttl);
            model.set(one.key, one.value, one.ttl, clock.now());
          } else expect(memory.get(one.key)).toBe(model.get(one.key, clock.now()));
          const { bytes, evicted } = model;
          expect(memory).toMatchObject({ size: model.entries.length, bytes, evicted });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(MAJORS)('as the store of Keyv $major', ({ create }) => {
  it('keeps values within the bounds, for their time to live', async () => {
    const clock = handClock();
    clock.advance(Date.now());
    const memory = new BoundedMemory({ maxEntries: 2, wallNow: clock.wallNow });
    const keyv = create({ store: memory });

    await keyv.set('a', { one: 1 }, 60_000);
    await keyv.set('b', 'two', 60_000);
    await keyv.set('c', [3]);
    clock.advance(60_000);

    expect(await keyv.get('a')).toBeUndefined();
    expect(await keyv.get('b')).toBeUndefined();
    expect(await keyv.get('c')).toEqual([3]);
    expect(memory).toMatchObject({ size: 1, evicted: 1 });
  });

  it('deletes, tells what there is, and clears', async () => {
    const keyv = create({ store: new BoundedMemory() });
    await keyv.set('a', 1);
    await keyv.set('b', 2);

    expect(await keyv.getMany(['a', 'x', 'b'])).toEqual([1, undefined, 2]);
    expect(await keyv.has('a')).toBe(true);
    expect(await keyv.delete('a')).toBe(true);
    expect(await keyv.delete('a')).toBe(false);
    expect(await keyv.has('a')).toBe(false);
    await keyv.clear();
    expect(await keyv.get('b')).toBeUndefined();
  });
});

it('clears one namespace of Keyv 6 and leaves the others', async () => {
  const store = new BoundedMemory();
  const [, keyv6] = MAJORS;
  const one = keyv6?.create({ store, namespace: 'one' });
  const other = keyv6?.create({ store, namespace: 'other' });
  await one?.set('a', 1);
  await other?.set('a', 2);

  await one?.clear();

  expect(await one?.get('a')).toBeUndefined();
  expect(await other?.get('a')).toBe(2);
});
