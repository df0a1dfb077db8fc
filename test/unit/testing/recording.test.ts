import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';

import { startFakeProvider } from '../../../src/testing/index.js';
import { exchange, post, postChat } from './raw-exchange.js';

const messages = [{ role: 'user' as const, content: 'hi' }];
const isAnswered = (text: string) => text.endsWith('}');

describe('recording', () => {
  it('records everything about a request', async () => {
    await using provider = await startFakeProvider();
    const client = new OpenAI({ apiKey: 'secret', baseURL: provider.baseURL });
    await client.chat.completions.create({ model: 'm', messages }, { query: { trace: 'on' } });
    const [request] = provider.requests;

    expect(request).toMatchObject({
      index: 0,
      connection: 1,
      method: 'POST',
      path: '/v1/chat/completions',
      target: '/v1/chat/completions?trace=on',
      json: { model: 'm', messages },
      text: JSON.stringify({ model: 'm', messages }),
    });
    expect(request?.headers.authorization).toBe('Bearer secret');
    expect(request?.query.get('trace')).toBe('on');
    expect(await request?.settled).toBe('finished');
    expect(request?.settledAt).toBeGreaterThanOrEqual(request?.receivedAt ?? Infinity);
  });

  it('keeps one connection for calls in sequence and closes it with the provider', async () => {
    const provider = await startFakeProvider();
    const two = `${postChat('')}${post('/v1/embeddings', { model: 'e', input: 'x' })}`;
    const { text } = await exchange(provider.port, two, (all) => /"list"[\s\S]*\}$/.test(all));

    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(provider.requests.map(({ connection }) => connection)).toEqual([1, 1]);
    await provider.close();
    expect(provider.openSockets).toBe(0);
    await provider.close();
  });

  it('reads chunked bodies, however they are cut, and asks for a body that waits', async () => {
    await using provider = await startFakeProvider();
    const head = 'POST /v1/embeddings HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n';
    const body = JSON.stringify({ model: 'e', input: 'héllo' });
    const size = Buffer.byteLength(body).toString(16);
    const parts = [
      `${head}transfer-encoding: chun`,
      'ked\r\n\r',
      `\n${size}\r`,
      `\n${body}\r\n0\r\n`,
      '\r\n',
    ];
    const { text } = await exchange(provider.port, parts, isAnswered);

    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(provider.requests[0]?.json).toEqual({ model: 'e', input: 'héllo' });
  });

  it('answers 400 to what is not HTTP', async () => {
    await using provider = await startFakeProvider();

    const { text, ending } = await exchange(provider.port, 'nonsense\r\n\r\n');

    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(ending).toBe('fin');
  });

  it('tells when a client leaves in the middle of a stream', async () => {
    await using provider = await startFakeProvider({ pacing: { gapMs: 60_000 } });
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL });
    for await (const _ of await client.chat.completions.create({
      model: 'm',
      messages,
      stream: true,
    })) {
      break;
    }

    expect(await provider.requests[0]?.settled).toBe('client-closed');
  });

  it('tells a client that left from a provider that was closed', async () => {
    const provider = await startFakeProvider({ reply: { fault: 'hang' } });
    const asked = exchange(provider.port, postChat(''));
    const request = await provider.waitForRequest();
    await provider.close();

    expect(await request.settled).toBe('server-closed');
    expect((await asked).text).toBe('');
  });

  it('keeps only the latest requests when told so', async () => {
    await using provider = await startFakeProvider({ keepRequests: 1 });
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL });
    await client.models.list();
    await client.models.retrieve('x');

    expect(provider.requests.map(({ index, path }) => [index, path])).toEqual([
      [1, '/v1/models/x'],
    ]);
  });
});

describe('replies', () => {
  it('asks the reply function for each request and takes queued replies first', async () => {
    await using provider = await startFakeProvider({
      reply: ({ json, index }) => ({ text: `${index}: ${Object.keys(Object(json))}` }),
    });
    provider.enqueue({ text: 'queued' }, { match: '/chat/' });
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL });
    const say = async () => {
      const answer = await client.chat.completions.create({ model: 'm', messages });
      return answer.choices[0]?.message.content;
    };

    expect([await say(), await say()]).toEqual(['queued', '1: model,messages']);
    expect(provider.queued).toBe(0);
  });

  it('answers exact JSON, exact events and exact bytes with exact headers', async () => {
    await using provider = await startFakeProvider();
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });
    provider.enqueue({ json: { odd: true }, headers: { 'x-extra': 'yes', 'x-request-id': null } });
    provider.enqueue({ events: [{ event: 'odd', data: { a: 1 } }, '[DONE]'] });
    provider.enqueue({ body: 'plain', status: 202, headers: { 'content-type': 'text/plain' } });
    const json = await client.post('/anything').asResponse();
    const events = await client.post('/anything').asResponse();
    const bytes = await client.post('/anything').asResponse();

    expect(json.headers.get('x-extra')).toBe('yes');
    expect(json.headers.has('x-request-id')).toBe(false);
    expect(await json.json()).toEqual({ odd: true });
    expect(await events.text()).toBe('event: odd\ndata: {"a":1}\n\ndata: [DONE]\n\n');
    expect([bytes.status, await bytes.text()]).toEqual([202, 'plain']);
  });

  it('forgets everything on reset', async () => {
    await using provider = await startFakeProvider();
    provider.enqueue({ status: 500 });
    provider.reset();
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });
    const { data, request_id } = await client.models.list().withResponse();

    expect(data.data).not.toHaveLength(0);
    expect(request_id).toBe('req_fake000001');
    expect(provider.requests).toHaveLength(1);
  });
});
