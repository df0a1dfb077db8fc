import { describe, expect, it } from 'vitest';

import { createTransport } from '../../../src/transport/transport.js';
import { startHttp, startRaw } from '../../support/servers.js';
import { exchangeOf } from './exchange.js';

/** Answers as they stand on the wire. */
const heads: [name: string, wire: string, method?: string][] = [
  ['a plain answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ['a chunked answer', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['an answer that ends with its connection', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok'],
  ['an answer in HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ['a status text of its own', 'HTTP/1.1 299 Quite Fine\r\ncontent-length: 0\r\n\r\n'],
  ['no status text', 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok'],
  ['no body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['204', 'HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n'],
  ['205', 'HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n'],
  ['304', 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n'],
  ['an answer to HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n', 'HEAD'],
  ['an error', 'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno'],
  [
    'cookies',
    'HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\ncontent-length: 0\r\n\r\n',
  ],
  ['repeated headers', 'HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n'],
  ['latin-1 in a header', 'HTTP/1.1 200 OK\r\nx-a: caf\u00e9\r\ncontent-length: 0\r\n\r\n'],
  [
    'informational answers before it',
    'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  ],
];

/** What a caller can tell of a response. */
async function factsOf(response: Response): Promise<unknown> {
  const { status, statusText, ok, url, redirected, type, headers } = response;
  const cookies = headers.getSetCookie();
  const hasBody = response.body !== null;
  const text = await response.text();
  const list = [...headers].filter(([name]) => name !== 'connection');
  return { status, statusText, ok, url, redirected, type, list, cookies, hasBody, text };
}

describe.each([
  ['handed over at its headers', undefined],
  ['collected', {}],
  ['collected, for a caller of streams', { stream: true }],
  ['taken as bytes', { binary: true }],
] as const)('a response that is %s', (_, given) => {
  it.each(heads)('is the one that fetch gives: %s', async (_name, wire, method = 'GET') => {
    await using server = await startRaw((socket) => {
      socket.write(Buffer.from(wire, 'latin1'));
      if (wire.includes('close') || wire.includes('1.0')) socket.end();
    });
    const init = given ? exchangeOf(given).init : {};
    const url = `${server.url}/a/../b?c=d#e`;

    const ours = await factsOf(await createTransport()(url, { ...init, method }));

    expect(ours).toEqual(await factsOf(await fetch(url, { method })));
  });
});

describe('a response', () => {
  it('leaves its connection to the next request, with a body or without', async () => {
    const sockets = new Set<unknown>();
    await using server = await startHttp((request, response) => {
      sockets.add(request.socket);
      response.writeHead(request.url === '/204' ? 204 : 200).end();
    });
    const transport = createTransport();

    for (const path of ['/204', '/', '/204', '/']) {
      await (await transport(`${server.url}${path}`)).text();
    }

    // The second may have been sent before the first was quite over.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('notes what passed, for the settlement', async () => {
    await using server = await startHttp((_, response) => response.end('four'));
    const { exchange, init } = exchangeOf();

    const response = await createTransport()(server.url, init);

    expect(exchange).toMatchObject({ status: 200, bytesReceived: 4 });
    expect(exchange.headersAt).toBeGreaterThan(0);
    expect(exchange.firstByteAt).toBeGreaterThanOrEqual(exchange.headersAt ?? Number.NaN);
    expect(await response.text()).toBe('four');
  });
});

const MiB = 1024 * 1024;

describe('a body that nobody reads', () => {
  it.each([
    ['direct', createTransport()],
    ['over fetch', createTransport({ mode: 'fetch' })],
  ])('pauses its connection, and goes on when it is read, %s', async (_, transport) => {
    const size = 64 * MiB;
    const piece = Buffer.alloc(MiB, 'x');
    let sent = 0;
    await using server = await startHttp((request, response) => {
      if (request.url === '/other') {
        response.end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': size });
      const fill = () => {
        while (sent < size && response.write(piece)) sent += MiB;
        if (sent < size) sent += MiB;
        if (sent >= size) response.end();
      };
      response.on('drain', fill);
      fill();
    });

    const response = await transport(server.url, exchangeOf({ stream: true }).init);
    // Other requests come and go until nothing more has been sent for fifty of them.
    for (let still = 0, before = -1; still < 50 && sent < size; still += 1) {
      if (sent !== before) still = 0;
      before = sent;
      await fetch(`${server.url}/other`);
    }
    const unread = sent;
    const bytes = await response.bytes();

    // The kernel takes some megabytes by itself.
    expect(unread).toBeLessThan(size / 2);
    expect(bytes.byteLength).toBe(size);
  });
});

describe('limits.maxBodyBytes', () => {
  const limited = { maxBodyBytes: 1_000 };

  it.each([
    ['direct', createTransport()],
    ['over fetch', createTransport({ mode: 'fetch' })],
  ])('ends a body that passes it, and closes its connection, %s', async (_, transport) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    await using server = await startHttp((_request, response) => {
      response.once('close', resolve);
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(500, 'x')));
      };
      response.on('drain', more);
      more();
    });

    const call = transport(server.url, exchangeOf(limited).init);

    await expect(call).rejects.toSatisfy((error) => codeOf(error) === 'zerohop_limit');
    await closed;
  });

  it('counts what a body becomes, not what it is on the wire', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(100_000));
    await using server = await startHttp((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });

    const call = createTransport()(server.url, exchangeOf(limited).init);

    expect(bomb.byteLength).toBeLessThan(limited.maxBodyBytes);
    await expect(call).rejects.toSatisfy((error) => codeOf(error) === 'zerohop_limit');
  });

  it.each([
    ['is as large as it', 1_000],
    ['is smaller', 999],
  ])('lets a body pass that %s', async (_, size) => {
    await using server = await startHttp((_request, response) => response.end(Buffer.alloc(size)));

    const response = await createTransport()(server.url, exchangeOf(limited).init);

    expect((await response.bytes()).byteLength).toBe(size);
  });

  it.each([
    ['direct', createTransport()],
    ['over fetch', createTransport({ mode: 'fetch' })],
  ])('does not hold for an error, of which the beginning is enough, %s', async (_, transport) => {
    await using server = await startHttp((_request, response) => {
      response.writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 'x')));
      };
      response.on('drain', more);
      more();
    });

    const response = await transport(server.url, exchangeOf(limited).init);

    expect(response.status).toBe(500);
    expect((await response.text()).length).toBeGreaterThan(limited.maxBodyBytes);
  });
});

/** The code of an error, or of what caused it. */
function codeOf(error: unknown): unknown {
  const { code, cause } = Object(error);
  return code ?? Reflect.get(Object(cause), 'code');
}
