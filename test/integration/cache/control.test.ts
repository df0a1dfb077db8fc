import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CacheCallOptions,
  type CacheMode,
  type CacheOptions,
  type GatewayOptions,
  type Interceptor,
  perCall,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { ask, askStream, type Bench, chat, heldReply, setUp, shortly } from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Asked = boolean | CacheCallOptions | undefined;

/** Options of one call, as the SDK takes them. */
const withCache = (cache: Asked) => perCall<OpenAI.RequestOptions>({ cache });

describe('mode', () => {
  /** What a call gets where an answer is stored, and what a plain call gets after it; the same where none is. */
  const rows: readonly (readonly [CacheMode, string, string, string, string])[] = [
    ['read-write', 'HIT 1', 'HIT 1', 'MISS 1', 'HIT 1'],
    ['read-only', 'HIT 1', 'HIT 1', 'MISS 1', 'MISS 2'],
    ['write-only', 'MISS 2', 'HIT 2', 'MISS 1', 'HIT 1'],
    ['refresh', 'REFRESH 2', 'HIT 2', 'REFRESH 1', 'HIT 1'],
    ['off', 'BYPASS 2', 'HIT 1', 'BYPASS 1', 'MISS 2'],
  ];
  const plain = withCache({ mode: 'read-write' });
  const places = {
    gateway: (mode: CacheMode) => {
      const { client } = setUp(provider, { cache: { mode } });
      return { client, inMode: () => ask(client), plainly: () => ask(client, chat, plain) };
    },
    scope: (mode: CacheMode) => {
      const { client, gateway } = setUp(provider);
      const inMode = () => gateway.run({ cache: { mode } }, () => ask(client));
      return { client, inMode, plainly: () => ask(client) };
    },
    call: (mode: CacheMode) => {
      const { client } = setUp(provider);
      return {
        client,
        inMode: () => ask(client, chat, withCache({ mode })),
        plainly: () => ask(client),
      };
    },
    'call, inside a scope that says otherwise': (mode: CacheMode) => {
      const { client, gateway } = setUp(provider);
      const inScope = () => ask(client, chat, withCache({ mode }));
      const inMode = () =>
        gateway.run({ cache: { mode: mode === 'off' ? 'refresh' : 'off' } }, inScope);
      return { client, inMode, plainly: () => ask(client) };
    },
  };
  const cases = Object.entries(places).flatMap(([place, make]) =>
    rows.map((row) => ({ place, make, mode: row[0], row })),
  );

  it.each(cases)('$mode, set for the $place, where an answer is stored', async ({ make, row }) => {
    const [mode, expected, after] = row;
    const { inMode, plainly } = make(mode);
    await plainly();

    expect([shortly(await inMode()), shortly(await plainly())]).toEqual([expected, after]);
  });

  it.each(cases)('$mode, set for the $place, where none is', async ({ make, row }) => {
    const [mode, , , expected, after] = row;
    const { inMode, plainly } = make(mode);

    expect([shortly(await inMode()), shortly(await plainly())]).toEqual([expected, after]);
  });
});

describe('turning it on and off', () => {
  /** Gateway, scope and call; what the second of two equal calls finds, `null` where no cache is on. */
  const rows: readonly (readonly [boolean | CacheOptions | undefined, Asked, Asked, unknown])[] = [
    [undefined, undefined, undefined, null],
    [false, undefined, undefined, null],
    [true, undefined, undefined, 'HIT'],
    [{}, undefined, undefined, 'HIT'],
    [true, undefined, false, null],
    [true, false, undefined, null],
    [true, false, true, 'HIT'],
    [true, true, false, null],
    [true, false, {}, 'HIT'],
    [undefined, undefined, true, 'HIT'],
    [undefined, true, undefined, 'HIT'],
    [undefined, undefined, { ttl: '5m' }, 'HIT'],
    [false, undefined, true, 'HIT'],
    [false, { mode: 'read-write' }, undefined, 'HIT'],
    [undefined, true, false, null],
  ];

  it.each(rows)('gateway %j, scope %j, call %j', async (cache, scope, call, expected) => {
    const { client, gateway, settlements } = setUp(provider, { cache });
    const once = () => gateway.run({ cache: scope }, () => ask(client, chat, withCache(call)));
    await once();

    const again = await once();

    expect(again.cache).toBe(expected);
    expect(settlements.at(-1)?.cache?.status ?? null).toBe(expected);
    expect(provider.requests).toHaveLength(expected === null ? 2 : 1);
  });

  it('takes no part in what is not a call of a model', async () => {
    const { client, settlements } = setUp(provider);

    await client.models.list();
    await client.models.list();

    expect(settlements.map(({ cache }) => cache)).toEqual(
      Array.from({ length: 2 }, () => ({ status: 'BYPASS', reason: 'passthrough' })),
    );
    expect(provider.requests).toHaveLength(2);
  });

  it('leaves the bare SDK alone', async () => {
    const { client, gateway } = setUp(provider);
    await ask(client);

    const bare = await ask(client, chat, perCall({ bypass: true }));
    gateway.bypass(true);
    const off = await ask(client);

    expect([bare.cache, bare.id, off.cache, off.id]).toEqual([
      null,
      expect.stringMatching(/2$/),
      null,
      expect.stringMatching(/3$/),
    ]);
  });
});

