import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import type { OwnProvider } from '../../../src/routing/own-providers.js';
import { providerNamed } from '../../../src/routing/provider-table.js';
import { providerClient } from '../../../src/sdk/client-source.js';
import { installedClass } from '../../../src/sdk/provider-client.js';
import {
  canaryClient,
  canaryRequest,
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
const message = { ...chat, max_tokens: 9 } satisfies Anthropic.MessageCreateParamsNonStreaming;

let a: FakeProvider;
let b: FakeProvider;
beforeAll(async () => {
  [a, b] = await Promise.all([startFakeProvider(), startFakeProvider()]);
});
beforeEach(() => {
  a.reset();
  b.reset();
  // All that the SDKs read of the environment by themselves.
  for (const sdk of ['OPENAI', 'ANTHROPIC']) {
    vi.stubEnv(`${sdk}_API_KEY`, 'canary-a');
    vi.stubEnv(`${sdk}_BASE_URL`, a.baseURL);
    vi.stubEnv(`${sdk}_CUSTOM_HEADERS`, 'x-custom: canary-a\nauthorization: Bearer canary-a');
  }
  vi.stubEnv('OPENAI_ORG_ID', 'canary-a');
  vi.stubEnv('OPENAI_PROJECT_ID', 'canary-a');
  vi.stubEnv('OPENAI_ADMIN_KEY', 'canary-a');
  vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'canary-a');
});
afterAll(() => Promise.all([a.close(), b.close()]));

