import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { type EntryParts, makeEntry } from '../../../src/cache/cache-entry.js';
import { resolveControl } from '../../../src/cache/cache-options.js';
import { Shelf, type Storing } from '../../../src/cache/shelf.js';
import type { CacheStore } from '../../../src/stores/cache-store.js';

const control = resolveControl(true) ?? fail();

function fail(): never {
  throw new TypeError('the cache is on');
}

const PARTS: Omit<EntryParts, 'key'> = {
  dialect: 'openai-chat',
  form: 'body',
  text: '{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}',
  usageAsked: false,
  status: 200,
  headers: [],
  storedAt: 0,
  ttlMs: 60_000,
  producer: { target: 'primary', provider: 'openai' },
  saved: {},
};

/** A store over a map, with what it was told to keep. */
function storeOf(isExternal: boolean) {
  const values = new Map<string, unknown>();
  const store: CacheStore = {
    isExternal,
    get: (key) => values.get(key),
    set: async (key, value) => {
      values.set(key, value);
      return true;
    },
    delete: async (key) => values.delete(key),
    clear: async () => {
      values.clear();
      return true;
    },
    counters: { failures: 0, timeouts: 0, skipped: 0, evicted: 0 },
  };
  return { store, values };
}

function shelfOf({ isExternal = false } = {}) {
  const { store, values } = storeOf(isExternal);
  const background: Promise<unknown>[] = [];
  const shelf = new Shelf(store, (work) => void background.push(work));
  const find = (key: string) =>
    shelf.find({
      key,
      control,
      wish: { stream: false, wantsUsage: false },
      isChosen: () => true,
      now: 0,
    });
  return { shelf, values, background, find };
}

function answerOf(key: string, change: Partial<Storing> = {}) {
  const make = vi.fn(() => makeEntry({ ...PARTS, key }));
  const onOver = vi.fn();
  const storing: Storing = {
    key,
    make,
    control,
    tags: undefined,
    isWanted: () => true,
    onOver,
    ...change,
  };
  return { storing, make, onOver };
}

describe('an answer that is put into memory', () => {
  it('lets its caller go first', () => {
    const { shelf } = shelfOf();
    const { storing, make } = answerOf('a');

    shelf.put(storing);

    expect(make).not.toHaveBeenCalled();
  });

  it('is found all the same, at once', () => {
    const { shelf, find } = shelfOf();
    const { storing } = answerOf('a');

    shelf.put(storing);

    expect(find('a')).toMatchObject({ entry: { key: 'a' }, freshness: 'fresh' });
    expect(find('b')).toBeUndefined();
  });

  it('is stored though nobody looks, and background work lasts until then', async () => {
    const { shelf, values, background } = shelfOf();
    const { storing, onOver } = answerOf('a');
    shelf.put(storing);
    expect(values.size).toBe(0);

    await Promise.all(background);

    expect([...values.keys()]).toEqual(['a']);
    expect(onOver).toHaveBeenCalledOnce();
    expect(shelf.counters.stored).toBe(1);
  });

  it('is not stored once nobody wants it', async () => {
    const { shelf, values, background, find } = shelfOf();
    let isWanted = true;
    const { storing, make, onOver } = answerOf('a', { isWanted: () => isWanted });
    shelf.put(storing);
    isWanted = false;

    expect(find('a')).toBeUndefined();
    await Promise.all(background);

    expect(make).not.toHaveBeenCalled();
    expect(onOver).toHaveBeenCalledOnce();
    expect(values.size).toBe(0);
  });

  it('is the one that is found where two have the same key, the later one', async () => {
    const { shelf, background, find } = shelfOf();
    shelf.put(answerOf('a').storing);
    shelf.put(
      answerOf('a', { make: () => makeEntry({ ...PARTS, key: 'a', status: 201 }) }).storing,
    );

    expect(find('a')).toMatchObject({ entry: { status: 201 } });
    await Promise.all(background);
    expect(find('a')).toMatchObject({ entry: { status: 201 } });
  });

  it('does not wait with too many others, where callers never let anything else run', () => {
    const { shelf } = shelfOf();
    const answers = Array.from({ length: 100 }, (_, index) => answerOf(`key ${index}`));

    for (const { storing } of answers) shelf.put(storing);

    const waiting = answers.filter(({ make }) => make.mock.calls.length === 0);
    expect(waiting.length).toBeLessThan(50);
  });

  it('is stored after the one before it has been', async () => {
    const { shelf, values } = shelfOf();
    shelf.put(answerOf('a').storing);
    await turn();
    shelf.put(answerOf('b').storing);
    await turn();

    expect([...values.keys()]).toEqual(['a', 'b']);
  });

  it('is gone once it is deleted, and was there before', async () => {
    const { shelf, find } = shelfOf();
    shelf.put(answerOf('a').storing);
    shelf.writeWaiting();

    expect(await shelf.delete('a')).toBe(true);
    expect(find('a')).toBeUndefined();
  });
});

describe('an answer that is put into a store elsewhere', () => {
  it('is on its way at once, and found meanwhile', async () => {
    const { shelf, values, background, find } = shelfOf({ isExternal: true });
    const { storing, make } = answerOf('a');

    shelf.put(storing);

    expect(make).toHaveBeenCalledOnce();
    expect(find('a')).toMatchObject({ entry: { key: 'a' } });
    await Promise.all(background);
    expect(typeof values.get('a')).toBe('string');
  });
});
