import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CacheCallOptions, type CacheMode, type CacheOptions, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { ask, chat, fetchChat, setUp, shortly, withCache } from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Asked = boolean | CacheCallOptions | undefined;

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
    const call = fetchChat(provider, gateway.fetch);
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
    const call = fetchChat(provider, setUp(provider).gateway.fetch);

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
    const call = fetchChat(provider, gateway.fetch);
    await call();

    const seen = await gateway.run({ cache: { mode } }, () => call(header));

    expect([seen, await call()]).toEqual([expected, after]);
  });

  it.each([
    ['the gateway has none', undefined, undefined],
    ['the scope turned it off', true, false],
  ])('never turns a cache on: %s', async (_name, cache, scope) => {
    const { gateway, settlements } = setUp(provider, { cache });
    const call = fetchChat(provider, gateway.fetch);

    const seen = await gateway.run({ cache: scope }, async () => [
      await call('max-age=60'),
      await call('max-age=60'),
    ]);

    expect(seen).toEqual(['null 1', 'null 2']);
    expect(settlements.map((settlement) => settlement.cache)).toEqual([undefined, undefined]);
  });

  it('is not sent on, and is in no key', async () => {
    const { gateway } = setUp(provider);
    const call = fetchChat(provider, gateway.fetch);
    await call('max-age=50');

    expect(await call('max-age=60')).toBe('HIT 1');
    expect(provider.requests[0]?.headers).not.toHaveProperty('x-zerohop-cache-control');
  });
});
