import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Gateway } from 'zerohop';
import type { FakeProvider, Reply } from 'zerohop/testing';

/** The clients of both SDKs, bare or through a gateway. */
export interface Clients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
}

/** Clients that try once. */
export function clientsOf(provider: FakeProvider, gateway?: Gateway): Clients {
  const options = { apiKey: 'sk-test', maxRetries: 0 };
  const openai = new OpenAI({ ...options, baseURL: provider.baseURL });
  const anthropic = new Anthropic({ ...options, baseURL: provider.url });
  return gateway
    ? { openai: gateway.wrap(openai), anthropic: gateway.wrap(anthropic) }
    : { openai, anthropic };
}

/** One way to call a model, whole and as a stream. */
export interface ModelCall {
  readonly name: string;
  readonly json: (clients: Clients, more?: object) => Sent;
  /** `undefined` where there are no streams. */
  readonly stream?: (clients: Clients, more?: object) => SentStream;
  /** What the SDK's own helper puts together of a stream. */
  readonly helper?: (clients: Clients, more?: object) => Promise<unknown>;
}

/** What the SDKs return for a call. */
export interface Sent extends PromiseLike<object> {
  asResponse(): Promise<Response>;
  withResponse(): Promise<{ data: unknown; response: Response }>;
}

/** What the SDKs return for a call that is streamed. */
export interface SentStream extends PromiseLike<AsyncIterable<unknown>> {
  asResponse(): Promise<Response>;
}

const messages = [{ role: 'user' as const, content: 'one two three' }];
const chat = { model: 'gpt-5-mini', messages };
const response = { model: 'gpt-5-mini', input: 'one two three' };
const message = { model: 'claude-sonnet-4-6', max_tokens: 100, messages };
const completion = { model: 'gpt-3.5-turbo-instruct', prompt: 'one two three' };
const embedding = { model: 'text-embedding-3-small', input: ['one', 'two'] };
const stream = true as const;

export const modelCalls = {
  chat: {
    name: 'chat',
    json: ({ openai }, more) => openai.chat.completions.create({ ...chat, ...more }),
    stream: ({ openai }, more) => openai.chat.completions.create({ ...chat, stream, ...more }),
    helper: ({ openai }, more) =>
      openai.chat.completions.stream({ ...chat, ...more }).finalChatCompletion(),
  },
  responses: {
    name: 'responses',
    json: ({ openai }, more) => openai.responses.create({ ...response, ...more }),
    stream: ({ openai }, more) => openai.responses.create({ ...response, stream, ...more }),
    helper: ({ openai }, more) => openai.responses.stream({ ...response, ...more }).finalResponse(),
  },
  messages: {
    name: 'messages',
    json: ({ anthropic }, more) => anthropic.messages.create({ ...message, ...more }),
    stream: ({ anthropic }, more) => anthropic.messages.create({ ...message, stream, ...more }),
    helper: ({ anthropic }, more) =>
      anthropic.messages.stream({ ...message, ...more }).finalMessage(),
  },
  completions: {
    name: 'completions',
    json: ({ openai }, more) => openai.completions.create({ ...completion, ...more }),
    stream: ({ openai }, more) => openai.completions.create({ ...completion, stream, ...more }),
  },
  embeddings: {
    name: 'embeddings',
    json: ({ openai }, more) => openai.embeddings.create({ ...embedding, ...more }),
  },
} satisfies Record<string, ModelCall>;

/** Everything of a stream. */
export async function allOf(items: PromiseLike<AsyncIterable<unknown>>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of await items) all.push(item);
  return all;
}

/** Answers with a little of everything. */
export const replies: Readonly<Record<string, Reply>> = {
  'a text': { text: 'one two' },
  'a text in many scripts': { text: 'ﬁ é é 😀👩‍👩‍👧 \u2028 "\\ \u0000 שלום' },
  'an empty text': { text: '' },
  'tool calls': {
    toolCalls: [
      { name: 'weather', arguments: { city: 'Oslo', degrees: -1.5 } },
      { name: 'none', arguments: {} },
    ],
  },
  'a text and a tool call': { text: 'one', toolCalls: [{ name: 'f', arguments: { a: '"' } }] },
  'arguments that are no JSON': { toolCalls: [{ name: 'f', arguments: '{"a": tru' }] },
  reasoning: { reasoning: 'hm well', text: 'one' },
  'usage with parts': {
    text: 'one',
    usage: { inputTokens: 9, outputTokens: 8, cachedTokens: 3, reasoningTokens: 2 },
  },
  'no usage': { text: 'one', usage: null },
};
