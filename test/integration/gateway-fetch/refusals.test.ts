import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGateway, type GatewayOptions, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { chatInit } from './chat-init.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

function setUp(options: GatewayOptions = {}) {
  const gateway = createGateway(options);
  const settled: Settlement[] = [];
  gateway.on('settled', (settlement) => settled.push(settlement));
  return { gateway, settled, chatURL: `${provider.baseURL}/chat/completions` };
}

describe('the origins that gateway.fetch may send to', () => {
  it.each([
    ['none is named, http on another host', undefined, 'http://api.example.com/v1'],
    [
      'none is named, http on what only looks like loopback',
      undefined,
      'http://127.example.com/v1',
    ],
    ['none is named, http on localhost of another', undefined, 'http://localhost.example.com/v1'],
    ['none is named, another scheme', undefined, 'ftp://127.0.0.1/v1'],
    ['one is named, another', ['https://api.openai.com'], 'https://api.example.com/v1'],
    ['one is named, another port', ['https://api.openai.com'], 'https://api.openai.com:8443/v1'],
    ['one is named, another scheme', ['https://api.openai.com'], 'http://api.openai.com/v1'],
    ['one is named, a name below it', ['https://openai.com'], 'https://api.openai.com/v1'],
    [
      'one is named, it as user name',
      ['https://api.openai.com'],
      'https://api.openai.com@example.com/',
    ],
    ['none is allowed', [], 'https://api.openai.com/v1'],
  ])('are kept where %s', async (_, origins, url) => {
    const out = vi.fn();
    vi.stubGlobal('fetch', out);
    const { gateway, settled } = setUp({ origins });

    const response = await gateway.fetch(url, chatInit());

    expect(response.status).toBe(403);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({
      error: {
        type: 'gateway_error',
        code: 'zerohop_origin',
        message: expect.stringContaining('gateway.origins'),
      },
    });
    expect(out).not.toHaveBeenCalled();
    expect(settled).toEqual([]);
  });

  it.each([
    ['http on loopback', undefined, (url: string) => url],
    ['http on localhost', undefined, (url: string) => url.replace('127.0.0.1', 'localhost')],
    [
      'http on loopback in another spelling',
      undefined,
      (url: string) => url.replace('127.0.0.1', '127.1'),
    ],
    ['what is named', [''], (url: string) => url],
  ])('admit %s', async (_, origins, spell) => {
    const { gateway, chatURL } = setUp({ origins: origins?.map(() => `${provider.url}/`) });

    const response = await gateway.fetch(spell(chatURL), chatInit());

    expect(response.status).toBe(200);
  });

  it('admit https by default', async () => {
    vi.stubGlobal('fetch', async () =>
      Response.json({
        id: 'c',
        choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }],
      }),
    );
    const { gateway } = setUp();

    const response = await gateway.fetch('https://api.example.com/v1/chat/completions', chatInit());

    expect(response.status).toBe(200);
  });
});

describe('x-zerohop-* request headers', () => {
  const given = {
    'X-Zerohop-Metadata': '{"userId":"u1"}',
    'x-zerohop-anything': 'x',
    'x-other': 'kept',
  };

  it.each<{ name: string; path?: string; off?: boolean; asRequest?: boolean }>([
    { name: 'on a call' },
    { name: 'on what is passed through', path: '/files' },
    { name: 'while the gateway is off', off: true },
    { name: 'of a Request', asRequest: true },
  ])(
    'never reach the wire: $name',
    async ({ path = '/chat/completions', off = false, asRequest }) => {
      const { gateway } = setUp();
      gateway.bypass(off);
      const url = `${provider.baseURL}${path}`;
      const init = chatInit({ headers: given });

      await (asRequest ? gateway.fetch(new Request(url, init)) : gateway.fetch(url, init));

      const names = Object.keys(provider.requests[0]?.headers ?? {});
      expect(names.filter((name) => name.startsWith('x-zerohop'))).toEqual([]);
      expect(names).toContain('x-other');
    },
  );

  it('carry metadata, over that of the gateway and of the scope', async () => {
    const seen: unknown[] = [];
    const { gateway, settled, chatURL } = setUp({
      metadata: { service: 's', userId: 'none' },
      interceptors: [
        (request, next, { metadata }) => {
          seen.push({ ...metadata });
          return next(request);
        },
      ],
    });

    await gateway.run({ metadata: { route: 'r' } }, () =>
      gateway.fetch(chatURL, chatInit({ headers: given })),
    );

    expect(seen).toEqual([{ service: 's', route: 'r', userId: 'u1' }]);
    expect({ ...settled[0]?.metadata }).toEqual(seen[0]);
  });

  it('carry nothing else: targets, limits and tenants are not theirs', async () => {
    const { gateway, settled, chatURL } = setUp();
    const headers = {
      'x-zerohop-target': 'https://elsewhere.example.com',
      'x-zerohop-bypass': 'true',
    };

    const response = await gateway.fetch(chatURL, chatInit({ headers }));

    expect(response.status).toBe(200);
    expect(settled).toMatchObject([{ attempts: [{ target: new URL(chatURL).host }] }]);
  });

  it.each([
    ['text', 'userId=u1'],
    ['cut JSON', '{"userId":'],
    ['a list', '["u1"]'],
    ['a string', '"u1"'],
    ['null', 'null'],
    ['nothing', ''],
    ['too much', JSON.stringify({ a: 'x'.repeat(8 * 1024) })],
  ])('with metadata that is %s are refused with their name', async (_, value) => {
    const { gateway, settled, chatURL } = setUp();

    const response = await gateway.fetch(
      chatURL,
      chatInit({ headers: { 'x-zerohop-metadata': value } }),
    );

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'zerohop_request', message: expect.stringMatching(/^x-zerohop-metadata: /) },
    });
    expect(provider.requests).toHaveLength(0);
    expect(settled).toEqual([]);
  });

  it('with metadata named like what every object has stay metadata', async () => {
    const { gateway, settled, chatURL } = setUp();
    const headers = { 'x-zerohop-metadata': '{"__proto__":{"polluted":true},"constructor":"c"}' };

    await gateway.fetch(chatURL, chatInit({ headers }));

    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Object.keys(settled[0]?.metadata ?? {})).toContain('constructor');
  });
});

describe('a closed gateway', () => {
  it('answers 503, and says not to try again', async () => {
    const { gateway, chatURL } = setUp();
    await gateway.close();

    const response = await gateway.fetch(chatURL, chatInit());

    expect(response.status).toBe(503);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { code: 'zerohop_closed' } });
    expect(provider.requests).toHaveLength(0);
  });
});
