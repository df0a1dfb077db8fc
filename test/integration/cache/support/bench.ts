import type OpenAI from 'openai';
import {
  type CallOptions,
  createGateway,
  createGatewayClient,
  type GatewayClient,
  type GatewayClientOptions,
  type GatewayOptions,
  type LogRow,
  perCall,
  type Settlement,
} from 'zerohop';
import type { FakeProvider } from 'zerohop/testing';
import { handClock } from '../../../support/quick-clock.js';

/** The request that most tests make. */
export const chat = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'one two three' }],
} satisfies OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

/** A gateway with a cache, and what was heard of it. */
export interface Bench {
  readonly gateway: GatewayClient['gateway'];
  readonly client: GatewayClient;
  readonly clock: ReturnType<typeof handClock>;
  readonly rows: readonly LogRow[];
  readonly settlements: readonly Settlement[];
}

/** A clock that is set by hand, on which waits between attempts are over at once. */
export function cacheClock(): ReturnType<typeof handClock> {
  return { ...handClock(), delay: () => Promise.resolve() };
}

/** A gateway with a cache in memory, unless `options` say otherwise, and a client of it that tries once. */
export function setUp(
  provider: FakeProvider,
  options: GatewayOptions = {},
  clientOptions: GatewayClientOptions = {},
): Bench {
  const clock = cacheClock();
  const rows: LogRow[] = [];
  const settlements: Settlement[] = [];
  const gateway = createGateway({
    cache: true,
    clock,
    log: (row) => void rows.push(row),
    ...options,
  });
  gateway.on('settled', (settlement) => settlements.push(settlement));
  const client = createGatewayClient({
    apiKey: 'sk-test',
    baseURL: provider.baseURL,
    maxRetries: 0,
    ...clientOptions,
    gateway,
  });
  return { gateway, client, clock, rows, settlements };
}

/** What the gateway says of a response in its headers. */
export interface Seen {
  /** `null` where no cache was on. */
  readonly cache: string | null;
  readonly key: string;
  /** Seconds, as they stand in the headers. */
  readonly age: string | null;
  readonly ttl: string | null;
  readonly headers: Headers;
  /** The id of the answer, by which two are told apart. */
  readonly id: string;
  readonly text: string | null;
}

/** Options of one call, as the SDK takes them. */
export const withCache = (cache: CallOptions['cache']): OpenAI.RequestOptions =>
  perCall<OpenAI.RequestOptions>({ cache });

/** What the headers of a response say. */
export function labelsOf({ headers }: Response): Omit<Seen, 'id' | 'text'> {
  return {
    headers,
    cache: headers.get('x-zerohop-cache'),
    key: headers.get('x-zerohop-cache-key') ?? '',
    age: headers.get('x-zerohop-cache-age'),
    ttl: headers.get('x-zerohop-cache-ttl'),
  };
}

type ChatBody = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
type ChatStreamBody = Omit<OpenAI.Chat.ChatCompletionCreateParamsStreaming, 'stream'>;

/** Asks for a chat completion. */
export async function ask(
  client: OpenAI,
  body: ChatBody = chat,
  options?: OpenAI.RequestOptions,
): Promise<Seen> {
  const { data, response } = await client.chat.completions.create(body, options).withResponse();
  return { ...labelsOf(response), id: data.id, text: data.choices[0]?.message.content ?? null };
}

/** Asks for the same as a stream, and reads it to its end. */
export async function askStream(
  client: OpenAI,
  body: ChatStreamBody = chat,
  options?: OpenAI.RequestOptions,
): Promise<Seen> {
  const streamed = { ...body, stream: true as const };
  const { data, response } = await client.chat.completions.create(streamed, options).withResponse();
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of data) chunks.push(chunk);
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { ...labelsOf(response), id: chunks[0]?.id ?? '', text };
}

/** The status of an answer at the cache, and which answer it was (1 is the provider's first). */
export function shortly({ cache, id }: Pick<Seen, 'cache' | 'id'>): string {
  return `${cache} ${Number(/\d+$/.exec(id)?.[0])}`;
}

/** An answer of the provider's that waits to be let go. */
export function heldReply(text?: string): {
  readonly reply: () => Promise<{ text?: string }>;
  readonly release: () => void;
} {
  const gate = Promise.withResolvers<void>();
  return {
    async reply() {
      await gate.promise;
      return text === undefined ? {} : { text };
    },
    release: gate.resolve,
  };
}

/** A chat call at `gateway.fetch`, with a `x-zerohop-cache-control`; as {@link shortly} tells it. */
export function fetchChat(
  provider: FakeProvider,
  fetch: typeof globalThis.fetch,
): (cacheControl?: string) => Promise<string> {
  return async (cacheControl) => {
    const response = await fetch(`${provider.baseURL}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer sk-test',
        ...(cacheControl !== undefined && { 'x-zerohop-cache-control': cacheControl }),
      },
      body: JSON.stringify(chat),
    });
    const { id }: { id: string } = JSON.parse(await response.text());
    return shortly({ cache: response.headers.get('x-zerohop-cache'), id });
  };
}
