import type OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CacheOptions, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { ask, askStream, chat, setUp, shortly, withCache } from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

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