/** A subclass whose constructor takes something else than the SDK's options. */
class Tenant extends OpenAI {
  readonly #tenant: string;
  constructor(tenant: string) {
    super({ ...canaryClient, baseURL: a.baseURL });
    this.#tenant = tenant;
  }
  override withOptions(options: object): this {
    const copy = new Tenant(this.#tenant);
    Object.assign(copy, options);
    // It is the same class, and its own.
    return copy as this;
  }
}

const azure = { endpoint: 'http://127.0.0.1:1', apiVersion: '2024-10-21', ...canaryClient };
const callers = [
  { caller: 'openai 7', make: () => new OpenAI({ ...canaryClient, baseURL: a.baseURL }) },
  {
    caller: 'openai 6',
    // Another class by its private members; what is called here, both have.
    make: () => new OpenAI6({ ...canaryClient, baseURL: a.baseURL }) as unknown as OpenAI,
  },
  { caller: 'AzureOpenAI', make: () => new AzureOpenAI({ ...azure, baseURL: undefined as never }) },
  { caller: 'a subclass', make: () => new Tenant('t') },
];

const mine = (own: Partial<OwnProvider> = {}) =>
  providerClient(
    providerNamed('mine', { mine: { baseURL: b.baseURL, apiKey: 'key-b', ...own } }, 'at'),
    cloning,
  );
const both = ['openai-chat', 'anthropic-messages'] as const;

describe('a target that is named', () => {
  it.each(callers)('is asked with its own key alone, beside $caller', async ({ make }) => {
    vi.stubEnv('OPENAI_BASE_URL', undefined);
    const { client } = connectTo(make(), { source: mine({ headers: { 'x-team': 's' } }) });

    const answer = await client.chat.completions.create(chat, canaryRequest);

    const request = onlyRequest(b);
    expect(answer.choices[0]?.message.content).toBe('echo: hi');
    expect(wireOf(request)).not.toContain('canary-a');
    expect(request.target).toBe('/v1/chat/completions');
    expect(request.headers).toMatchObject({ authorization: 'Bearer key-b', 'x-team': 's' });
  });

  it('is not sent elsewhere by the environment', async () => {
    const { client } = connectTo(new OpenAI(canaryClient), { source: mine() });

    await client.chat.completions.create(chat);

    expect([a.requests.length, b.requests.length]).toEqual([0, 1]);
  });

  it.each([
    ['Anthropic', () => new Anthropic({ ...canaryClient, baseURL: a.anthropicBaseURL })],
    [
      'AnthropicBedrock',
      () => new AnthropicBedrock({ ...quiet, awsRegion: 'us-east-1', apiKey: 'canary-a' }),
    ],
  ])('is asked in Anthropic’s format with its own key alone, beside %s', async (_caller, make) => {
    const { client } = connectTo(make(), { source: mine({ dialects: both }) });

    await client.messages.create(message, canaryRequest);

    const request = onlyRequest(b);
    expect(wireOf(request)).not.toContain('canary-a');
    expect(request.target).toBe('/v1/messages');
    expect(request.headers.authorization).toBe('Bearer key-b');
  });

  it.each([
    ['chat', '/v1/chat/completions'],
    ['messages', '/v1/messages'],
  ])('gets no key where it has none (%s)', async (format, path) => {
    const source = mine({ apiKey: undefined, dialects: both });
    if (format === 'chat') {
      const { client } = connectTo(new OpenAI({ ...quiet, apiKey: 'canary-a' }), { source });
      await client.chat.completions.create(chat);
    } else {
      const { client } = connectTo(new Anthropic({ ...quiet, apiKey: 'canary-a' }), { source });
      await client.messages.create(message);
    }

    const request = onlyRequest(b);
    expect(request.target).toBe(path);
    expect(Object.keys(request.headers)).not.toContain('authorization');
    expect(Object.keys(request.headers)).not.toContain('x-api-key');
    expect(wireOf(request)).not.toContain('canary-a');
  });

  it('reads its key from the environment when it is first used', async () => {
    const source = mine({ apiKey: undefined, apiKeyEnv: 'MY_TEST_KEY' });
    const { client } = connectTo(new OpenAI(canaryClient), { source });
    vi.stubEnv('MY_TEST_KEY', ' key-b\n');

    await client.chat.completions.create(chat);

    expect(onlyRequest(b).headers.authorization).toBe('Bearer key-b');
  });

  it.each([undefined, '', '  '])('names the variable that is missing (%j)', async (value) => {
    const source = mine({ apiKey: undefined, apiKeyEnv: 'MY_TEST_KEY' });
    const { client } = connectTo(new OpenAI(canaryClient), { source });
    vi.stubEnv('MY_TEST_KEY', value);

    const error = await failureOf(client.chat.completions.create(chat));

    expect(error).toMatchObject({
      code: 'zerohop_config',
      message: 'mine: the environment variable MY_TEST_KEY is missing or empty',
    });
    expect(b.requests).toHaveLength(0);
  });

  it('has one client for all calls of an SDK', async () => {
    vi.stubEnv('OPENAI_BASE_URL', undefined);
    let made = 0;
    const transport: typeof cloning.transport = (fetch) => {
      made += 1;
      return cloning.transport(fetch);
    };
    const own = { mine: { baseURL: b.baseURL, apiKey: 'key-b' } };
    const source = providerClient(providerNamed('mine', own, 'at'), { ...cloning, transport });

    for (const { make } of [...callers, ...callers]) {
      await connectTo(make(), { source }).client.chat.completions.create(chat);
    }

    // Of openai 7, which three of the callers are of, and of openai 6.
    expect(made).toBe(2);
  });

  it('has what its environment says where it is the SDK’s own, and nothing of the caller’s', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'key-b');
    vi.stubEnv('OPENAI_BASE_URL', b.baseURL);
    vi.stubEnv('OPENAI_ORG_ID', 'org-b');
    for (const name of ['PROJECT_ID', 'ADMIN_KEY', 'CUSTOM_HEADERS']) {
      vi.stubEnv(`OPENAI_${name}`, undefined);
    }
    const source = providerClient(providerNamed('openai', undefined, 'at'), cloning);
    const caller = new OpenAI({ ...canaryClient, organization: 'canary-a', baseURL: a.baseURL });

    await connectTo(caller, { source }).client.chat.completions.create(chat, canaryRequest);

    const request = onlyRequest(b);
    expect(request.headers).toMatchObject({
      authorization: 'Bearer key-b',
      'openai-organization': 'org-b',
    });
    expect(wireOf(request)).not.toContain('canary-a');
  });

  it('says what to install where its SDK is missing', async () => {
    vi.doMock('@anthropic-ai/sdk', () => {
      throw new Error('Cannot find package');
    });

    const error = await failureOf(installedClass('anthropic', 'deepseek'));

    vi.doUnmock('@anthropic-ai/sdk');
    expect(error).toMatchObject({
      code: 'zerohop_config',
      message: expect.stringContaining('npm install @anthropic-ai/sdk'),
    });
  });
});
