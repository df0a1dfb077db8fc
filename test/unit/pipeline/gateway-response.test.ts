import { describe, expect, it } from 'vitest';

import type { ByteSource } from '../../../src/pipeline/byte-source.js';
import { GatewayHeaders } from '../../../src/pipeline/gateway-headers.js';
import { GatewayResponse, type ResponsePayload } from '../../../src/pipeline/gateway-response.js';

const json = '{"text":"h\u00e9llo \ud83d\udc4b","n":[1,2]}';
const form = ['--b', 'content-disposition: form-data; name="a"', '', '1', '--b--', ''].join('\r\n');

/** Bodies, and the content type they come with. */
const bodies: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['JSON', json, 'application/json'],
  ['JSON after a byte order mark', `\ufeff${json}`, 'application/json'],
  ['text', 'plain text', 'text/plain;charset=utf-8'],
  ['nothing', '', 'application/json'],
  ['bytes that are no text', Uint8Array.of(0, 255, 254, 104, 128), 'audio/mpeg'],
  ['a form', form, 'multipart/form-data; boundary=b'],
  ['a query', 'a=1&b=two', 'application/x-www-form-urlencoded'],
];

/** Ways to come by the same bytes. */
const payloads: readonly (readonly [string, (bytes: Uint8Array) => ResponsePayload])[] = [
  ['a body that is here', (bytes) => ({ kind: 'bytes', bytes })],
  ['a body that is pulled', (bytes) => ({ kind: 'source', source: sourceOf(bytes) })],
  ['events', (bytes) => ({ kind: 'events', events: eventsOf(bytes) })],
];

function sourceOf(bytes: Uint8Array): ByteSource {
  const pieces = [...bytes].map((_, at) => bytes.subarray(at, at + 1));
  return { pull: () => Promise.resolve(pieces.shift() ?? null), cancel: () => undefined };
}

function eventsOf(bytes: Uint8Array): Extract<ResponsePayload, { kind: 'events' }>['events'] {
  const half = Math.floor(bytes.byteLength / 2);
  const batches = [bytes.subarray(0, half), bytes.subarray(half)].filter((raw) => raw.byteLength);
  return {
    pull: () => {
      const raw = batches.shift();
      return Promise.resolve(raw ? [{ event: null, data: null, json: undefined, raw }] : null);
    },
    cancel: () => undefined,
  };
}

/** Uses of a response, each compared with the same use of a real one. */
const uses: readonly (readonly [string, (response: Response) => unknown])[] = [
  ['text()', (response) => response.text()],
  ['json()', (response) => response.json()],
  ['arrayBuffer()', async (response) => [...new Uint8Array(await response.arrayBuffer())]],
  ['bytes()', async (response) => [...(await response.bytes())]],
  ['blob()', async (response) => blobFacts(await response.blob())],
  ['formData()', async (response) => [...(await response.formData()).entries()]],
  ['body', async (response) => [...(await drain(response.body))]],
  ['body read by its own reader', (response) => readWithReader(response)],
  ['body piped on', (response) => new Response(response.body).text()],
  ['body twice', (response) => Object.is(response.body, response.body)],
  ['bodyUsed', (response) => response.bodyUsed],
  ['bodyUsed after text()', async (response) => [await response.text(), response.bodyUsed]],
  ['bodyUsed after body', async (response) => [await drain(response.body), response.bodyUsed]],
  ['bodyUsed with body looked at', (response) => [response.body?.locked, response.bodyUsed]],
  ['text() after text()', async (response) => [await response.text(), await response.text()]],
  ['json() after text()', async (response) => [await response.text(), await response.json()]],
  ['blob() after text()', async (response) => [await response.text(), await response.blob()]],
  ['text() after body', async (response) => [await drain(response.body), await response.text()]],
  [
    'text() with body locked',
    (response) => Promise.all([response.body?.getReader(), response.text()]),
  ],
  [
    'text() with body looked at',
    (response) => Promise.all([response.body?.locked, response.text()]),
  ],
  ['clone()', (response) => readBoth(response.clone(), response)],
  [
    'clone() with body looked at',
    (response) => Promise.all([response.body?.locked, readBoth(response.clone(), response)]),
  ],
  ['clone() of a clone', (response) => readBoth(response.clone().clone(), response)],
  ['clone() after text()', async (response) => [await response.text(), response.clone()]],
  ['status', ({ status, ok, statusText }) => ({ status, ok, statusText })],
  ['headers', ({ headers }) => [...headers]],
  ['instanceof', (response) => response instanceof Response],
  ['its tag', (response) => Object.prototype.toString.call(response)],
];

async function drain(body: Response['body']): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function readWithReader({ body }: Response): Promise<unknown> {
  const reader = body?.getReader({ mode: 'byob' });
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read(new Uint8Array(64))) ?? {
      done: true,
      value: undefined,
    };
    if (value) text += Buffer.from(value).toString('latin1');
    if (done) return text;
  }
}

