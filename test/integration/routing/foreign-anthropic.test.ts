import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { givenClient } from '../../../src/sdk/client-source.js';
import { claudeEvents, claudeMessage } from '../drop-in/support/claude-answer.js';
import { bedrockStream } from '../drop-in/support/event-stream.js';
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

const message = {
  model: 'a-model',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'hi' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;

/** A turn that only Claude can read on. */
const signed = {
  role: 'assistant',
  content: [
    { type: 'thinking', thinking: 'hm', signature: 'c2lnbmVk' },
    { type: 'text', text: 'yes', cache_control: { type: 'ephemeral' } },
  ],
} satisfies Anthropic.MessageParam;

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
const caller = () => new Anthropic({ ...canaryClient, baseURL: a.anthropicBaseURL });
const plain = () => new Anthropic({ ...quiet, apiKey: 'key-b', baseURL: b.anthropicBaseURL });

const bedrock = () =>
  new AnthropicBedrock({ ...quiet, awsRegion: 'us-east-1', baseURL: b.url, apiKey: 'key-b' });

function vertex(): AnthropicVertex {
  const authClient = {
    projectId: 'my-project',
    getRequestHeaders: async () => new Headers({ authorization: 'Bearer key-b' }),
  };
  const place = { region: 'us-east5', projectId: 'my-project', baseURL: `${b.url}/v1` };
  // What the client needs of google-auth-library's AuthClient.
  return new AnthropicVertex({ ...quiet, ...place, authClient: authClient as never });
}

const hosts = [
  { host: 'Anthropic', make: plain, path: '/v1/messages' },
  { host: 'Bedrock', make: bedrock, path: '/model/b-model/invoke' },
  {
    host: 'Vertex',
    make: vertex,
    path: '/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/b-model:rawPredict',
  },
];

describe('another target of an Anthropic client', () => {
  it.each(hosts)(
    'has its own credentials and model, and nothing of the caller’s ($host)',
    async ({ make, path }) => {
      const { client } = connectTo(caller(), { source: given(make()), model: 'b-model' });
      b.enqueue({ json: claudeMessage });
      const own = { ...message, user_profile_id: 'canary-a', workspace_id: 'canary-a' };

      const answer = await client.messages.create(own, canaryRequest);

      const request = onlyRequest(b);
      expect(answer.content).toEqual(claudeMessage.content);
      expect(wireOf(request)).not.toContain('canary-a');
      expect(request.target).toBe(path);
      expect(request.headers.authorization).toBe('Bearer key-b');
      expect(a.requests).toHaveLength(0);
    },
  );

  it.each([
    { host: 'Anthropic', make: plain, events: undefined },
    { host: 'Bedrock', make: bedrock, events: bedrockStream(claudeEvents) },
  ])('streams ($host)', async ({ make, events }) => {
    const { client } = connectTo(caller(), { source: given(make()), model: 'b-model' });
    const headers = { 'content-type': 'application/vnd.amazon.eventstream' };
    b.enqueue(events ? { body: events, headers } : { text: 'hello from the cloud' });

    const stream = client.messages.stream(message, canaryRequest);
    const answer = await stream.finalText();

    expect(answer).toBe('hello from the cloud');
    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
  });

  it('is asked under the plain path, whichever the caller used', async () => {
    const { client } = connectTo(caller(), { source: given(plain()) });

    await client.beta.messages.create({ ...message, betas: ['canary-a'] });

    expect(onlyRequest(b).target).toBe('/v1/messages');
    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
  });

  it('gets what Claude signed only where Claude is, and a frozen request stays as it was', async () => {
    const body = deepFreeze({ ...message, messages: [...message.messages, signed] });
    const before = structuredClone(body);
    const elsewhere = connectTo(caller(), { source: given(plain()) });

    await elsewhere.client.messages.create(body);

    expect(onlyRequest(b).json).toHaveProperty('messages[1].content', [
      { type: 'text', text: 'yes' },
    ]);
    expect(elsewhere.opened[0]?.removed).toEqual([
      'messages[].content[].thinking',
      'messages[].content[].cache_control',
    ]);
    expect(body).toEqual(before);
  });

  it('keeps what Claude signed with another key of the same host', async () => {
    const samePlace = new Anthropic({ ...canaryClient, baseURL: b.anthropicBaseURL });
    const { client, opened } = connectTo(samePlace, { source: given(plain()) });

    await client.messages.create({ ...message, messages: [...message.messages, signed] });

    expect(onlyRequest(b).json).toHaveProperty('messages[1]', signed);
    expect(opened[0]?.removed).toEqual([]);
  });

  it.each(hosts)(
    'is refused in the caller’s own classes, with what was said ($host)',
    async ({ make }) => {
      const { client } = connectTo(caller(), { source: given(make()), model: 'b-model' });
      const error = { type: 'overloaded_error', message: 'too many' };
      b.enqueue({
        status: 529,
        json: { type: 'error', error },
        headers: { 'request-id': 'req_b' },
      });

      const failure = await failureOf(client.messages.create(message));

      expect(failure).toBeInstanceOf(Anthropic.InternalServerError);
      expect(failure).toMatchObject({ status: 529, requestID: 'req_b', type: 'overloaded_error' });
    },
  );

  it('makes no span of its own', async () => {
    const clients: object[] = [];
    const spy = vi.spyOn(Anthropic.prototype, 'withOptions');
    const other = plain();
    given(other);
    for (const { type, value } of spy.mock.results) if (type === 'return') clients.push(value);

    expect(spy).toHaveBeenCalledWith(expect.objectContaining({ openTelemetry: false }));
    expect(clients).toHaveLength(1);
  });
});
