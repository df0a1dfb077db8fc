import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type LogRow,
  type Settlement,
  target,
} from 'zerohop';
import {
  type FakeProvider,
  type RecordedRequest,
  type Reply,
  startFakeProvider,
} from 'zerohop/testing';
import { quickClock } from '../../../support/quick-clock.js';

/** What the model has to say: a word a delta. */
export const WHOLE = 'one two three four five six seven eight nine ten';
/** What of it has arrived when the stream breaks. */
export const PARTIAL = 'one two three';

export interface AskOptions {
  /** Laid over the body. */
  readonly body?: object | undefined;
  /** What `perCall()` gives, and what the SDK takes. */
  readonly options?: object | undefined;
  /** Told of all the text so far; `'break'` leaves the stream. */
  readonly onText?: ((text: string) => 'break' | undefined) | undefined;
}

/** What a caller has seen of a stream, to its end. */
export interface Seen {
  readonly text: string;
  /** What the SDK's helper put together, where one was used. */
  readonly final: unknown;
  /** Each event, or chunk, as it was shown. */
  readonly events: readonly Record<string, unknown>[];
}

/** One way of reading a stream with one SDK. */
export interface Reading {
  readonly name: string;
  readonly dialect: 'chat' | 'messages';
  readonly errors: { readonly APIError: ErrorClass; readonly APIUserAbortError: ErrorClass };
  client(provider: Pick<FakeProvider, 'baseURL' | 'anthropicBaseURL'>, options?: object): object;
  /** Reads a stream to its end. What breaks it is thrown, with what was seen under `seen`. */
  over(client: object, gateway: Gateway): (asking?: AskOptions) => Promise<Seen>;
}

type ErrorClass = abstract new (...args: never[]) => Error;
type Event = Record<string, unknown>;

interface Opened {
  readonly events: AsyncIterable<unknown> & object;
  readonly final?: (() => Promise<unknown>) | undefined;
}

const prompt = [{ role: 'user' as const, content: 'count to ten' }];
const chat = { model: 'gpt-5-mini', messages: prompt };
const messages = { model: 'claude-sonnet-4-6', max_tokens: 64, messages: prompt };

async function readAll(
  { events: stream, final }: Opened,
  textOf: (event: Event) => string,
  onText: AskOptions['onText'],
): Promise<Seen> {
  const events: Event[] = [];
  let text = '';
  let isLeft = false;
  for await (const event of stream) {
    // Every event of both SDKs is an object.
    events.push(event as Event);
    const piece = textOf(event as Event);
    text += piece;
    isLeft = piece !== '' && onText?.(text) === 'break';
    if (isLeft) break;
  }
  return { text, events, final: isLeft ? undefined : await final?.() };
}

function textOfChunk(event: Event): string {
  const { choices } = event as Partial<OpenAI.ChatCompletionChunk>;
  return choices?.[0]?.delta.content ?? '';
}

function textOfMessageEvent(event: Event): string {
  const { type, delta } = event as unknown as Anthropic.RawContentBlockDeltaEvent;
  return type === 'content_block_delta' && delta.type === 'text_delta' ? delta.text : '';
}

function chatReadings(name: string, Client: typeof OpenAI): Reading[] {
  const open = {
    create: async (client: OpenAI, body: typeof chat, options: object): Promise<Opened> => ({
      events: await client.chat.completions.create({ ...body, stream: true }, options),
    }),
    stream: (client: OpenAI, body: typeof chat, options: object): Promise<Opened> => {
      const events = client.chat.completions.stream({ ...body, stream: true }, options);
      return Promise.resolve({ events, final: () => events.finalChatCompletion() });
    },
  };
  return (['create', 'stream'] as const).map((helper) => ({
    name: `${name} ${helper}()`,
    dialect: 'chat',
    errors: Client,
    client: ({ baseURL }, options) =>
      new Client({ apiKey: 'k', baseURL, maxRetries: 0, ...options }),
    over(client, gateway) {
      const wrapped = gateway.wrap(client as OpenAI);
      return async ({ body, options, onText } = {}) =>
        readAll(
          await open[helper](wrapped, { ...chat, ...body }, { ...options }),
          textOfChunk,
          onText,
        );
    },
  }));
}

const messagesReadings: Reading[] = (['create', 'stream'] as const).map((helper) => ({
  name: `anthropic 1 ${helper}()`,
  dialect: 'messages',
  errors: Anthropic,
  client: ({ anthropicBaseURL: baseURL }, options) =>
    new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0, ...options }),
  over(client, gateway) {
    const wrapped = gateway.wrap(client as Anthropic);
    return async ({ body, options, onText } = {}) => {
      const asked = { ...messages, ...body };
      if (helper === 'create') {
        const events = await wrapped.messages.create({ ...asked, stream: true }, { ...options });
        return readAll({ events }, textOfMessageEvent, onText);
      }
      const events = wrapped.messages.stream(asked, { ...options });
      return readAll({ events, final: () => events.finalMessage() }, textOfMessageEvent, onText);
    };
  },
}));

