import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import {
  ask,
  askStream,
  type Bench,
  chat,
  heldReply,
  setUp,
  shortly,
  withCache,
} from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const MINUTE = 60_000;

/** Calls with tags, each stored by the time it resolves. */
function tagged({ client, gateway }: Bench) {
  return async (content: string, tags?: readonly string[]) => {
    const messages = [{ role: 'user' as const, content }];
    const answer = await ask(client, { ...chat, messages }, withCache(tags && { tags }));
    await gateway.flush();
    return answer;
  };
}

describe('tags', () => {
  it('delete the answers that have them, and no others', async () => {
    const bench = setUp(provider);
    const say = tagged(bench);
    const calls = [
      ['one', ['a']],
      ['two', ['a', 'b']],
      ['three', ['b']],
      ['four', []],
      ['five', undefined],
    ] as const;
    for (const [content, tags] of calls) await say(content, tags);

    expect(await bench.gateway.cache.deleteByTag('a')).toBe(true);

    const seen: unknown[] = [];
    for (const [content, tags] of calls) seen.push((await say(content, tags)).cache);
    expect(seen).toEqual(['MISS', 'MISS', 'HIT', 'HIT', 'HIT']);
  });

  it('delete what is asked for without them, too', async () => {
    const bench = setUp(provider);
    const say = tagged(bench);
    await say('one', ['a']);
    await bench.gateway.cache.deleteByTag('a');

    expect((await say('one')).cache).toBe('MISS');
  });

  it('can be deleted again and again', async () => {
    const bench = setUp(provider);
    const say = tagged(bench);
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      seen.push(shortly(await say('one', ['a'])), shortly(await say('one', ['a'])));
      await bench.gateway.cache.deleteByTag('a');
    }

    expect(seen).toEqual(['MISS 1', 'HIT 1', 'MISS 2', 'HIT 2', 'MISS 3', 'HIT 3']);
  });

  it('that nobody has delete nothing', async () => {
    const bench = setUp(provider);
    const say = tagged(bench);
    await say('one', ['a']);
    await bench.gateway.cache.deleteByTag('never');

    expect((await say('one', ['a'])).cache).toBe('HIT');
  });

  it('are no keys: one that is spelled like a key deletes nothing of it', async () => {
    const bench = setUp(provider);
    const say = tagged(bench);
    const { key } = await say('one', ['a']);
    await bench.gateway.cache.deleteByTag(key);

    expect((await say('one', ['a'])).cache).toBe('HIT');
  });
});

/** What there is to make an answer go away. */
const deletions: Readonly<Record<string, (bench: Bench, key: string) => Promise<boolean>>> = {
  'delete(key)': ({ gateway }, key) => gateway.cache.delete(key),
  'deleteByTag()': ({ gateway }) => gateway.cache.deleteByTag('a'),
  'clear()': ({ gateway }) => gateway.cache.clear(),
};

/** The key of {@link chat}, as a call learns it. */
async function keyOf({ client }: Bench): Promise<string> {
  const { key } = await ask(client, chat, withCache({ mode: 'read-only' }));
  provider.reset();
  return key;
}

describe.each(Object.entries(deletions))('%s', (_name, remove) => {
  const cache = { tags: ['a'] };

  it('makes a stored answer a miss', async () => {
    const bench = setUp(provider, { cache });
    const { key } = await ask(bench.client);
    await bench.gateway.flush();

    expect(await remove(bench, key)).toBe(true);

    expect(shortly(await ask(bench.client))).toBe('MISS 2');
  });

  it.each([
    ['a whole one', ask, true],
    ['a stream', askStream, true],
    ['one that nobody shares', ask, false],
  ])('keeps an answer under way from being given out later: %s', async (_, call, coalesce) => {
    const bench = setUp(provider, { cache: { ...cache, coalesce } });
    const key = await keyOf(bench);
    const { reply, release } = heldReply();
    provider.enqueue(reply);
    const underWay = call(bench.client);
    await provider.waitForRequest(1);

    await remove(bench, key);
    release();

    expect(shortly(await underWay)).toBe('MISS 1');
    await bench.gateway.flush();
    expect(shortly(await call(bench.client))).toBe('MISS 2');
  });

  it('keeps a stream from being given out later that is being read', async () => {
    const bench = setUp(provider, { cache });
    const key = await keyOf(bench);
    const stream = await bench.client.chat.completions.create({ ...chat, stream: true });
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();

    await remove(bench, key);
    while (!(await chunks.next()).done);

    await bench.gateway.flush();
    expect(shortly(await askStream(bench.client))).toBe('MISS 2');
  });

  it('lets nobody who comes later have an answer that was asked for before', async () => {
    const bench = setUp(provider, { cache });
    const key = await keyOf(bench);
    const { reply, release } = heldReply();
    provider.enqueue(reply);
    const before = ask(bench.client);
    await provider.waitForRequest(1);
    await remove(bench, key);

    const after = ask(bench.client);
    release();

    expect([shortly(await before), shortly(await after)]).toEqual(['MISS 1', 'MISS 2']);
  });

  it('undoes a refresh that is under way in the background', async () => {
    const bench = setUp(provider, {
      cache: { tags: ['a'], ttl: '1m', staleWhileRevalidate: '1h' },
    });
    const { key } = await ask(bench.client);
    await bench.gateway.flush();
    bench.clock.advance(2 * MINUTE);
    const { reply, release } = heldReply();
    provider.enqueue(reply);
    await ask(bench.client);
    await provider.waitForRequest(2);

    await remove(bench, key);
    release();
    await bench.gateway.flush();

    expect(shortly(await ask(bench.client))).toBe('MISS 3');
  });
});

describe('delete(key)', () => {
  it('says whether there was something', async () => {
    const { client, gateway } = setUp(provider);
    const { key } = await ask(client);

    expect(await gateway.cache.delete(key)).toBe(true);
    expect(await gateway.cache.delete(key)).toBe(false);
    expect(await gateway.cache.delete('no such key')).toBe(false);
  });

  it('leaves the others', async () => {
    const { client, gateway } = setUp(provider);
    const { key } = await ask(client);
    await ask(client, { ...chat, seed: 1 });
    await gateway.cache.delete(key);

    expect((await ask(client, { ...chat, seed: 1 })).cache).toBe('HIT');
  });
});

describe('a store whose operations take their time', () => {
  /** A store in which reading a tag waits until it is let go. */
  function slowTags() {
    const values = new Map<string, unknown>();
    const gate = Promise.withResolvers<void>();
    return {
      release: gate.resolve,
      async get(key: string) {
        const value = values.get(key);
        if (key.includes('tag:')) await gate.promise;
        return value;
      },
      async set(key: string, value: unknown) {
        values.set(key, value);
        return true;
      },
      delete: async (key: string) => values.delete(key),
      clear: async () => values.clear(),
    };
  }

  it.each(Object.entries(deletions))(
    '%s also undoes an answer that only waits for its tags',
    async (_name, remove) => {
      const store = slowTags();
      const bench = setUp(provider, { cache: { store } });
      const call = () => ask(bench.client, chat, withCache({ tags: ['a'] }));
      const { key } = await call();

      await remove(bench, key);
      store.release();
      await bench.gateway.flush();

      expect((await call()).cache).toBe('MISS');
    },
  );
});
