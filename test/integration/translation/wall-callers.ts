import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import type { Reply } from 'zerohop/testing';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';
import { parsed } from './support.js';

/** What a caller got. */
export interface Told {
  readonly text: string;
  readonly calls: readonly { readonly name: string | undefined; readonly arguments: unknown }[];
}

/** What is asked for, what the provider answers, and what is to come of it. */
export interface Content {
  readonly name: 'a tool call' | 'structured output';
  readonly reply: Reply;
  readonly expected: Told;
}

/** One way to call. */
export interface Caller<Client extends object = object> {
  readonly name: string;
  readonly dialect: TranslatedDialect;
  readonly APIError: abstract new (...args: never[]) => Error;
  readonly bodies: Readonly<Record<Content['name'], object>>;
  /** A client of a server. */
  client(url: string): Client;
  ask(client: Client, body: object): Promise<Told>;
  stream(client: Client, body: object): Promise<Told>;
}

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

export const CONTENTS: readonly Content[] = [
  {
    name: 'a tool call',
    reply: { toolCalls: [{ name: 'weather', arguments: { city: 'Bonn' } }] },
    expected: { text: '', calls: [{ name: 'weather', arguments: { city: 'Bonn' } }] },
  },
  {
    name: 'structured output',
    reply: { text: '{"city":"Bonn"}' },
    expected: { text: '{"city":"Bonn"}', calls: [] },
  },
];

const messages = [{ role: 'user' as const, content: 'hi' }];
const chatTool = { type: 'function', function: { name: 'weather', parameters: SCHEMA } };
const format = { name: 'place', schema: SCHEMA, strict: true };

function chatCaller(name: string, Client: typeof OpenAI): Caller<OpenAI> {
  return {
    name,
    dialect: 'openai-chat',
    APIError: Client.APIError,
    bodies: {
      'a tool call': { tools: [chatTool] },
      'structured output': { response_format: { type: 'json_schema', json_schema: format } },
    },
    client: (url) => new Client({ apiKey: 'k', maxRetries: 0, baseURL: `${url}/v1` }),
    async ask(client, body) {
      const { choices } = await client.chat.completions.create({ model: 'm', messages, ...body });
      return toldOf(choices[0]?.message);
    },
    async stream(client, body) {
      const stream = client.chat.completions.stream({ model: 'm', messages, ...body });
      return toldOf((await stream.finalChatCompletion()).choices[0]?.message);
    },
  };
}

function toldOf(message: OpenAI.ChatCompletionMessage | undefined): Told {
  return {
    text: message?.content ?? '',
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, arguments: parsed(call.function.arguments) }]
        : [],
    ),
  };
}

function responsesCaller(name: string, Client: typeof OpenAI): Caller<OpenAI> {
  const told = ({ output, output_text: text }: OpenAI.Responses.Response): Told => ({
    text,
    calls: output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, arguments: parsed(item.arguments) }] : [],
    ),
  });
  return {
    name,
    dialect: 'openai-responses',
    APIError: Client.APIError,
    bodies: {
      'a tool call': {
        tools: [{ type: 'function', name: 'weather', parameters: SCHEMA, strict: true }],
      },
      'structured output': { text: { format: { type: 'json_schema', ...format } } },
    },
    client: (url) => new Client({ apiKey: 'k', maxRetries: 0, baseURL: `${url}/v1` }),
    ask: async (client, body) =>
      told(await client.responses.create({ model: 'm', input: 'hi', ...body })),
    stream: async (client, body) =>
      told(await client.responses.stream({ model: 'm', input: 'hi', ...body }).finalResponse()),
  };
}

const messagesCaller: Caller<Anthropic> = {
  name: 'messages',
  dialect: 'anthropic-messages',
  APIError: Anthropic.APIError,
  bodies: {
    'a tool call': { tools: [{ name: 'weather', input_schema: SCHEMA }] },
    'structured output': { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
  },
  client: (url) => new Anthropic({ apiKey: 'k', maxRetries: 0, baseURL: url }),
  async ask(client, body) {
    return toldOfBlocks(
      await client.messages.create({ model: 'm', max_tokens: 100, messages, ...body }),
    );
  },
  async stream(client, body) {
    const stream = client.messages.stream({ model: 'm', max_tokens: 100, messages, ...body });
    return toldOfBlocks(await stream.finalMessage());
  },
};

function toldOfBlocks({ content }: Anthropic.Message): Told {
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
    ),
  };
}

const older = OpenAI6 as unknown as typeof OpenAI;

export function callersOf(): readonly Caller[] {
  const all = [
    chatCaller('chat', OpenAI),
    chatCaller('chat (openai 6)', older),
    responsesCaller('responses', OpenAI),
    responsesCaller('responses (openai 6)', older),
    messagesCaller,
  ];
  // Each is called with its own clients only.
  return all as unknown as readonly Caller[];
}

/** The dialects of targets, and clients that speak them. */
export const dialects: readonly Pick<Caller, 'dialect' | 'client'>[] = [
  { dialect: 'openai-chat', client: chatCaller('', OpenAI).client },
  { dialect: 'openai-responses', client: chatCaller('', OpenAI).client },
  { dialect: 'anthropic-messages', client: messagesCaller.client },
];
