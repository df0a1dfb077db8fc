import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { toFile } from 'openai';

import type { WireApi, WireExchange } from './exchange.js';

/** One client of each SDK, made the same way. */
export interface Clients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
}

/** The SDKs' promise of an answer, as far as it is used here. */
export interface Asked extends PromiseLike<unknown> {
  asResponse(): Promise<Response>;
  withResponse(): Promise<{ data: unknown; response: Response }>;
}

const messages = [{ role: 'user', content: 'hello' }];

/** What is asked where the source did not record the request. */
const MINIMAL: Partial<Record<WireApi, object>> = {
  'openai.chat': { model: 'm', messages },
  'openai.responses': { model: 'm', input: 'hello' },
  'openai.completions': { model: 'm', prompt: 'hello' },
  'openai.embeddings': { model: 'm', input: 'hello' },
  'anthropic.messages': { model: 'm', max_tokens: 64, messages },
};

/** The body that is sent: the recorded one, or the least that the API takes. */
export function requestBody({ api, request, stream }: WireExchange): Record<string, unknown> {
  const recorded = request?.body;
  const body = typeof recorded === 'object' && recorded !== null ? recorded : MINIMAL[api];
  return stream ? { ...body, stream: true } : { ...body };
}

const sound = () => toFile(Buffer.from('RIFF'), 'sound.wav', { type: 'audio/wav' });
const picture = () => toFile(Buffer.from('PNG'), 'picture.png', { type: 'image/png' });

/** The Anthropic SDK refuses long answers that do not stream, unless it is told how long to wait. */
const patient = { timeout: 600_000 };

// Bodies come from recordings of many providers: the methods' own types say less than what is sent.
const INVOKE: Record<WireApi, (clients: Clients, body: never, exchange: WireExchange) => unknown> =
  {
    'openai.chat': ({ openai }, body) => openai.chat.completions.create(body),
    'openai.responses': ({ openai }, body) => openai.responses.create(body),
    'openai.completions': ({ openai }, body) => openai.completions.create(body),
    'openai.embeddings': ({ openai }, body) => openai.embeddings.create(body),
    'openai.moderations': ({ openai }, body) => openai.moderations.create(body),
    'openai.images': ({ openai }, body, exchange) =>
      exchange.request?.url.endsWith('/edits')
        ? openai.images.edit({ model: 'm', prompt: 'p', image: picture() as never })
        : openai.images.generate(body),
    'openai.audio.transcriptions': ({ openai }, _body, exchange) =>
      openai.audio.transcriptions.create({
        model: 'm',
        file: sound() as never,
        stream: exchange.stream,
      }),
    'openai.vector_stores': ({ openai }) => openai.get('/vector_stores/vs_1/files'),
    models: (clients, _body, exchange) =>
      exchange.provider === 'anthropic'
        ? clients.anthropic.get('/v1/models')
        : clients.openai.get('/models'),
    'anthropic.messages': ({ anthropic }, body) => anthropic.messages.create(body, patient),
    'anthropic.count_tokens': ({ anthropic }, body) => anthropic.messages.countTokens(body),
  };

/** Asks with the method of the SDK that the exchange belongs to. */
export function invoke(clients: Clients, exchange: WireExchange): Asked {
  // All of these methods return the SDK's APIPromise.
  return INVOKE[exchange.api](clients, requestBody(exchange) as never, exchange) as Asked;
}

/** What `fetch` is given for the same request. */
export function rawRequest(baseURL: string, exchange: WireExchange): [string, RequestInit] {
  const paths: Partial<Record<WireApi, string>> = {
    'openai.chat': '/v1/chat/completions',
    'openai.responses': '/v1/responses',
    'openai.completions': '/v1/completions',
    'openai.audio.transcriptions': '/v1/audio/transcriptions',
    'anthropic.messages': '/v1/messages',
  };
  return [
    `${baseURL}${paths[exchange.api] ?? '/v1/other'}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requestBody(exchange)),
    },
  ];
}