describe('options of gateway, scope and call', () => {
  const rows: readonly (readonly [CacheOptions, Asked, Asked, string])[] = [
    [{ ttl: '2h' }, undefined, undefined, '7200'],
    [{}, undefined, undefined, '3600'],
    [{ ttl: '2h' }, { ttl: '10m' }, undefined, '600'],
    [{ ttl: '2h' }, { ttl: '10m' }, { ttl: '30s' }, '30'],
    [{ ttl: '2h' }, { ttl: '10m' }, { maxAge: '1s' }, '600'],
    [{ ttl: '2h' }, { ttl: '10m' }, { ttl: undefined }, '600'],
    [{ ttl: '2h' }, true, true, '7200'],
    [{ ttl: '2h' }, false, true, '7200'],
    [{ ttl: '2h' }, { maxAge: 1 }, { tags: ['a'] }, '7200'],
  ];

  it.each(rows)('the nearer member wins: %j, %j, %j', async (cache, scope, call, ttl) => {
    const { client, gateway } = setUp(provider, { cache });

    const answer = await gateway.run({ cache: scope }, () => ask(client, chat, withCache(call)));

    expect(answer).toMatchObject({ cache: 'MISS', ttl });
  });

  it('an inner scope replaces what an outer one says of the cache', async () => {
    const { client, gateway } = setUp(provider);

    const answer = await gateway.run({ cache: { ttl: '10m' } }, () =>
      gateway.run({ cache: { mode: 'refresh' } }, () => ask(client)),
    );

    expect(answer).toMatchObject({ cache: 'REFRESH', ttl: '3600' });
  });
});

describe('ttl', () => {
  const rows: readonly (readonly [CacheOptions['ttl'], number])[] = [
    [undefined, HOUR],
    [1_500, 1_500],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['5m', 5 * MINUTE],
    ['1h', HOUR],
    ['7d', 168 * HOUR],
  ];

  it.each(rows)('%j is how long an answer is given out', async (ttl, ttlMs) => {
    const { client, clock } = setUp(provider, { cache: { ttl } });
    await ask(client);

    clock.advance(ttlMs - 1);
    const last = await ask(client);
    clock.advance(1);
    const after = await ask(client);

    expect([shortly(last), shortly(after)]).toEqual(['HIT 1', 'MISS 2']);
    expect(last.age).toBe(String(Math.floor((ttlMs - 1) / 1_000)));
    expect(last.ttl).toBe('1');
  });

  it('is that of the call that stored the answer', async () => {
    const { client, clock } = setUp(provider);
    await ask(client, chat, withCache({ ttl: '1m' }));
    clock.advance(2 * MINUTE);

    expect(shortly(await ask(client, chat, withCache({ ttl: '1h' })))).toBe('MISS 2');
  });
});

