import OpenAI, { AzureOpenAI } from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { givenClient } from '../../../src/sdk/client-source.js';
import {
  canaryClient,
  canaryRequest,
  deepFreeze,
  failureOf,
  onlyRequest,
  quiet,
  wireOf,
} from './support/canaries.js';
import { cloning, connectTo } from './support/other-target.js';

const chat = {
  model: 'a-model',
  messages: [{ role: 'user', content: 'hi' }],
} satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;

let a: FakeProvider;
let b: FakeProvider;
beforeAll(async () => {
  [a, b] = await Promise.all([startFakeProvider(), startFakeProvider()]);
});
beforeEach(() => {
  a.reset();
  b.reset();
});
afterAll(() => Promise.all([a.close(), b.close()]));

const given = (client: object) => givenClient<unknown>(client, cloning);
const plain = (baseURL: string) => new OpenAI({ apiKey: 'key-b', baseURL, ...quiet });
const plain6 = (baseURL: string) => new OpenAI6({ apiKey: 'key-b', baseURL, ...quiet });

const own = { ...canaryClient, organization: 'canary-a', project: 'canary-a' };
const callers = [
  { name: 'openai 7', Class: OpenAI },
  // Another class by its private members; what is called here, both have.
  { name: 'openai 6', Class: OpenAI6 as unknown as typeof OpenAI },
];
const others = [
  { other: 'openai 7', make: plain },
  { other: 'openai 6', make: plain6 },
];