async function readBoth(one: Response, other: Response): Promise<unknown> {
  const texts = await Promise.all([one.text(), other.text()]);
  return [texts, one.status, [...one.headers], one.bodyUsed, other.bodyUsed];
}

async function blobFacts(blob: Blob): Promise<unknown> {
  return { type: blob.type, size: blob.size, text: await blob.text() };
}

async function outcome(response: Response, use: (response: Response) => unknown): Promise<unknown> {
  try {
    return await use(response);
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

describe.each(payloads)('a GatewayResponse over %s', (_, payloadOf) => {
  describe.each(bodies)('of %s', (_name, body, contentType) => {
    const bytes = Buffer.from(body);
    const headers = { 'content-type': contentType, 'x-request-id': 'req_1' };

    it.each(uses)('gives what a real Response gives: %s', async (_use, use) => {
      const ours = new GatewayResponse({
        status: 200,
        statusText: 'OK',
        headers: new GatewayHeaders(Object.entries(headers).flat()),
        payload: payloadOf(bytes),
      });
      const standard = new Response(readable(bytes), { statusText: 'OK', headers });

      expect(await outcome(ours, use)).toEqual(await outcome(standard, use));
    });
  });
});

/** What `fetch` gives is a byte stream. */
function readable(bytes: Uint8Array): ReadableStream {
  return new Blob([new Uint8Array(bytes)]).stream();
}

describe('a GatewayResponse', () => {
  const make = (payload: ResponsePayload, status = 200) =>
    new GatewayResponse({
      status,
      headers: new GatewayHeaders([]),
      url: 'http://a.invalid/',
      payload,
    });

  it.each([204, 205, 304])('has no body where the status admits none: %i', async (status) => {
    const response = make({ kind: 'bytes', bytes: null }, status);

    expect(response.body).toBeNull();
    expect(response.status).toBe(status);
    expect(response.bodyUsed).toBe(false);
    expect(await response.text()).toBe('');
  });

  it('hands over JSON that was parsed already without parsing it again', async () => {
    const parsed = { a: 1 };
    const response = make({ kind: 'bytes', bytes: Buffer.from('{"a":1}'), json: parsed });

    expect(await response.json()).toBe(parsed);
    expect(response.bodyUsed).toBe(true);
  });

  it('shows its payload as often as asked, until it is used', () => {
    const payload = { kind: 'bytes', bytes: Buffer.from('x') } as const;
    const response = make(payload);

    expect(response.peekPayload()).toBe(payload);
    expect(response.bodyUsed).toBe(false);
    expect(response.takePayload()).toBe(payload);
    expect(response.bodyUsed).toBe(true);
    expect(response.peekPayload()).toBeUndefined();
    expect(() => response.takePayload()).toThrow(TypeError);
  });

  it('shows its payload where its body was only looked at', () => {
    const payload = { kind: 'bytes', bytes: Buffer.from('x') } as const;
    const response = make(payload);

    expect(response.body).not.toBeNull();
    expect(response.peekPayload()).toBe(payload);
  });

  it.each([
    ['is being read', (response: Response) => response.body?.getReader()],
    ['was given up', (response: Response) => response.body?.cancel()],
    ['was cloned', (response: Response) => [response.body?.locked, response.clone()]],
  ])('shows no payload once its body %s', async (_, use) => {
    const response = make({ kind: 'bytes', bytes: Buffer.from('x') });

    await use(response);

    expect(response.peekPayload()).toBeUndefined();
    expect(() => response.takePayload()).toThrow(TypeError);
  });

  it('carries another payload over the same head', async () => {
    const response = make({ kind: 'bytes', bytes: Buffer.from('x') }, 201);
    const other = response.withPayload({ kind: 'bytes', bytes: Buffer.from('y') });

    expect([other.status, other.url, await other.text()]).toEqual([201, response.url, 'y']);
    expect(await response.text()).toBe('x');
  });

  it('tells its source when the reader of its body gives up', async () => {
    const reasons: unknown[] = [];
    const source = {
      pull: async () => Buffer.from('x'),
      cancel: (why: unknown) => reasons.push(why),
    };
    const response = make({ kind: 'source', source });

    await response.body?.cancel('enough');

    expect(reasons).toEqual(['enough']);
  });

  it('fails its reader with what broke its source', async () => {
    const broken = new Error('broken');
    const source = { pull: () => Promise.reject(broken), cancel: () => undefined };

    await expect(make({ kind: 'source', source }).text()).rejects.toBe(broken);
    await expect(make({ kind: 'source', source }).body?.getReader().read()).rejects.toBe(broken);
  });

  it('asks its source for nothing before its body is read', () => {
    let pulls = 0;
    const source = {
      pull: async () => {
        pulls += 1;
        return null;
      },
      cancel: () => undefined,
    };
    const { body } = make({ kind: 'source', source });

    expect(body).not.toBeNull();
    expect(pulls).toBe(0);
  });
});
