import { text } from 'node:stream/consumers';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGateway, createGatewayClient } from 'zerohop';

import { createTransport } from '../../../src/transport/transport.js';
import { startHttp, type TestServer } from '../../support/servers.js';

interface Seen {
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

let seen: Seen[];
let server: TestServer;
beforeEach(async () => {
  seen = [];
  server = await startHttp(async (request, response) => {
    const { method, headers } = request;
    seen.push({ method, headers, body: await text(request) });
    response.setHeader('content-type', 'application/json');
    response.end('{"id":"c","choices":[]}');
  });
});
afterEach(() => server[Symbol.asyncDispose]());

/** Watches the global fetch, as something that is still the runtime's own. */
function countFetches(): { readonly count: number } {
  const original = globalThis.fetch;
  const counter = { count: 0 };
  // Its source names the runtime's own file, as that of the original does.
  const internal_deps_undici = (...args: Parameters<typeof fetch>) => {
    /* internal/deps/undici */
    // The SDK tries whether a fetch takes forms on a data: URL first.
    if (!String(args[0]).startsWith('data:')) counter.count += 1;
    return original(...args);
  };
  vi.stubGlobal('fetch', internal_deps_undici);
  return counter;
}

const form = () => {
  const data = new FormData();
  data.set('purpose', 'x');
  return data;
};

/** Bodies, and whether the gateway can send them without the global fetch. */
const bodies: readonly (readonly [string, () => RequestInit, boolean])[] = [
  ['text', () => ({ body: 'h\u00e9llo' }), true],
  ['JSON', () => ({ body: '{"a":1}', headers: { 'content-type': 'application/json' } }), true],
  ['bytes', () => ({ body: Uint8Array.of(104, 105) }), true],
  ['a part of larger bytes', () => ({ body: Buffer.from('xhix').subarray(1, 3) }), true],
  ['nothing', () => ({ body: '' }), true],
  ['no body', () => ({}), true],
  ['null', () => ({ body: null }), true],
  ['a buffer', () => ({ body: Uint8Array.of(104, 105).buffer }), false],
  ['a blob', () => ({ body: new Blob(['hi'], { type: 'text/x' }) }), false],
  ['a form', () => ({ body: form() }), false],
  ['a query', () => ({ body: new URLSearchParams({ a: 'b' }) }), false],
  ['a stream', () => ({ body: new Blob(['hi']).stream(), duplex: 'half' as const }), false],
];

describe('a request body', () => {
  it.each(bodies)('that is %s arrives as fetch sends it', async (_, init) => {
    await createTransport()(server.url, { method: 'POST', ...init() });
    await fetch(server.url, { method: 'POST', ...init() });

    expect(comparable(seen[0])).toEqual(comparable(seen[1]));
  });

  it.each(bodies)('that is %s goes the way it should', async (_, init, direct) => {
    const fetches = countFetches();

    await createTransport()(server.url, { method: 'POST', ...init() });

    expect(seen).toHaveLength(1);
    expect(fetches.count).toBe(direct ? 0 : 1);
  });

  it('that is uploaded by a wrapped client goes through the global fetch', async () => {
    const fetches = countFetches();
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url });

    await client.files.create({ file: new File(['hello'], 'a.txt'), purpose: 'assistants' });

    expect(fetches.count).toBe(1);
    expect(seen[0]?.body).toContain('hello');
  });
});

/** All but what browsers send, and the boundary of a form, which is never the same. */
function comparable(request: Seen | undefined): unknown {
  const { headers = {}, body = '' } = request ?? {};
  const {
    'sec-fetch-mode': _mode,
    'accept-language': _language,
    accept: _accept,
    ...rest
  } = headers;
  const boundary = /boundary=(.*)/.exec(String(headers['content-type']))?.[1];
  const plain = (value: string) => (boundary ? value.replaceAll(boundary, 'B') : value);
  return { headers: JSON.parse(plain(JSON.stringify(rest))), body: plain(body) };
}

describe('requests that the global fetch has to make', () => {
  it.each<[string, () => [string | URL | Request, RequestInit?]]>([
    ['a Request', () => [new Request(server.url)]],
    ['a URL with credentials', () => [server.url.replace('//', '//user:secret@')]],
    ['an integrity', () => [server.url, { integrity: 'sha256-x' }]],
    ['another scheme', () => ['blob:nodedata:x']],
  ])('with %s', async (_, input) => {
    const fetches = countFetches();

    await createTransport()(...input()).catch(() => undefined);

    expect(fetches.count).toBe(1);
  });

  it("with transport: 'fetch'", async () => {
    const fetches = countFetches();
    const gateway = { transport: 'fetch' as const };
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, gateway });

    await client.post('/x', { body: {} });

    expect([fetches.count, seen.length]).toEqual([1, 1]);
  });

  it('where it is no longer the runtime’s own', async () => {
    const original = globalThis.fetch;
    const patched = vi.fn<typeof fetch>((...args) => original(...args));
    vi.stubGlobal('fetch', patched);
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url });

    await client.post('/x', { body: {} });

    expect(patched).toHaveBeenCalledOnce();
  });
});

describe("a user's own fetch", () => {
  it('is the only way out', async () => {
    const fetches = countFetches();
    const calls: unknown[] = [];
    const own: typeof fetch = async (input) => {
      calls.push(String(input));
      return Response.json({ id: 'own', choices: [] });
    };
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, fetch: own });
    const wrapped = createGateway().wrap(
      new OpenAI({ apiKey: 'test', baseURL: server.url, fetch: own }),
    );

    const answers = await Promise.all([
      client.get('/a'),
      wrapped.get('/b'),
      client.withOptions({}).get('/c'),
    ]);

    expect(answers).toMatchObject(Array(3).fill({ id: 'own' }));
    expect(calls).toEqual(['/a', '/b', '/c'].map((path) => `${server.url}${path}`));
    expect([fetches.count, seen.length]).toEqual([0, 0]);
  });

  it('gets the init that the SDK made, and follows no redirect by itself', async () => {
    let init: RequestInit | undefined;
    const own: typeof fetch = async (_, given) => {
      init = given;
      return Response.json({});
    };
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, fetch: own });

    await client.post('/x', { body: { a: 1 } });

    expect(init).toMatchObject({ method: 'POST', body: '{"a":1}', redirect: 'manual' });
    expect(new Headers(init?.headers).get('authorization')).toBe('Bearer test');
    expect(init?.signal).toBeInstanceOf(AbortSignal);
  });

  it('may answer with a class of its own', async () => {
    class OwnResponse extends Response {}
    const own = async () =>
      new OwnResponse('{"id":"own"}', { headers: { 'content-type': 'application/json' } });
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, fetch: own });

    expect(await client.get('/x')).toMatchObject({ id: 'own' });
  });
});
