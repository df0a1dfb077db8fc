import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import type { Gateway } from 'zerohop';
import { anthropic, openai, type Shape } from './shapes.js';

/** The SDKs every case is run with, where it applies. */
export type SdkName = 'openai 7' | 'openai 6' | 'anthropic 1';

/** Must not be found in anything the gateway says. */
export const CANARY = 'sk-canary-a9f3c1e7d5b24680';
/** The key of the other target; the same holds for it. */
export const OTHER_CANARY = 'sk-canary-b71d0e4c8f2a5936';

type ErrorClass = abstract new (...args: never[]) => Error;

/** The error classes a client carries as statics; the same names in all SDKs. */
export type ErrorName =
  | 'APIError'
  | 'APIConnectionError'
  | 'APIConnectionTimeoutError'
  | 'APIUserAbortError'
  | 'BadRequestError'
  | 'AuthenticationError'
  | 'PermissionDeniedError'
  | 'NotFoundError'
  | 'ConflictError'
  | 'UnprocessableEntityError'
  | 'RateLimitError'
  | 'InternalServerError';

/** Options of a client, as the SDKs share them. */
export interface ClientSettings {
  /** Without the version that OpenAI's base URL ends with. */
  readonly url: string;
  readonly timeout?: number | undefined;
  readonly maxRetries?: number | undefined;
  /** @defaultValue the canary */
  readonly apiKey?: string | undefined;
  readonly fetch?: ((input: unknown, init?: RequestInit) => Promise<Response>) | undefined;
  /** More of the SDK's client options. */
  readonly more?: object | undefined;
}

/** Options of one call, as the SDKs share them. */
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: number | undefined;
  /** More of the SDK's request options, such as what `perCall()` gives. */
  readonly options?: object | undefined;
  /** Makes of the request what is sent instead. @defaultValue as it is */
  readonly bodyOf?: (<Body extends object>(body: Body) => Body) | undefined;
}

/** A client, reduced to what the cases do with it. `extra` is laid over the usual request. */
export interface Caller {
  answer(extra: object, settings: CallSettings): Promise<object>;
  events(extra: object, settings: CallSettings): Promise<AsyncIterable<object>>;
  response(extra: object, settings: CallSettings): Promise<Response>;
}

/** What the cases use of a client itself. */
export interface PostingClient {
  post(path: string, options: object): Promise<unknown>;
}

/** One SDK. */
export interface Sdk {
  readonly name: SdkName;
  readonly shape: Shape;
  readonly errors: Readonly<Record<ErrorName, ErrorClass>>;
  /** Where its usual request goes. */
  readonly path: string;
  /** The bare client. */
  client(settings: ClientSettings): PostingClient;
  /** A client over a gateway, or the bare one. */
  connect(settings: ClientSettings, gateway: Gateway | undefined): Caller;
  textOf(answer: object): string;
  textOfEvent(event: object): string;
}

type OpenAIClass = typeof OpenAI;

function makeOpenAI(
  OpenAIOf: OpenAIClass,
  { url, apiKey = CANARY, more, ...settings }: ClientSettings,
  gateway?: Gateway,
): OpenAI {
  const client = new OpenAIOf({ apiKey, baseURL: `${url}/v1`, ...settingsOf(settings), ...more });
  return gateway ? gateway.wrap(client) : client;
}

type Settings = Pick<ClientSettings, 'timeout' | 'maxRetries' | 'fetch'>;

function settingsOf({ timeout, maxRetries, fetch }: Settings): {
  timeout?: number;
  maxRetries?: number;
  fetch?: NonNullable<ClientSettings['fetch']>;
} {
  return {
    ...(fetch && { fetch }),
    ...(timeout !== undefined && { timeout }),
    ...(maxRetries !== undefined && { maxRetries }),
  };
}

const messages = [{ role: 'user' as const, content: 'hi' }];

function openaiSdk(name: SdkName, OpenAIOf: OpenAIClass): Sdk {
  return {
    name,
    shape: openai,
    errors: OpenAIOf,
    path: '/chat/completions',
    client: (settings) => makeOpenAI(OpenAIOf, settings),
    connect(settings, gateway) {
      const { completions } = makeOpenAI(OpenAIOf, settings, gateway).chat;
      const body = { model: 'gpt-x', messages };
      const metered = { ...body, stream: true as const, stream_options: { include_usage: true } };
      return {
        answer: async (extra, call) =>
          completions.create(sent({ ...body, ...extra }, call), optionsOf(call)),
        events: async (extra, call) =>
          completions.create(sent({ ...metered, ...extra }, call), optionsOf(call)),
        response: (extra, call) =>
          completions.create(sent({ ...body, ...extra }, call), optionsOf(call)).asResponse(),
      };
    },
    textOf: (answer) => String(at(answer, 'choices', 0, 'message', 'content') ?? ''),
    textOfEvent: (event) => String(at(event, 'choices', 0, 'delta', 'content') ?? ''),
  };
}

// Major 6 has the same constructor and the methods used here, under types of its own.
const OpenAIv6 = OpenAI6 as unknown as OpenAIClass;

/** An OpenAI client itself, for the APIs that only it has. */
export function openaiClient(name: SdkName, settings: ClientSettings, gateway: Gateway): OpenAI {
  return makeOpenAI(name === 'openai 6' ? OpenAIv6 : OpenAI, settings, gateway);
}

/** `openai` 7. */
export const openai7 = openaiSdk('openai 7', OpenAI);
/** `openai` 6. */
export const openai6 = openaiSdk('openai 6', OpenAIv6);

function makeAnthropic({ url, apiKey = CANARY, more, ...settings }: ClientSettings): Anthropic {
  return new Anthropic({ apiKey, baseURL: url, ...settingsOf(settings), ...more });
}

/** `@anthropic-ai/sdk` 1. */
export const anthropic1: Sdk = {
  name: 'anthropic 1',
  shape: anthropic,
  errors: Anthropic,
  path: '/v1/messages',
  client: makeAnthropic,
  connect(settings, gateway) {
    const bare = makeAnthropic(settings);
    const client = gateway ? gateway.wrap(bare) : bare;
    const body = { model: 'claude-x', max_tokens: 64, messages };
    return {
      answer: async (extra, call) =>
        client.messages.create(sent({ ...body, ...extra }, call), optionsOf(call)),
      events: async (extra, call) =>
        client.messages.create(sent({ ...body, stream: true, ...extra }, call), optionsOf(call)),
      response: (extra, call) =>
        client.messages.create(sent({ ...body, ...extra }, call), optionsOf(call)).asResponse(),
    };
  },
  textOf: (answer) => String(at(answer, 'content', 0, 'text') ?? ''),
  textOfEvent: (event) => String(at(event, 'delta', 'text') ?? ''),
};

function sent<Body extends object>(body: Body, { bodyOf }: CallSettings): Body {
  return bodyOf ? bodyOf(body) : body;
}

/** The SDKs' options do not admit `undefined` as a value. */
function optionsOf({ signal, timeout, options }: CallSettings): {
  signal?: AbortSignal;
  timeout?: number;
} {
  return { ...options, ...(signal && { signal }), ...(timeout !== undefined && { timeout }) };
}

/** A member, however deep; `undefined` where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined,
    value,
  );
}

/** All of them. */
export const sdks: readonly Sdk[] = [openai7, openai6, anthropic1];
/** Those that speak OpenAI's API. */
export const openaiOnly: readonly SdkName[] = ['openai 7', 'openai 6'];
/** Those that speak Anthropic's. */
export const anthropicOnly: readonly SdkName[] = ['anthropic 1'];
