import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGatewayClient } from 'zerohop';

import { createTransport, type Fetch } from '../../../src/transport/transport.js';
import { startRaw, type TestServer } from '../../support/servers.js';
import { exchangeOf } from './exchange.js';

const reason = new Error('enough');
const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

/** A server that writes what it is told, and says when a request came and when its socket closed. */
async function startSilent(answer: string) {
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const server = await startRaw((socket) => {
    socket.once('close', () => closed.resolve());
    socket.write(answer);
    asked.resolve();
  });
  return { server, asked: asked.promise, closed: closed.promise };
}

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: () => void, options?: object) => {
    listeners.add(listener);
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: () => void) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { controller, signal, listeners };
}

describe.each([
  ['direct', () => createTransport()],
  ['over fetch', () => createTransport({ mode: 'fetch' })],
])('an abort, %s', (way, make) => {
  const transport: Fetch = make();

  it('before the request is sent sends nothing', async () => {
    const { server, asked } = await startSilent(HEAD);
    let requests = 0;
    void asked.then(() => {
      requests += 1;
    });

    const call = transport(server.url, { signal: AbortSignal.abort(reason) });

    await expect(call).rejects.toBe(reason);
    expect([requests, server.sockets.size]).toEqual([0, 0]);
    await server[Symbol.asyncDispose]();
  });

  it('while the connection is being made ends the call', async () => {
    const controller = new AbortController();

    // Documentation addresses (RFC 5737) are never answered.
    const call = transport('http://192.0.2.1:81/', { signal: controller.signal });
    controller.abort(reason);

    await expect(call).rejects.toBe(reason);
  });

  it('before the headers ends the call and closes the socket', async () => {
    const { server, asked, closed } = await startSilent('');
    const controller = new AbortController();

    const call = transport(server.url, { signal: controller.signal });
    void call.catch(() => undefined);
    await asked;
    controller.abort(reason);

    await expect(call).rejects.toBe(reason);
    await closed;
    await server[Symbol.asyncDispose]();
  });

  it('before the body fails its reader and closes the socket', async () => {
    const { server, closed } = await startSilent(HEAD);
    const controller = new AbortController();
    const { init } = exchangeOf({ stream: true });

    const response = await transport(server.url, { ...init, signal: controller.signal });
    const body = response.text();
    void body.catch(() => undefined);
    controller.abort(reason);

    await expect(body).rejects.toBe(reason);
    await closed;
    await server[Symbol.asyncDispose]();
  });

  it('in the middle of the body fails its reader and closes the socket', async () => {
    const { server, closed } = await startSilent(`${HEAD}2\r\nok\r\n`);
    const controller = new AbortController();
    const { init } = exchangeOf({ stream: true });

    const { body } = await transport(server.url, { ...init, signal: controller.signal });
    const reader = body?.getReader();
    const first = await reader?.read();
    const second = reader?.read();
    second?.catch(() => undefined);
    controller.abort(reason);

    expect(Buffer.from(first?.value ?? []).toString()).toBe('ok');
    await expect(second).rejects.toBe(reason);
    await closed;
    await server[Symbol.asyncDispose]();
  });

  it('of the reader closes the socket', async () => {
    const { server, closed } = await startSilent(`${HEAD}2\r\nok\r\n`);
    const { init } = exchangeOf({ stream: true });

    const { body } = await transport(server.url, init);
    await body?.cancel();

    await closed;
    await server[Symbol.asyncDispose]();
  });

  it.runIf(way === 'direct')('that never came leaves no listener behind', async () => {
    const { server } = await startSilent('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    const { signal, listeners } = countedSignal();

    const response = await transport(server.url, { signal });
    await response.text();

    expect(listeners.size).toBe(0);
    await server[Symbol.asyncDispose]();
  });
});

describe('a connection', () => {
  it('that is refused is the error that fetch gives', async () => {
    const gone: TestServer = await startRaw(() => undefined);
    await gone[Symbol.asyncDispose]();

    const ours = await createTransport()(gone.url).catch((error: unknown) => error);
    const standard = await fetch(gone.url).catch((error: unknown) => error);

    const facts = (error: unknown) => {
      const { name, message, cause } = Object(error);
      return { name, message, code: Object(cause).code };
    };
    expect(facts(ours)).toEqual(facts(standard));
  });

  it.each([
    ['before the headers', ''],
    ['in the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    [
      'in the body',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"a',
    ],
    ['with what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('that breaks %s is a connection error of the SDK', async (_, wire) => {
    await using server = await startRaw((socket) => socket.end(wire));
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, maxRetries: 0 });

    const call = client.chat.completions.create({ model: 'm', messages: [] });

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });
});
