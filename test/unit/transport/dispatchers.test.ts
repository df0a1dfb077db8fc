import { type RequestListener, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';
import * as undici8 from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway, createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

import { startHttp, type TestServer } from '../../support/servers.js';

const GLOBAL = Symbol.for('undici.globalDispatcher.1');
/** Node's own, taken before a test sets another. It is of undici 7, and so are those that its class makes. */
const nodes: object = Object(Reflect.get(globalThis, GLOBAL));

// The copy that the AI SDK brings along; the same classes as far as they are used here.
const undici6: typeof undici8 = createRequire(createRequire(import.meta.url).resolve('ai'))(
  'undici',
);

const copies: readonly (readonly [string, typeof undici8])[] = [
  ['undici 8', undici8],
  ['undici 6', undici6],
];
const before = undici8.getGlobalDispatcher();
afterEach(() => undici8.setGlobalDispatcher(before));

const body = { model: 'm', messages: [{ role: 'user' as const, content: 'one two' }] };

async function ask(client: OpenAI): Promise<string> {
  const { choices } = await client.chat.completions.create(body);
  let said = `${choices[0]?.message.content} / `;
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    said += chunk.choices[0]?.delta.content ?? '';
  }
  return said;
}

const ANSWER = 'echo: one two / echo: one two';

describe.each(copies)('a dispatcher of %s', (_, undici) => {
  /** A dispatcher that notes what goes through it. */
  function recording() {
    const paths: string[] = [];
    const agent = new undici.Agent().compose((dispatch) => (options, handler) => {
      paths.push(`${options.method} ${options.path}`);
      return dispatch(options, handler);
    });
    return { agent, paths };
  }

  it('that was set globally is used', async () => {
    await using provider = await startFakeProvider();
    const { agent, paths } = recording();
    const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });

    undici.setGlobalDispatcher(agent);

    expect(await ask(client)).toBe(ANSWER);
    expect(paths).toEqual(Array(2).fill('POST /v1/chat/completions'));
    await agent.close();
  });

  it('that was given as fetchOptions.dispatcher is used', async () => {
    await using provider = await startFakeProvider();
    const { agent, paths } = recording();
    const fetchOptions = { dispatcher: agent as never }; // the SDK's types name another copy
    const bare = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, fetchOptions });

    expect(await ask(createGateway().wrap(bare))).toBe(ANSWER);
    expect(paths).toHaveLength(2);
    await agent.close();
  });

  it('that was given for one request is used', async () => {
    await using provider = await startFakeProvider();
    const { agent, paths } = recording();
    const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });

    await client.chat.completions.create(body, { fetchOptions: { dispatcher: agent as never } });
    await client.chat.completions.create(body);

    expect(paths).toHaveLength(1);
    await agent.close();
  });

  it('that gives up early does not cut what the timeout of the SDK allows', async () => {
    const agent = new undici.Agent({ headersTimeout: 50, bodyTimeout: 50 });
    /** Resolves when the agent has given up a request that was sent only now. */
    const givenUp = async (path: string) => {
      const request = async () =>
        (await undici.request(`${server.url}${path}`, { dispatcher: agent })).body.text();
      await expect(request()).rejects.toThrow(/Timeout/);
    };
    await using server = await startHttp(async (asked, answer) => {
      if (asked.url === '/no-headers') return;
      if (asked.url === '/no-end') {
        answer.write('begun');
        return;
      }
      const streams = (await text(asked)).includes('"stream":true');
      const [type, whole] = streams
        ? ['text/event-stream', slowStream]
        : ['application/json', slow];
      await givenUp('/no-headers');
      answer.writeHead(200, { 'content-type': type }).write(whole.slice(0, 40));
      await givenUp('/no-end');
      answer.end(whole.slice(40));
    });
    undici.setGlobalDispatcher(agent);
    const client = createGatewayClient({ apiKey: 'test', baseURL: server.url, maxRetries: 0 });

    expect(await ask(client)).toBe('slow / slow');
    await agent.destroy();
  });

  it('that is a proxy is used, and the target is not met directly', async () => {
    await using provider = await startFakeProvider();
    await using proxy = await startProxy();
    const agent = new undici.ProxyAgent({ uri: proxy.url, proxyTunnel: true } as never);
    const fetchOptions = { dispatcher: agent as never };
    const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL, fetchOptions });

    expect(await ask(client)).toBe(ANSWER);
    expect(new Set(proxy.tunnels)).toEqual(new Set([`127.0.0.1:${provider.port}`]));
    expect(provider.connections).toBe(proxy.tunnels.length);
    await agent.close();
  });

  it('that takes its proxy from the environment is used', async () => {
    await using provider = await startFakeProvider();
    await using proxy = await startProxy();
    const agent = new undici.EnvHttpProxyAgent({ httpProxy: proxy.url, noProxy: '' });
    undici.setGlobalDispatcher(agent);
    const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });

    expect(await ask(client)).toBe(ANSWER);
    expect(proxy.tunnels.length + proxy.forwarded.length).toBeGreaterThan(0);
    await agent.close();
  });
});

describe("a dispatcher of Node's own undici", () => {
  it('is used without any other being there', async () => {
    await using provider = await startFakeProvider();
    const OwnAgent = nodes.constructor as new () => undici8.Agent; // the class of the global one
    const dispatcher = new OwnAgent() as never;
    const client = createGatewayClient({
      apiKey: 'test',
      baseURL: provider.baseURL,
      fetchOptions: { dispatcher },
    });

    expect(await ask(client)).toBe(ANSWER);
  });
});

const message = { role: 'assistant', content: 'slow' };
const slow = JSON.stringify({ id: 'c', choices: [{ index: 0, message, finish_reason: 'stop' }] });
const slowStream = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: message, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;

interface Proxy extends TestServer {
  /** Where tunnels were asked for. */
  readonly tunnels: readonly string[];
  /** Requests in the absolute form. */
  readonly forwarded: readonly string[];
}

/** A proxy for both of its languages: CONNECT, and requests with a whole URL. */
async function startProxy(): Promise<Proxy> {
  const tunnels: string[] = [];
  const forwarded: string[] = [];
  const listener: RequestListener = (asked, answer) => {
    const { method, url = '', headers } = asked;
    forwarded.push(url);
    asked.pipe(
      request(url, { method, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      }),
    );
  };
  const server = await startHttp(listener, ({ url = '' }, socket) => {
    tunnels.push(url);
    const [host, port] = url.split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [upstream, socket]) end.on('error', () => upstream.destroy());
  });
  return Object.assign(server, { tunnels, forwarded });
}