describe.each(callers)('another target of a client of $name', ({ Class }) => {
  const caller = () => new Class({ ...own, baseURL: a.baseURL });
  const toPlain = () => ({ source: given(plain(b.baseURL)) });

  it.each(others)(
    'has its own credentials and model, and nothing of the caller’s ($other)',
    async ({ make }) => {
      const source = given(make(b.baseURL));
      const { client, opened } = connectTo(caller(), { source, model: 'b-model' });
      const body = { ...chat, prompt_cache_key: 'canary-a', user: 'u' };

      const answer = await client.chat.completions.create(body, canaryRequest);

      const request = onlyRequest(b);
      expect(answer.choices[0]?.message.content).toBe('echo: hi');
      expect(wireOf(request)).not.toContain('canary-a');
      expect(request.target).toBe('/v1/chat/completions');
      expect(request.headers.authorization).toBe('Bearer key-b');
      expect(request.json).toEqual({ ...chat, user: 'u', model: 'b-model' });
      expect(opened[0]?.removed).toEqual(['prompt_cache_key']);
      expect(a.requests).toHaveLength(0);
    },
  );

  it('streams', async () => {
    const { client } = connectTo(caller(), toPlain());
    const texts: string[] = [];

    const stream = await client.chat.completions.create({ ...chat, stream: true }, canaryRequest);
    for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '');

    expect(texts.join('')).toBe('echo: hi');
    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
  });

  it('is asked for responses, embeddings and completions under the paths of its own SDK', async () => {
    const { client } = connectTo(caller(), toPlain());

    const response = await client.responses.create({ model: 'm', input: 'hi' }, canaryRequest);
    await client.embeddings.create({ model: 'm', input: 'hi' }, canaryRequest);
    await client.completions.create({ model: 'm', prompt: 'hi' }, canaryRequest);

    expect(response.output_text).toBe('echo: hi');
    expect(b.requests.map(({ target }) => target)).toEqual([
      '/v1/responses',
      '/v1/embeddings',
      '/v1/completions',
    ]);
    for (const request of b.requests) expect(wireOf(request)).not.toContain('canary-a');
  });

  it('gets the target’s headers, and not those that the call ring set for the caller’s client', async () => {
    const { client, opened } = connectTo(caller(), {
      ...toPlain(),
      headers: { 'x-team': 'search' },
      change: { headers: { 'x-secret': 'canary-a' } },
    });

    await client.chat.completions.create(chat);

    expect(onlyRequest(b).headers).toMatchObject({ 'x-team': 'search' });
    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
    expect(opened[0]?.removed).toEqual(['headers.x-secret']);
  });

  it('leaves a frozen request as it was', async () => {
    const body = deepFreeze({ ...structuredClone(chat), store: true, seed: 1 });
    const { client } = connectTo(caller(), {
      ...toPlain(),
      model: 'b-model',
      request: { seed: undefined, temperature: 0 },
    });

    await client.chat.completions.create(body);

    expect(onlyRequest(b).json).toEqual({ ...chat, model: 'b-model', temperature: 0 });
    expect(body).toEqual({ ...chat, store: true, seed: 1 });
  });

  it('has one idempotency key for all attempts of a call, its own, and counts them', async () => {
    const { client } = connectTo(caller(), { ...toPlain(), retries: 2 });
    b.enqueue({ status: 500 }, { times: 2 });

    await client.chat.completions.create(chat, canaryRequest);
    await client.chat.completions.create(chat, canaryRequest);

    const sent = b.requests.map(({ headers }) => headers);
    const [first, ...keys] = sent.map((headers) => headers['idempotency-key']);
    expect(first).toMatch(/.{16,}/);
    expect(keys.slice(0, 2)).toEqual([first, first]);
    expect(keys[2]).not.toBe(first);
    expect(sent.map((headers) => headers['x-stainless-retry-count'])).toEqual(['0', '1', '2', '0']);
  });

  it('is sent a body that can be read once only once', async () => {
    const { client } = connectTo(caller(), { ...toPlain(), retries: 2 });
    b.enqueue({ status: 500 }, { times: 3 });
    const body = (async function* () {
      yield new TextEncoder().encode(JSON.stringify(chat));
    })();

    const error = await failureOf(client.post('/chat/completions', { body }));

    expect(error).toMatchObject({ status: 500 });
    expect(b.requests).toHaveLength(1);
  });

  it.each(others)('is refused in the caller’s own classes ($other)', async ({ make }) => {
    const { client } = connectTo(caller(), { source: given(make(b.baseURL)) });
    b.enqueue({ status: 429, headers: { 'retry-after': '7', 'x-request-id': 'req_b' } });

    const error = await failureOf(client.chat.completions.create(chat));

    expect(error).toBeInstanceOf(Class.RateLimitError);
    expect(error).toMatchObject({ status: 429, requestID: 'req_b', type: 'requests' });
  });

  it.each(others)('is missing in the caller’s own classes ($other)', async ({ make }) => {
    const gone = await startFakeProvider();
    await gone.close();
    const { client } = connectTo(caller(), { source: given(make(gone.baseURL)) });

    const error = await failureOf(client.chat.completions.create(chat));

    expect(error).toBeInstanceOf(Class.APIConnectionError);
  });

  it.each(others)('is aborted in the caller’s own classes ($other)', async ({ make }) => {
    const { client } = connectTo(caller(), { source: given(make(b.baseURL)) });
    const controller = new AbortController();
    b.enqueue(() => {
      controller.abort();
      return { fault: 'hang' };
    });

    const error = await failureOf(
      client.chat.completions.create(chat, { signal: controller.signal }),
    );

    expect(error).toBeInstanceOf(Class.APIUserAbortError);
  });
});

describe('a client of Azure', () => {
  const azureOptions = { endpoint: '', apiVersion: '2024-10-21', ...quiet };

  it('adapts path, query and key by itself', async () => {
    const azure = new AzureOpenAI({ ...azureOptions, apiKey: 'key-b', endpoint: b.url });
    const { client } = connectTo(new OpenAI({ ...own, baseURL: a.baseURL }), {
      source: given(azure),
      model: 'my-deployment',
      retries: 1,
    });
    b.enqueue({ status: 500 });
    b.enqueue({ json: { id: 'c', choices: [] } });

    await client.chat.completions.create(chat, canaryRequest);

    for (const request of b.requests) {
      expect(wireOf(request)).not.toContain('canary-a');
      expect(request.target).toBe(
        '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21',
      );
      expect(request.headers['api-key']).toBe('key-b');
    }
    expect(b.requests).toHaveLength(2);
  });

  it('as the caller leaves its deployments and versions behind', async () => {
    const azure = new AzureOpenAI({
      ...azureOptions,
      ...canaryClient,
      deployment: 'canary-a',
      endpoint: a.url,
    });
    const { client } = connectTo(azure, { source: given(plain(b.baseURL)), model: 'b-model' });

    await client.chat.completions.create(chat, canaryRequest);

    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
    expect(onlyRequest(b).target).toBe('/v1/chat/completions');
  });
});
