import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import type { Gateway } from 'zerohop';
import type { FakeProvider } from 'zerohop/testing';

/** What a caller is told of one call. */
export interface Told {
  readonly text: string;
  /** Who answered, as the headers say. */
  readonly target: string | null;
  readonly attempts: string | null;
}

/** Options of one call. */
export interface Asking {
  readonly signal?: AbortSignal | undefined;
  /** What `perCall()` gives. */
  readonly options?: object | undefined;
  /** Told of each piece of a stream's text; `'break'` leaves the stream. */
  readonly onText?: ((text: string) => 'break' | undefined) | undefined;
}

/** One API of one SDK, asked for its answer in one piece or as a stream. */
export interface Way {
  readonly name: string;
  readonly isStream: boolean;
  readonly errors: { readonly APIError: ErrorClass; readonly APIUserAbortError: ErrorClass };
  /** A client that does not retry unless `options` say so. */
  client(provider: FakeProvider, options?: object): object;
  /** What asks such a client of a gateway. */
  over(client: object, gateway: Gateway): (asking?: Asking) => Promise<Told>;
  /** What asks for a stream, and does not read it. */
  leaver(client: object, gateway: Gateway): () => Promise<void>;
}

type ErrorClass = abstract new (...args: never[]) => Error;

interface Sent<Data> {
  withResponse(): Promise<{ readonly data: Data; readonly response: Response }>;
}

/** An API, as far as a way differs from the others. */
interface Api<Client, Answer, Event> {
  readonly ask: (client: Client, options: object) => Sent<Answer>;
  readonly stream: (client: Client, options: object) => Sent<AsyncIterable<Event>>;
  readonly textOf: (answer: Answer) => string | null | undefined;
  readonly textOfEvent: (event: Event) => string | null | undefined;
}

const prompt = [{ role: 'user' as const, content: 'hi' }];
const chat = { model: 'gpt-5-mini', messages: prompt };
const responses = { model: 'gpt-5-mini', input: 'hi' };
const messages = { model: 'claude-sonnet-4-6', max_tokens: 64, messages: prompt };

const chatApi: Api<OpenAI, OpenAI.ChatCompletion, OpenAI.ChatCompletionChunk> = {
  ask: (client, options) => client.chat.completions.create(chat, options),
  stream: (client, options) => client.chat.completions.create({ ...chat, stream: true }, options),
  textOf: ({ choices }) => choices[0]?.message.content,
  textOfEvent: ({ choices }) => choices[0]?.delta.content,
};
const responsesApi: Api<OpenAI, OpenAI.Responses.Response, OpenAI.Responses.ResponseStreamEvent> = {
  ask: (client, options) => client.responses.create(responses, options),
  stream: (client, options) => client.responses.create({ ...responses, stream: true }, options),
  textOf: (answer) => answer.output_text,
  textOfEvent: (event) => (event.type === 'response.output_text.delta' ? event.delta : ''),
};
const messagesApi: Api<Anthropic, Anthropic.Message, Anthropic.RawMessageStreamEvent> = {
  ask: (client, options) => client.messages.create(messages, options),
  stream: (client, options) => client.messages.create({ ...messages, stream: true }, options),
  textOf: ({ content: [block] }) => (block?.type === 'text' ? block.text : ''),
  textOfEvent: (event) =>
    event.type === 'content_block_delta' && event.delta.type === 'text_delta'
      ? event.delta.text
      : '',
};

interface Kit<Client> {
  readonly name: string;
  readonly errors: Way['errors'];
  readonly client: (provider: FakeProvider, options: object) => Client;
}

function waysOf<Client extends object, Answer, Event>(
  { name, errors, client: connect }: Kit<Client>,
  api: Api<Client, Answer, Event>,
): Way[] {
  return [false, true].map((isStream) => ({
    name: `${isStream ? 'a stream' : 'JSON'}, ${name}`,
    isStream,
    errors,
    client: (provider, options = {}) =>
      connect(provider, { apiKey: 'k', maxRetries: 0, ...options }),
    leaver(client, gateway) {
      const wrapped = gateway.wrap(client as Client);
      return async () => void (await api.stream(wrapped, {}).withResponse());
    },
    over(client, gateway) {
      // What `client` above made.
      const wrapped = gateway.wrap(client as Client);
      return async ({ signal, options, onText } = {}) => {
        const asked = { ...options, ...(signal && { signal }) };
        if (!isStream) {
          const { data, response } = await api.ask(wrapped, asked).withResponse();
          return { text: api.textOf(data) ?? '', ...labelsOf(response) };
        }
        const { data, response } = await api.stream(wrapped, asked).withResponse();
        let text = '';
        for await (const event of data) {
          const piece = api.textOfEvent(event) ?? '';
          text += piece;
          if (piece !== '' && onText?.(piece) === 'break') break;
        }
        return { text, ...labelsOf(response) };
      };
    },
  }));
}

function labelsOf({ headers }: Response): Pick<Told, 'target' | 'attempts'> {
  return {
    target: headers.get('x-zerohop-target'),
    attempts: headers.get('x-zerohop-attempts'),
  };
}

function openai(name: string, Client: typeof OpenAI): Way[] {
  const kit = (api: string): Kit<OpenAI> => ({
    name: `${api}, ${name}`,
    errors: Client,
    client: ({ baseURL }, options) => new Client({ baseURL, ...options }),
  });
  return [...waysOf(kit('chat'), chatApi), ...waysOf(kit('responses'), responsesApi)];
}

const anthropicKit: Kit<Anthropic> = {
  name: 'messages, anthropic 1',
  errors: Anthropic,
  client: ({ anthropicBaseURL: baseURL }, options) => new Anthropic({ baseURL, ...options }),
};

/** Every API that a route may be asked by, through every SDK, both ways. */
export const ways: readonly Way[] = [
  ...openai('openai 7', OpenAI),
  // The classes of both majors are used in the same way here.
  ...openai('openai 6', OpenAI6 as unknown as typeof OpenAI),
  ...waysOf(anthropicKit, messagesApi),
];

/** The way of that name. */
export function wayOf(name: string): Way {
  const way = ways.find((one) => one.name === name);
  if (way === undefined)
    throw new Error(`no way ${name}; there are ${ways.map((one) => one.name)}`);
  return way;
}