describe('maxAge', () => {
  it.each<[CacheCallOptions['maxAge'], string]>([
    ['39s', 'MISS 2'],
    [39_999, 'MISS 2'],
    ['40s', 'HIT 1'],
    ['1h', 'HIT 1'],
    [0, 'MISS 2'],
    [undefined, 'HIT 1'],
  ])('%j, asked of an answer that is 40 s old', async (maxAge, expected) => {
    const { client, clock } = setUp(provider);
    await ask(client);
    clock.advance(40_000);

    expect(shortly(await ask(client, chat, withCache({ maxAge })))).toBe(expected);
  });

  it('replaces an answer that was too old with the one it asked for', async () => {
    const { client, clock } = setUp(provider);
    await ask(client);
    clock.advance(40_000);
    await ask(client, chat, withCache({ maxAge: '1s' }));

    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it('also bounds what is given out stale', async () => {
    const { client, clock } = setUp(provider, { cache: { ttl: '1m', staleWhileRevalidate: '1h' } });
    await ask(client);
    clock.advance(10 * MINUTE);

    expect(shortly(await ask(client, chat, withCache({ maxAge: '5m' })))).toBe('MISS 2');
  });
});

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
    ['a whole one', ask],
    ['a stream', askStream],
  ])('keeps an answer that is under way from being given out later: %s', async (_, call) => {
    const bench = setUp(provider, { cache });
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
    await Promise.race([after, provider.waitForRequest(2), Promise.resolve().then(release)]);

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

describe('staleWhileRevalidate', () => {
  const cache = { ttl: '1m', staleWhileRevalidate: '10m' } as const;

  /** A gateway in which the answer to {@link chat} has been stale for a minute. */
  async function stale(options: GatewayOptions = {}) {
    const bench = setUp(provider, { cache, ...options });
    await ask(bench.client);
    bench.clock.advance(2 * MINUTE);
    return bench;
  }

  it('gives the stale answer at once, with one call in the background for all who ask', async () => {
    const { client, gateway } = await stale();
    const { reply, release } = heldReply();
    provider.enqueue(reply);

    const seen = await Promise.all(Array.from({ length: 10 }, () => ask(client)));
    await provider.waitForRequest(2);
    seen.push(await ask(client), await askStream(client));
    release();
    await gateway.flush();

    expect(new Set(seen.map(shortly))).toEqual(new Set(['STALE 1']));
    expect(seen[0]).toMatchObject({ age: '120', ttl: '-60' });
    expect(provider.requests).toHaveLength(2);
    expect(await ask(client)).toMatchObject({ cache: 'HIT', age: '0', ttl: '60' });
    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each([
    [60_000 - 1, 'HIT 1'],
    [60_000, 'STALE 1'],
    [660_000 - 1, 'STALE 1'],
    [660_000, 'MISS 2'],
  ])('%d ms after the answer was stored: %s', async (ageMs, expected) => {
    const { client, clock, gateway } = setUp(provider, { cache });
    await ask(client);
    clock.advance(ageMs);

    expect(shortly(await ask(client))).toBe(expected);
    await gateway.flush();
  });

  it.each([
    ['fails', { status: 500 }],
    ['is refused', { status: 400 }],
    ['breaks off', { fault: 'reset' }],
    ['is cut short', { finishReason: 'length' }],
  ])('keeps the stale answer where the new one %s, and tries again', async (_name, reply) => {
    const { client, gateway } = await stale();
    provider.enqueue(reply);
    await ask(client);
    await gateway.flush();
    const requests = provider.requests.length;

    const again = await ask(client);
    await gateway.flush();

    expect(again).toMatchObject({ cache: 'STALE', id: expect.stringMatching(/1$/) });
    expect([requests, provider.requests.length]).toEqual([2, 3]);
    expect((await ask(client)).cache).toBe('HIT');
  });

  it('asks anew with the very request, in the mode of the caller', async () => {
    const { client, gateway } = await stale();

    await askStream(client, { ...chat, stream_options: { include_usage: true } });
    await gateway.flush();

    expect(provider.requests[1]?.json).toEqual({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(shortly(await askStream(client))).toBe('HIT 2');
  });

  it('goes on where the caller gives up', async () => {
    const { client, gateway } = await stale();
    const { reply, release } = heldReply();
    provider.enqueue(reply);
    const controller = new AbortController();

    await ask(client, chat, { signal: controller.signal });
    await provider.waitForRequest(2);
    controller.abort();
    release();
    await gateway.flush();

    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each<[string, (bench: Bench) => Promise<unknown>]>([
    ['tenant', ({ client }) => ask(client, chat, perCall({ tenant: 't' }))],
    ['scope', ({ client, gateway }) => gateway.run({ tenant: 't' }, () => ask(client))],
    ['key', ({ client }) => ask(client, chat, withCache({ key: 'k' }))],
    ['headers', ({ client }) => ask(client, chat, { headers: { 'x-feature': 'on' } })],
    ['tags', ({ client }) => ask(client, { ...chat, seed: 3 }, withCache({ tags: ['a'] }))],
  ])('replaces the very answer that was given: %s', async (_name, call) => {
    const bench = setUp(provider, { cache });
    const statuses = async () => {
      await call(bench);
      await bench.gateway.flush();
      return bench.settlements.map((settlement) => settlement.cache?.status);
    };
    await statuses();
    bench.clock.advance(2 * MINUTE);
    await statuses();

    expect(await statuses()).toEqual(['MISS', 'STALE', 'REFRESH', 'HIT']);
    expect(new Set(bench.settlements.map((settlement) => settlement.cache?.key)).size).toBe(1);
  });

  it.each([
    ['that may store nothing', { mode: 'read-only' }],
    ['that reads nothing', { mode: 'refresh' }],
  ] as const)('has nothing done in the background for a call %s', async (_name, options) => {
    const { client, gateway, settlements } = await stale();

    await ask(client, chat, withCache(options));
    await gateway.flush();

    expect(provider.requests).toHaveLength(options.mode === 'refresh' ? 2 : 1);
    expect(settlements).toHaveLength(2);
  });

  it('asks for nothing in vain where a request forbids to store', async () => {
    const { gateway, clock } = setUp(provider, { cache });
    const call = fetchChat(gateway.fetch);
    await call();
    clock.advance(2 * MINUTE);

    const answer = await call('no-store');
    await gateway.flush();

    expect(answer).toBe('STALE 1');
    expect(provider.requests).toHaveLength(1);
  });

  it('does not keep a gateway from closing', async () => {
    const { client, gateway } = await stale();
    await ask(client);

    await gateway.close();

    expect(provider.requests).toHaveLength(2);
  });
});

/** A chat call at `gateway.fetch`, with a `x-zerohop-cache-control`; as {@link shortly} tells it. */
function fetchChat(fetch: typeof globalThis.fetch) {
  return async (cacheControl?: string): Promise<string> => {
    const response = await fetch(`${provider.baseURL}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer sk-test',
        ...(cacheControl !== undefined && { 'x-zerohop-cache-control': cacheControl }),
      },
      body: JSON.stringify(chat),
    });
    const { id }: { id: string } = JSON.parse(await response.text());
    const labels = { key: '', age: null, ttl: null, text: null };
    return shortly({ ...labels, cache: response.headers.get('x-zerohop-cache'), id });
  };
}

describe('staleIfError', () => {
  const cache = { ttl: '1m', staleIfError: '10m' } as const;

  async function stale(options: GatewayOptions = {}, clientOptions = {}) {
    const bench = setUp(provider, { cache, ...options }, clientOptions);
    await ask(bench.client);
    bench.clock.advance(2 * MINUTE);
    return bench;
  }

  const outages = [
    ...[500, 502, 503, 504, 529, 429, 408].map((status) => [String(status), { status }] as const),
    ['a connection that is reset', { fault: 'reset' }],
    ['a connection that is closed', { fault: 'close' }],
    ['a body that is cut short', { fault: 'short-body' }],
    ['a page of HTML', { fault: 'html' }],
    ['a body that is no JSON', { fault: 'malformed' }],
    ['an empty body', { body: '' }],
    [
      'an error in a 200',
      { json: { error: { message: 'overloaded', type: 'server_error', code: 'server_error' } } },
    ],
  ] as const;

  it.each(outages)('gives the stale answer on %s', async (_name, reply) => {
    const { client, settlements } = await stale();
    provider.enqueue(reply);

    const answer = await ask(client);

    expect(answer).toMatchObject({ cache: 'STALE', age: '120', ttl: '-60' });
    expect(shortly(answer)).toBe('STALE 1');
    expect(settlements.at(-1)).toMatchObject({
      outcome: 'success',
      usageMissing: 'cached',
      cost: { amount: 0 },
      decisions: expect.arrayContaining([{ kind: 'cache-stale-if-error' }]),
      attempts: [{ failure: expect.anything() }],
    });
  });

  it.each(outages.slice(0, 9))('does so for a stream: %s', async (_name, reply) => {
    const { client } = await stale();
    provider.enqueue(reply);

    expect(shortly(await askStream(client))).toBe('STALE 1');
  });

  it.each([400, 401, 403, 404, 409, 413, 422])('does not on %d', async (status) => {
    const { client } = await stale();
    provider.enqueue({ status });

    await expect(ask(client)).rejects.toMatchObject({ status });
  });

  it('does not on a 200 that holds an error of the caller', async () => {
    const { client } = await stale();
    const error = { message: 'the prompt is too long', code: 400, type: 'invalid_request_error' };
    provider.enqueue({ json: { error } });

    await expect(ask(client)).rejects.toThrow('the prompt is too long');
  });

  it.each([
    ['timeouts.total', { timeouts: { total: 1_000 } }, {}],
    ["the SDK's own timeout", {}, { timeout: 50 }],
  ])('gives it where the provider says nothing: %s', async (_name, options, request) => {
    const { client, clock } = await stale(options);
    provider.enqueue({ fault: 'hang' });

    const call = ask(client, chat, request);
    await provider.waitForRequest(2);
    clock.advance(1_000);

    expect(shortly(await call)).toBe('STALE 1');
  });

  it('gives it once all attempts have failed', async () => {
    const { client } = await stale({}, { maxRetries: 2 });
    provider.enqueue({ status: 503 }, { times: 3 });

    const answer = await ask(client);

    expect(shortly(answer)).toBe('STALE 1');
    expect(provider.requests).toHaveLength(4);
  });

  it('asks first, each time', async () => {
    const { client } = await stale();
    provider.enqueue({ status: 503 });
    await ask(client);

    expect(shortly(await ask(client))).toBe('MISS 2');
    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each([
    [660_000 - 1, 'STALE 1'],
    [660_000, '503'],
  ])('%d ms after the answer was stored: %s', async (ageMs, expected) => {
    const { client, clock } = setUp(provider, { cache });
    await ask(client);
    clock.advance(ageMs);
    provider.enqueue({ status: 503 });

    const seen = await ask(client).then(shortly, ({ status }: { status: number }) => `${status}`);

    expect(seen).toBe(expected);
  });

  it('does not where the caller gives up', async () => {
    const { client } = await stale();
    provider.enqueue({ fault: 'hang' });
    const controller = new AbortController();

    const call = ask(client, chat, { signal: controller.signal });
    await provider.waitForRequest(2);
    controller.abort();

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
  });

  it('does not where an interceptor throws', async () => {
    const broken = { now: false };
    const breaks: Interceptor = async function breaks(request, next) {
      if (broken.now) throw new Error('mine');
      return next(request);
    };
    const { client } = await stale({ attemptInterceptors: [breaks] });
    broken.now = true;

    await expect(ask(client)).rejects.toThrow('mine');
  });

  it('is not what staleWhileRevalidate is: both may be set', async () => {
    const both = { ttl: '1m', staleWhileRevalidate: '1m', staleIfError: '10m' } as const;
    const { client, gateway, clock } = setUp(provider, { cache: both });
    await ask(client);
    provider.enqueue({ status: 503 }, { times: 2 });

    clock.advance(90_000);
    const early = await ask(client);
    await gateway.flush();
    clock.advance(90_000);
    const late = await ask(client);

    expect([shortly(early), shortly(late)]).toEqual(['STALE 1', 'STALE 1']);
    expect(provider.requests).toHaveLength(3);
  });
});

describe('x-zerohop-cache-control', () => {
  /** What a call with it gets of an answer that is 40 s old, and what a plain call gets after it. */
  it.each([
    [undefined, 'HIT 1', 'HIT 1'],
    ['', 'HIT 1', 'HIT 1'],
    ['no-store', 'HIT 1', 'HIT 1'],
    ['no-cache', 'REFRESH 2', 'HIT 2'],
    ['NO-CACHE', 'REFRESH 2', 'HIT 2'],
    ['no-cache="set-cookie"', 'REFRESH 2', 'HIT 2'],
    ['no-cache, no-store', 'BYPASS 2', 'HIT 1'],
    ['no-store,no-cache', 'BYPASS 2', 'HIT 1'],
    ['max-age=39', 'MISS 2', 'HIT 2'],
    ['max-age=40', 'HIT 1', 'HIT 1'],
    [' Max-Age = 39 ', 'MISS 2', 'HIT 2'],
    ['max-age="39"', 'MISS 2', 'HIT 2'],
    ['max-age=39, no-store', 'MISS 2', 'HIT 1'],
    ['max-age=60, max-age=39', 'MISS 2', 'HIT 2'],
    ['max-age=39, max-age=60', 'MISS 2', 'HIT 2'],
    ['max-age=0', 'MISS 2', 'HIT 2'],
    ['max-age=soon', 'MISS 2', 'HIT 2'],
    ['max-age=-1', 'MISS 2', 'HIT 2'],
    ['max-age=1e9', 'MISS 2', 'HIT 2'],
    ['max-age', 'MISS 2', 'HIT 2'],
    ['no-transform, only-if-cached, x=y, =, ,;', 'HIT 1', 'HIT 1'],
    ['x-no-cache, no-storage', 'HIT 1', 'HIT 1'],
  ])('%j, where an answer is stored', async (header, expected, after) => {
    const { gateway, clock } = setUp(provider);
    const call = fetchChat(gateway.fetch);
    await call();
    clock.advance(40_000);

    expect([await call(header), await call()]).toEqual([expected, after]);
  });

  it.each([
    ['no-store', 'MISS 1', 'MISS 2'],
    ['no-cache', 'REFRESH 1', 'HIT 1'],
    ['no-cache, no-store', 'BYPASS 1', 'MISS 2'],
    ['max-age=0', 'MISS 1', 'HIT 1'],
  ])('%j, where none is', async (header, expected, after) => {
    const call = fetchChat(setUp(provider).gateway.fetch);

    expect([await call(header), await call()]).toEqual([expected, after]);
  });

  it.each<[CacheMode, string, string, string]>([
    ['read-only', 'no-cache', 'BYPASS 2', 'HIT 1'],
    ['read-only', 'no-store', 'HIT 1', 'HIT 1'],
    ['write-only', 'no-store', 'BYPASS 2', 'HIT 1'],
    ['write-only', 'no-cache', 'REFRESH 2', 'HIT 2'],
    ['refresh', 'no-store', 'BYPASS 2', 'HIT 1'],
    ['off', 'no-cache', 'BYPASS 2', 'HIT 1'],
    ['off', 'max-age=100', 'BYPASS 2', 'HIT 1'],
  ])('only takes away from what mode %s allows: %j', async (mode, header, expected, after) => {
    const { gateway } = setUp(provider);
    const call = fetchChat(gateway.fetch);
    await call();

    const seen = await gateway.run({ cache: { mode } }, () => call(header));

    expect([seen, await call()]).toEqual([expected, after]);
  });

  it.each([
    ['the gateway has none', undefined, undefined],
    ['the scope turned it off', true, false],
  ])('never turns a cache on: %s', async (_name, cache, scope) => {
    const { gateway, settlements } = setUp(provider, { cache });
    const call = fetchChat(gateway.fetch);

    const seen = await gateway.run({ cache: scope }, async () => [
      await call('max-age=60'),
      await call('max-age=60'),
    ]);

    expect(seen).toEqual(['null 1', 'null 2']);
    expect(settlements.map((settlement) => settlement.cache)).toEqual([undefined, undefined]);
  });

  it('is not sent on, and is in no key', async () => {
    const { gateway } = setUp(provider);
    const call = fetchChat(gateway.fetch);
    await call('max-age=50');

    expect(await call('max-age=60')).toBe('HIT 1');
    expect(provider.requests[0]?.headers).not.toHaveProperty('x-zerohop-cache-control');
  });
});

describe('a key of its own', () => {
  const other = { ...chat, messages: [{ role: 'user' as const, content: 'something else' }] };

  it('finds one answer for whatever body', async () => {
    const { client } = setUp(provider);
    const options = withCache({ key: 'greeting' });

    const seen = [
      await ask(client, chat, options),
      await ask(client, other, options),
      await ask(client, { ...other, model: 'gpt-5' }, options),
      await askStream(client, other, options),
    ];

    expect(seen.map(shortly)).toEqual(['MISS 1', 'HIT 1', 'HIT 1', 'HIT 1']);
  });

  it('is none of the keys that bodies make', async () => {
    const { client } = setUp(provider);
    const { key } = await ask(client);

    expect((await ask(client, chat, withCache({ key }))).cache).toBe('MISS');
    expect((await ask(client, chat, withCache({ key: 'a' }))).cache).toBe('MISS');
    expect((await ask(client, chat, withCache({ key: 'A' }))).cache).toBe('MISS');
  });

  it('is not shared by tenants, clients with other credentials, or operations', async () => {
    const { client } = setUp(provider, { cache: { key: 'k' } });
    const input = { model: 'gpt-5-mini', input: 'x' };
    const statusOf = async (call: { withResponse(): Promise<{ response: Response }> }) =>
      (await call.withResponse()).response.headers.get('x-zerohop-cache');

    const seen = [
      (await ask(client)).cache,
      (await ask(client, chat, perCall({ tenant: 'one' }))).cache,
      (await ask(client, chat, perCall({ tenant: 'two' }))).cache,
      (await ask(client.withOptions({ apiKey: 'other' }))).cache,
      await statusOf(client.embeddings.create(input)),
      await statusOf(client.responses.create({ ...input, store: false })),
    ];

    expect(seen).toEqual(['MISS', 'MISS', 'MISS', 'MISS', 'MISS', 'MISS']);
  });

  it('may be a function of the request and its context', async () => {
    const { client } = setUp(provider, {
      cache: { key: ({ operation }, { metadata }) => `${operation}:${metadata.topic}` },
    });
    const topic = (name: string) => perCall<OpenAI.RequestOptions>({ metadata: { topic: name } });

    const seen = [
      await ask(client, chat, topic('a')),
      await ask(client, other, topic('a')),
      await ask(client, chat, topic('b')),
    ];

    expect(seen.map(shortly)).toEqual(['MISS 1', 'HIT 1', 'MISS 2']);
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['an empty text', () => ''],
    ['a number', () => 7],
    ['a promise', () => Promise.resolve('k')],
  ])('leaves the body in where the function gives %s', async (_name, given) => {
    // What a caller without types may pass.
    const key = given as () => string | undefined;
    const { client } = setUp(provider, { cache: { key } });

    const seen = [await ask(client), await ask(client, other), await ask(client)];

    expect(seen.map(shortly)).toEqual(['MISS 1', 'MISS 2', 'HIT 1']);
  });

  it.each<[string, () => never]>([
    [
      'an error',
      () => {
        throw new Error('mine');
      },
    ],
    [
      'no error',
      () => {
        // What careless code throws.
        throw 'mine' as unknown as Error;
      },
    ],
  ])('leaves the body in where the function throws %s, and says so', async (_name, key) => {
    const warnings: unknown[] = [];
    const { client } = setUp(provider, {
      cache: { key },
      logger: { warn: (message) => warnings.push(message) },
    });

    const seen = [await ask(client), await ask(client, other), await ask(client)];

    expect(seen.map(shortly)).toEqual(['MISS 1', 'MISS 2', 'HIT 1']);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(/^cache\.key threw/);
  });

  it('does not let a function that throws, and a logger that does, break the call', async () => {
    const fail = () => {
      throw new Error('mine');
    };
    const { client } = setUp(provider, { cache: { key: fail }, logger: { warn: fail } });

    await expect(ask(client)).resolves.toMatchObject({ cache: 'MISS' });
  });
});

describe('vary', () => {
  const rows: readonly (readonly [unknown, unknown, string])[] = [
    ['a', 'a', 'HIT'],
    ['a', 'b', 'MISS'],
    [1, '1', 'MISS'],
    [true, 'true', 'MISS'],
    [null, undefined, 'MISS'],
    [undefined, undefined, 'HIT'],
    [['a', 'b'], ['a', 'b'], 'HIT'],
    [['a', 'b'], ['b', 'a'], 'MISS'],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, 'HIT'],
    [{ a: 1 }, { a: 2 }, 'MISS'],
  ];

  it.each(rows)('tells %j from %j: %s', async (one, two, expected) => {
    const { client } = setUp(provider, { cache: { vary: ['locale'] } });
    await ask(client, chat, perCall({ metadata: { locale: one } }));

    const again = await ask(client, chat, perCall({ metadata: { locale: two } }));

    expect(again.cache).toBe(expected);
  });

  it('looks at what it names, and at nothing else', async () => {
    const { client } = setUp(provider, { cache: { vary: ['locale'] } });
    await ask(client, chat, perCall({ metadata: { locale: 'a', user: 1 } }));

    const again = await ask(client, chat, perCall({ metadata: { locale: 'a', user: 2 } }));

    expect(again.cache).toBe('HIT');
  });

  it('takes metadata from wherever it is set', async () => {
    const { client, gateway } = setUp(provider, {
      cache: { vary: ['locale'] },
      metadata: { locale: 'en' },
    });
    await ask(client);

    const inScope = await gateway.run({ metadata: { locale: 'fr' } }, () => ask(client));
    const same = await ask(client, chat, perCall({ metadata: { locale: 'en' } }));

    expect([inScope.cache, same.cache]).toEqual(['MISS', 'HIT']);
  });

  it('leaves the cache out where a value has no JSON', async () => {
    const { client, settlements } = setUp(provider, { cache: { vary: ['locale'] } });
    const options = () => perCall<OpenAI.RequestOptions>({ metadata: { locale: 1n } });
    await ask(client, chat, options());
    await ask(client, chat, options());

    expect(settlements.map((settlement) => settlement.cache)).toEqual(
      Array.from({ length: 2 }, () => ({ status: 'BYPASS', reason: 'uncanonical' })),
    );
  });
});

describe('what does not count', () => {
  it.each<[string, CacheOptions, string]>([
    ['nothing', {}, 'MISS'],
    ['the member that differs', { exclude: ['user'] }, 'HIT'],
    ['another member', { exclude: ['seed'] }, 'MISS'],
    ['a member of a member', { exclude: ['content'] }, 'MISS'],
  ])('exclude: %s', async (_name, cache, expected) => {
    const { client } = setUp(provider, { cache });
    await ask(client, { ...chat, user: 'one' });

    const messages = [...chat.messages];
    expect((await ask(client, { ...chat, messages, user: 'two' })).cache).toBe(expected);
  });

  it('is left out of the key, not of the request', async () => {
    const { client } = setUp(provider, { cache: { exclude: ['user'] } });
    await ask(client, { ...chat, user: 'one' });

    expect(provider.requests[0]?.json).toEqual({ ...chat, user: 'one' });
  });

  it.each<[string, CacheOptions, string]>([
    ['nothing', {}, 'MISS'],
    ['the header that differs', { ignoreHeaders: ['X-Run'] }, 'HIT'],
    ['another header', { ignoreHeaders: ['x-walk'] }, 'MISS'],
  ])('ignoreHeaders: %s', async (_name, cache, expected) => {
    const { client } = setUp(provider, { cache });
    await ask(client, chat, { headers: { 'x-run': '1' } });

    expect((await ask(client, chat, { headers: { 'x-run': '2' } })).cache).toBe(expected);
  });

  it('never is a credential', async () => {
    const { client } = setUp(provider, { cache: { ignoreHeaders: ['authorization', 'api-key'] } });
    await ask(client, chat, { headers: { authorization: 'Bearer one' } });

    const again = await ask(client, chat, { headers: { authorization: 'Bearer two' } });

    expect(again.cache).toBe('MISS');
  });
});

describe('version', () => {
  it('tells the answers of two gateways on one store apart', async () => {
    const store = new Map<string, unknown>();
    const on = (version?: string) => setUp(provider, { cache: { store, version } });
    const first = on('1');
    await ask(first.client);
    await first.gateway.flush();

    const seen = [await ask(on('1').client), await ask(on('2').client), await ask(on().client)];

    expect(seen.map(({ cache }) => cache)).toEqual(['HIT', 'MISS', 'MISS']);
  });
});

describe("only: 'deterministic'", () => {
  const rows: readonly (readonly [string, object, string])[] = [
    ['temperature 0', { temperature: 0 }, 'HIT'],
    ['no temperature', {}, 'BYPASS'],
    ['temperature null', { temperature: null }, 'BYPASS'],
    ['temperature 0.1', { temperature: 0.1 }, 'BYPASS'],
    ['temperature 0 and n 2', { temperature: 0, n: 2 }, 'BYPASS'],
    ['temperature 0 and n 1', { temperature: 0, n: 1 }, 'HIT'],
    ['temperature 0 and tools', { temperature: 0, tools: [] }, 'HIT'],
  ];

  it.each(rows)('%s', async (_name, body, expected) => {
    const { client, settlements } = setUp(provider, { cache: { only: 'deterministic' } });
    await ask(client, { ...chat, ...body });

    expect((await ask(client, { ...chat, ...body })).cache).toBe(expected);
    if (expected === 'BYPASS') {
      expect(settlements[1]?.cache).toEqual({ status: 'BYPASS', reason: 'not_deterministic' });
    }
  });

  it('stores embeddings', async () => {
    const { client, settlements } = setUp(provider, { cache: { only: 'deterministic' } });
    const input = { model: 'text-embedding-3-small', input: 'Hi.' };
    await client.embeddings.create(input);
    await client.embeddings.create(input);

    expect(settlements.map((settlement) => settlement.cache?.status)).toEqual(['MISS', 'HIT']);
  });

  it("gives way to a call's 'any'", async () => {
    const { client } = setUp(provider, { cache: { only: 'deterministic' } });
    const options = withCache({ only: 'any' });
    await ask(client, chat, options);

    expect((await ask(client, chat, options)).cache).toBe('HIT');
  });
});
