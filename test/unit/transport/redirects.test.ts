import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient } from 'zerohop';

import { createTransport, type Fetch } from '../../../src/transport/transport.js';
import { startHttp, type TestServer } from '../../support/servers.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly authorization: string | undefined;
}

let seen: Seen[];
let elsewhere: TestServer;
let elsewhereRequests: number;
let server: TestServer;

/** Answers `/301/to/path` with that status and the rest as location, `/loop` with itself, and anything else with its words. */
beforeEach(async () => {
  seen = [];
  elsewhereRequests = 0;
  elsewhere = await startHttp((_, response) => {
    elsewhereRequests += 1;
    response.end('elsewhere');
  });
  server = await startHttp(async (request, response) => {
    seen.push(await seenOf(request));
    const { url = '' } = request;
    const [, status, location] = /^\/(\d{3})\/(.*)$/.exec(url) ?? [];
    if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (url === '/nowhere') response.writeHead(302).end('no location');
    else if (status === undefined) response.end('arrived');
    else
      response
        .writeHead(Number(status), { location: decodeURIComponent(location ?? '') })
        .end('moved');
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

async function seenOf(request: IncomingMessage): Promise<Seen> {
  const { method, url, headers } = request;
  return {
    method,
    url,
    body: await text(request),
    type: headers['content-type'],
    length: headers['content-length'],
    authorization: headers.authorization,
  };
}

const init = (method: string): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', authorization: 'Bearer test' },
  ...(method === 'GET' || method === 'HEAD' ? {} : { body: '{"a":1}' }),
});

const statuses = [301, 302, 303, 307, 308];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const cases = statuses.flatMap((status) =>
  methods.map((method): [number, string] => [status, method]),
);

describe.each([
  ['direct', () => createTransport()],
  ['over fetch', () => createTransport({ mode: 'fetch' })],
])('a redirect, %s', (_, make) => {
  let transport: Fetch;
  beforeEach(() => {
    transport = make();
  });

  it.each(cases)(
    '%i of a %s within its origin is followed as fetch follows it',
    async (status, method) => {
      const url = `${server.url}/${status}/${encodeURIComponent('/there?q=1')}`;

      const ours = await transport(url, init(method));
      const oursSeen = seen.splice(0);
      const standard = await fetch(url, init(method));

      expect(oursSeen).toEqual(seen);
      expect(await ours.text()).toBe(await standard.text());
      expect([ours.status, ours.url]).toEqual([standard.status, standard.url]);
      expect(ours.redirected).toBe(standard.redirected);
    },
  );

  it.each([
    ['another port', () => elsewhere.url],
    ['another host', () => elsewhere.url.replace('127.0.0.1', 'localhost')],
    ['another scheme', () => server.url.replace('http:', 'https:')],
    ['an address without a scheme', () => elsewhere.url.replace('http:', '')],
    ['something that is no address', () => 'http://[nonsense'],
    ['something that is not HTTP', () => 'data:text/plain,secret'],
  ])('to %s is refused, and nothing is sent there', async (_where, location) => {
    const url = `${server.url}/307/${encodeURIComponent(`${location()}/x`)}`;

    const error = await transport(url, init('POST')).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'zerohop_redirect' });
    expect(String(error)).not.toMatch(/secret|nonsense/);
    expect(elsewhereRequests).toBe(0);
  });

  it('is handed over where the caller wants to see it', async () => {
    const url = `${server.url}/302/there`;

    const response = await transport(url, { ...init('POST'), redirect: 'manual' });

    expect([response.status, response.headers.get('location')]).toEqual([302, 'there']);
    expect(await response.text()).toBe('moved');
    expect(seen).toHaveLength(1);
  });

  it('is an error where the caller wants none', async () => {
    const url = `${server.url}/302/there`;

    const call = transport(url, { ...init('POST'), redirect: 'error' });

    await expect(call).rejects.toMatchObject({ code: 'zerohop_redirect' });
    expect(seen).toHaveLength(1);
  });

  it('that leads in a circle ends', async () => {
    const call = transport(`${server.url}/loop`, init('GET'));

    await expect(call).rejects.toMatchObject({ code: 'zerohop_redirect' });
    expect(seen).toHaveLength(21);
  });

  it('without a location is an answer', async () => {
    const response = await transport(`${server.url}/nowhere`);

    expect([response.status, await response.text()]).toEqual([302, 'no location']);
  });
});

describe('a redirect of a wrapped client', () => {
  const client = () => createGatewayClient({ apiKey: 'test', baseURL: server.url, maxRetries: 2 });

  it('to another origin is a connection error that says so, and is not tried again', async () => {
    const path = `/308/${encodeURIComponent(`${elsewhere.url}/x`)}`;

    const error = await client()
      .post(path, { body: { a: 1 } })
      .then(undefined, (thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(error).toMatchObject({
      message: expect.stringContaining('another origin'),
      cause: { code: 'zerohop_redirect' },
    });
    expect(seen).toHaveLength(1);
    expect(elsewhereRequests).toBe(0);
  });

  it('within its origin is followed with the credentials', async () => {
    await client().post(`/307/${encodeURIComponent('/there')}`, { body: { a: 1 } });

    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer test', 'Bearer test']);
    expect(seen.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}']);
  });
});