/** Both SDKs, both majors of openai, the plain streams and the helpers. */
export const readings: readonly Reading[] = [
  ...chatReadings('openai 7', OpenAI),
  // The classes of both majors are used in the same way here.
  ...chatReadings('openai 6', OpenAI6 as unknown as typeof OpenAI),
  ...messagesReadings,
];

export function readingOf(name: string): Reading {
  const found = readings.find((reading) => reading.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** Events before three words of an answer are out: what opens it, and the words. */
export const eventsBefore = ({ dialect }: Pick<Reading, 'dialect'>, words = 3): number =>
  (dialect === 'chat' ? 1 : 3) + words;

interface Message {
  readonly role: string;
  readonly content: string;
  readonly prefix?: boolean;
}

/** The messages of a request. */
export function messagesOf({ json }: RecordedRequest): readonly Message[] {
  return (json as { messages: readonly Message[] }).messages;
}

/** What a request says that was said already, where it asks to go on. */
export function saidIn(request: RecordedRequest): string | undefined {
  return messagesOf(request).findLast(({ role }) => role === 'assistant')?.content;
}

/** A model that says {@link WHOLE}, and goes on with it after what a request says was said, with so much said again. */
export function goesOn(more: Omit<Reply, 'text'> & { readonly again?: number } = {}) {
  const { again = 0, ...reply } = more;
  return (request: RecordedRequest): Reply => ({
    usage: { inputTokens: 10, outputTokens: 4 },
    ...reply,
    text: WHOLE.slice(Math.max(0, (saidIn(request)?.length ?? 0) - again)),
  });
}

/** An answer that breaks after three words of it. */
export function breaks(reading: Pick<Reading, 'dialect'>, kind: string, words = 3): Reply {
  const events = eventsBefore(reading, words);
  const inEvents = kind === 'error-event' || kind === 'malformed';
  return {
    text: WHOLE,
    usage: { inputTokens: 7, outputTokens: 3 },
    // All others are cuts.
    fault: inEvents ? { kind, afterEvents: events } : { kind: kind as 'reset', after: { events } },
  };
}

/** Two providers for the tests of a file, that go on with {@link WHOLE}. */
export interface Pair {
  readonly first: FakeProvider;
  readonly second: FakeProvider;
}

export function usePair(): Pair {
  const started: FakeProvider[] = [];
  beforeAll(async () => {
    for (const _ of [1, 2]) started.push(await startFakeProvider({ reply: goesOn() }));
  });
  beforeEach(() => {
    for (const provider of started) provider.reset();
  });
  afterAll(() => Promise.all(started.map((provider) => provider.close())));
  const at = (index: number): FakeProvider => {
    const provider = started[index];
    if (provider === undefined) throw new Error('only within a test');
    return provider;
  };
  return {
    get first() {
      return at(0);
    },
    get second() {
      return at(1);
    },
  };
}

export interface SetUp extends GatewayOptions {
  /** Whether the second provider is asked after the first. @defaultValue false */
  readonly two?: boolean | undefined;
  /** Options of the client. */
  readonly client?: object | undefined;
}

/** A gateway over the providers that goes on with what breaks, and what was heard of it. */
export function setUp(
  reading: Reading,
  { first, second }: Pair,
  { two = false, client = {}, ...options }: SetUp = {},
) {
  const settled: Settlement[] = [];
  const rows: LogRow[] = [];
  const gateway = createGateway({
    clock: quickClock(),
    onInterrupted: 'continue',
    log: (row) => void rows.push(row),
    ...(two && { fallbacks: [target({ name: 'second', client: reading.client(second) })] }),
    ...options,
  });
  gateway.on('settled', (settlement) => void settled.push(settlement));
  const ask = reading.over(reading.client(first, client), gateway);
  /** What is thrown at the caller. */
  const fail = async (asking?: AskOptions): Promise<unknown> => {
    try {
      await ask(asking);
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };
  return { gateway, ask, fail, settled, rows };
}

/** The decisions of a call that are about its going on. */
export function goingOnOf(settlement: Settlement | undefined): readonly object[] {
  const decisions = settlement?.decisions ?? [];
  return decisions
    .filter(({ kind }) => kind === 'continued' || kind === 'not-continued')
    .map(({ kind, detail }) => ({ kind, ...detail }));
}
