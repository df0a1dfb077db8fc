import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { createInMemoryFetch, type Reply } from 'zerohop/testing';
import { spanFaults } from './support/conformance.js';
import { recordSpans, type SeenSpan, see } from './support/recording.js';

const usage = {
  inputTokens: 11,
  outputTokens: 7,
  cachedTokens: 3,
  cacheWriteTokens: 4,
  reasoningTokens: 2,
};
const reply: Reply = { text: 'One two three.', reasoning: 'Hm.', usage };
const sampling = { temperature: 0.5, top_p: 0.9 };
const messages = [
  { role: 'system' as const, content: 'Be brief.' },
  { role: 'user' as const, content: 'Hi.' },
];
const chat = {
  model: 'gpt-5-mini',
  messages,
  max_completion_tokens: 50,
  stop: ['END'],
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  seed: 7,
  n: 2,
  reasoning_effort: 'low' as const,
  response_format: { type: 'text' as const },
  ...sampling,
};
const asked = {
  model: 'gpt-5-mini',
  input: 'Hi.',
  instructions: 'Be brief.',
  max_output_tokens: 50,
  ...sampling,
};
const message = {
  model: 'claude-sonnet-4-6',
  max_tokens: 50,
  system: 'Be brief.',
  messages: [{ role: 'user' as const, content: 'Hi.' }],
  stop_sequences: ['END'],
  top_k: 40,
  ...sampling,
};
const tools = [
  { type: 'function' as const, function: { name: 'lookup', parameters: { type: 'object' } } },
];

interface Clients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly enqueue: (reply: Reply) => void;
}

const read = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
};

const calls: readonly (readonly [name: string, call: (clients: Clients) => Promise<unknown>])[] = [
  ['chat', ({ openai }) => openai.chat.completions.create(chat)],
  [
    'chat stream',
    async ({ openai }) => read(await openai.chat.completions.create({ ...chat, stream: true })),
  ],
  [
    'chat with tools',
    ({ openai, enqueue }) => {
      enqueue({
        usage,
        toolCalls: [{ name: 'lookup' }, { name: 'lookup', arguments: 'not json' }],
      });
      return openai.chat.completions.create({ ...chat, tools });
    },
  ],
  [
    'chat 429',
    ({ openai, enqueue }) => {
      enqueue({ status: 429 });
      return openai.chat.completions.create(chat).catch(() => undefined);
    },
  ],
  [
    'chat break',
    async ({ openai }) => {
      for await (const _ of await openai.chat.completions.create({ ...chat, stream: true })) break;
    },
  ],
  [
    'completions',
    ({ openai }) =>
      openai.completions.create({
        ...sampling,
        model: 'gpt-3.5-turbo-instruct',
        prompt: 'Hi.',
        max_tokens: 5,
        stop: 'END',
        frequency_penalty: 0.1,
        presence_penalty: 0.1,
        seed: 1,
      }),
  ],
  ['responses', ({ openai }) => openai.responses.create(asked)],
  [
    'responses stream',
    async ({ openai }) => read(await openai.responses.create({ ...asked, stream: true })),
  ],
  [
    'embeddings',
    ({ openai }) =>
      openai.embeddings.create({ model: 'text-embedding-3-small', input: 'Hi.', dimensions: 8 }),
  ],
  ['messages', ({ anthropic }) => anthropic.messages.create(message)],
  [
    'messages stream',
    async ({ anthropic }) => read(await anthropic.messages.create({ ...message, stream: true })),
  ],
  [
    'messages with tools',
    ({ anthropic, enqueue }) => {
      enqueue({ usage, toolCalls: [{ name: 'lookup' }] });
      const offered = [{ name: 'lookup', input_schema: { type: 'object' as const } }];
      return anthropic.messages.create({ ...message, tools: offered });
    },
  ],
];

function setUp(profile: 'v1.41' | 'latest') {
  const recording = recordSpans();
  const fetch = createInMemoryFetch(reply);
  const { tracerProvider } = recording;
  const gateway = createGateway({
    telemetry: {
      tracerProvider,
      profile,
      captureContent: 'span',
      costAliases: ['langfuse', 'openinference', 'litellm'],
    },
    metadata: { service: 'checkout' },
  });
  const clients: Clients = {
    openai: gateway.wrap(new OpenAI({ apiKey: 'sk-test', fetch, maxRetries: 0 })),
    anthropic: gateway.wrap(new Anthropic({ apiKey: 'sk-test', fetch, maxRetries: 0 })),
    enqueue: fetch.enqueue,
  };
  return { clients, recording };
}

describe.each(['v1.41', 'latest'] as const)('profile %s', (profile) => {
  it.each(calls)('has no fault to find: %s', async (_name, call) => {
    const { clients, recording } = setUp(profile);

    await call(clients);
    await recording.allEnded();

    const spans = recording.spans().map(see);
    expect(spans).toHaveLength(1);
    expect(spans.flatMap((span) => spanFaults(span, profile))).toEqual([]);
  });
});

describe('a response that is fetched', () => {
  it('has no fault to find', async () => {
    const { clients, recording } = setUp('latest');
    const { id } = await clients.openai.responses.create(asked);

    await clients.openai.responses.retrieve(id);

    const span = recording.spans().map(see)[1];
    expect(span && spanFaults(span, 'latest')).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const good: SeenSpan = {
    name: 'chat gpt-5-mini',
    kind: 'CLIENT',
    status: 'ERROR',
    events: [],
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'deepseek',
      'gen_ai.request.model': 'gpt-5-mini',
      'error.type': '429',
      'server.address': 'api.deepseek.com',
      'server.port': 443,
      'gen_ai.request.max_tokens': 5,
      'gen_ai.request.temperature': 0,
      'gen_ai.request.top_p': 1,
      'gen_ai.request.stop_sequences': ['END'],
    },
  };

  it.each([
    ['nothing', {}, true],
    ['a status that is OK', { status: 'OK' }, false],
    ['another kind', { kind: 'INTERNAL' }, false],
    ['another name', { name: 'gpt-5-mini chat' }, false],
    ['an error without its status', { status: 'UNSET' }, false],
    ['a name nobody knows', { attributes: { ...good.attributes, 'gen_ai.made_up': 1 } }, false],
    [
      'an operation nobody knows',
      { attributes: { ...good.attributes, 'gen_ai.operation.name': 'talk' } },
      false,
    ],
    [
      'a number that is no number',
      { attributes: { ...good.attributes, 'server.port': '443' } },
      false,
    ],
    [
      'something missing',
      { attributes: { ...good.attributes, 'gen_ai.request.max_tokens': undefined } },
      false,
    ],
    [
      'content of another shape',
      { attributes: { ...good.attributes, 'gen_ai.input.messages': '[{"role":"user"}]' } },
      false,
    ],
  ] as const)('find fault with %s', (_name, changes, isGood) => {
    const faults = spanFaults({ ...good, ...changes }, 'v1.41');

    expect(faults.length === 0).toBe(isGood);
  });
});
