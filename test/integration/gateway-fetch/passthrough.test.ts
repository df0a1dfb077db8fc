import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, type Settlement } from 'zerohop';

import { startHttp, type TestServer } from '../../support/servers.js';
import { chatInit } from './chat-init.js';

/** Bytes that are no text. */
const sound = Buffer.from([0, 255, 254, 128, 10, 13, 104, 105]);

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

let seen: Seen[];
let server: TestServer;
let gateway: Gateway;
let settled: Settlement[];
beforeEach(async () => {
  seen = [];
  settled = [];
  gateway = createGateway();
  gateway.on('settled', (settlement) => settled.push(settlement));
  server = await startHttp(async (request, response) => {
    const { method, url, headers } = request;
    request.setEncoding('latin1');
    seen.push({ method, url, type: headers['content-type'], body: await text(request) });
    response.writeHead(url === '/missing' ? 404 : 200, { 'content-type': 'audio/mpeg' }).end(sound);
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const form = () => {
  const data = new FormData();
  data.set('file', new File([sound], 'a.mp3', { type: 'audio/mpeg' }));
  return data;
};
const withoutBoundary = ({ type = '', body }: Seen): string => {
  const boundary = /boundary=(.*)/.exec(type)?.[1] ?? '\n';
  return body.replaceAll(boundary, 'B');
};

describe('what gateway.fetch does not recognise', () => {
  it('is passed through, and seen as such', async () => {
    const response = await gateway.fetch(`${server.url}/v1/audio/speech?x=1`, chatInit());

    expect(await response.bytes()).toEqual(new Uint8Array(sound));
    expect(response.headers.get('content-type')).toBe('audio/mpeg');
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/audio/speech?x=1' });
    expect(settled).toMatchObject([
      { operation: 'passthrough', outcome: 'success', bytesReceived: sound.byteLength },
    ]);
  });

  it('is GET without an init', async () => {
    const response = await gateway.fetch(new URL('/v1/models', server.url));

    expect(response.status).toBe(200);
    expect(seen).toMatchObject([{ method: 'GET', url: '/v1/models', body: '' }]);
  });

  it.each(['get', 'Post', 'DELETE', 'PATCH', 'PUT'])('keeps its method: %s', async (method) => {
    await gateway.fetch(`${server.url}/x`, { method });

    expect(seen).toMatchObject([{ method: method.toUpperCase() }]);
  });

  it('has no body where there is none', async () => {
    const response = await gateway.fetch(`${server.url}/x`, { method: 'HEAD' });

    expect(response.body).toBeNull();
    expect(response.status).toBe(200);
  });

  it('keeps an error that is not text, byte by byte', async () => {
    const response = await gateway.fetch(`${server.url}/missing`);

    expect(response.status).toBe(404);
    expect(await response.bytes()).toEqual(new Uint8Array(sound));
  });

  it('keeps JSON that the gateway cannot read', async () => {
    const body = '{"model":';

    await gateway.fetch(`${server.url}/v1/files`, { ...chatInit(), body });

    expect(seen).toMatchObject([{ body }]);
  });
});

/** Bodies, as `fetch` takes them. */
const bodies: readonly (readonly [string, () => RequestInit])[] = [
  ['bytes', () => ({ body: new Uint8Array(sound), headers: { 'content-type': 'audio/mpeg' } })],
  ['a form', () => ({ body: form() })],
  ['a blob', () => ({ body: new Blob([sound], { type: 'audio/mpeg' }) })],
  ['a query', () => ({ body: new URLSearchParams({ a: '\u00e9' }) })],
  ['text', () => ({ body: 'h\u00e9' })],
  ['a stream', () => ({ body: new Blob([sound]).stream(), duplex: 'half' as const })],
];

describe.each([
  ['an init', (url: string, init: RequestInit) => gateway.fetch(url, init)],
  ['a Request', (url: string, init: RequestInit) => gateway.fetch(new Request(url, init))],
  [
    'a Request and an init',
    (url: string, init: RequestInit) => gateway.fetch(new Request(url), init),
  ],
])('a body given with %s', (_, send) => {
  it.each(bodies)('arrives as fetch sends it: %s', async (_name, init) => {
    const url = `${server.url}/v1/files`;

    await send(url, { method: 'POST', ...init() });
    await fetch(url, { method: 'POST', ...init() });

    const [ours, standard] = seen.map((one) => ({
      ...one,
      type: one.type?.replace(/boundary=.*/, 'boundary=B'),
      body: withoutBoundary(one),
    }));
    expect(ours).toEqual(standard);
  });
});

describe('a Request that is given to gateway.fetch', () => {
  it('is a call like any other where it is one', async () => {
    const init = chatInit();

    await gateway
      .fetch(new Request(`${server.url}/v1/chat/completions`, init))
      .catch(() => undefined);

    expect(seen[0]).toMatchObject({ method: 'POST', type: 'application/json', body: init.body });
    expect(settled).toMatchObject([{ operation: 'chat' }]);
  });

  it('is used up, and cannot be used again', async () => {
    const request = new Request(`${server.url}/x`, { method: 'POST', body: 'once' });

    await gateway.fetch(request);

    expect(request.bodyUsed).toBe(true);
    await expect(gateway.fetch(request)).rejects.toBeInstanceOf(TypeError);
  });

  it('fails as fetch does where its URL is none', async () => {
    await expect(gateway.fetch('/v1/models')).rejects.toBeInstanceOf(TypeError);
  });
});
