import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { createGateway, fallback, type GatewayOptions, type TargetOptions, target } from 'zerohop';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a caller got, in words that all dialects share. */
export interface Got {
  readonly text: string;
  readonly calls: readonly { readonly name: string | undefined; readonly arguments: unknown }[];
  readonly finish: unknown;
  readonly totalTokens: number | undefined;
}

/** How a caller of one dialect asks, and what its SDK makes of the answer. */
export interface CallerKind {
  readonly name: string;
  readonly dialect: TranslatedDialect;
  ask(options: GatewayOptions, stream: boolean, body?: object): Promise<Got>;
  /** The events of a stream, one by one. */
  events(options: GatewayOptions): Promise<AsyncIterable<object>>;
}

const KEY = { apiKey: 'caller-key', maxRetries: 0, logLevel: 'off' as const };
/** The caller's own client is never asked. */
const unused: Fetch = () => Promise.reject(new Error('the caller’s own client was asked'));

/** A client of the target's SDK that is answered by `fetch`. */
export function clientOf(dialect: TranslatedDialect, fetch: Fetch): object {
  const own = { apiKey: 'target-key', logLevel: 'off' as const, fetch: fetch as never };
  return dialect === 'anthropic-messages'
    ? new Anthropic(own)
    : new OpenAI({ ...own, baseURL: 'http://target.test/v1' });
}

/** A gateway whose only route is one target of a dialect. */
export function routeTo(
  dialect: TranslatedDialect,
  fetch: Fetch,
  more: TargetOptions = {},
): GatewayOptions {
  const only = target({
    name: 'other',
    client: clientOf(dialect, fetch),
    model: 'other-model',
    dialect,
    ...more,
  });
  return { route: fallback(only) };
}

function chatCaller(SomeOpenAI: typeof OpenAI, name: string): CallerKind {
  return {
    name,
    dialect: 'openai-chat',
    events: (options) =>
      wrap(new SomeOpenAI({ ...KEY, fetch: unused as never }), options).chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
        stream: true,
        stream_options: { include_usage: true },
      }),
    async ask(options, stream, body) {
      const client = wrap(new SomeOpenAI({ ...KEY, fetch: unused as never }), options);
      const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }], ...body };
      const { choices, usage } = stream
        ? await client.chat.completions
            .stream({ ...asked, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : await client.chat.completions.create(asked);
      const [choice] = choices;
      return {
        text: `${choice?.message.content ?? ''}${choice?.message.refusal ?? ''}`,
        calls: (choice?.message.tool_calls ?? []).map((call) =>
          call.type === 'function'
            ? { name: call.function.name, arguments: parsed(call.function.arguments) }
            : { name: call.custom.name, arguments: call.custom.input },
        ),
        finish: choice?.finish_reason,
        totalTokens: usage?.total_tokens,
      };
    },
  };
}

function responsesCaller(SomeOpenAI: typeof OpenAI, name: string): CallerKind {
  return {
    name,
    dialect: 'openai-responses',
    events: (options) =>
      wrap(new SomeOpenAI({ ...KEY, fetch: unused as never }), options).responses.create({
        model: 'm',
        input: 'hi',
        stream: true,
      }),
    async ask(options, stream, body) {
      const client = wrap(new SomeOpenAI({ ...KEY, fetch: unused as never }), options);
      const asked = { model: 'm', input: 'hi', ...body };
      const response = stream
        ? await client.responses.stream(asked).finalResponse()
        : await client.responses.create(asked);
      const { output, usage, status, incomplete_details: details } = response;
      return {
        text: output
          .flatMap((item) => (item.type === 'message' ? item.content : []))
          .map((part) => (part.type === 'output_text' ? part.text : part.refusal))
          .join(''),
        calls: output.flatMap((item) => {
          if (item.type === 'function_call') {
            return [{ name: item.name, arguments: parsed(item.arguments) }];
          }
          return item.type === 'custom_tool_call'
            ? [{ name: item.name, arguments: item.input }]
            : [];
        }),
        finish: details?.reason ?? status,
        totalTokens: usage?.total_tokens,
      };
    },
  };
}

const messagesCaller: CallerKind = {
  name: 'messages',
  dialect: 'anthropic-messages',
  events: (options) =>
    wrap(new Anthropic({ ...KEY, fetch: unused as never }), options).messages.create({
      model: 'm',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    }),
  async ask(options, stream, body) {
    const client = wrap(new Anthropic({ ...KEY, fetch: unused as never }), options);
    const asked = {
      model: 'm',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'hi' }],
      ...body,
    };
    const message = stream
      ? await client.messages.stream(asked).finalMessage()
      : await client.messages.create(asked);
    const { usage } = message;
    return {
      text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
      ),
      finish: message.stop_reason,
      totalTokens:
        usage.input_tokens +
        usage.output_tokens +
        (usage.cache_read_input_tokens ?? 0) +
        (usage.cache_creation_input_tokens ?? 0),
    };
  },
};

export const callers: readonly CallerKind[] = [
  chatCaller(OpenAI, 'chat'),
  chatCaller(OpenAI6 as unknown as typeof OpenAI, 'chat (openai 6)'),
  responsesCaller(OpenAI, 'responses'),
  responsesCaller(OpenAI6 as unknown as typeof OpenAI, 'responses (openai 6)'),
  messagesCaller,
];

function wrap<Client extends object>(client: Client, options: GatewayOptions): Client {
  return createGateway(options).wrap(client);
}

/** Arguments as JSON means them. */
export function parsed(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    return words;
  }
}
