import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { DialectName } from '../../../../src/dialects/dialect.js';

/** What an SDK shows of a response: a body, or the chunks of a stream and the error that ended it. */
export interface Shown {
  readonly body?: unknown;
  readonly chunks?: readonly unknown[];
  readonly error?: unknown;
}

/** Gives a response to the real SDK, in the call that would have received it; text is a stream. */
export async function shownBySdk(dialect: DialectName, body: unknown): Promise<Shown> {
  const stream = typeof body === 'string';
  const text = stream ? body : JSON.stringify(body);
  const type = stream ? 'text/event-stream' : 'application/json';
  const fetch = () => Promise.resolve(new Response(text, { headers: { 'content-type': type } }));
  const result: unknown = await call(dialect, stream, fetch);
  // Both SDKs give a stream that can be iterated where one was asked for.
  return stream ? collect(result as AsyncIterable<unknown>) : { body: structuredClone(result) };
}

function call(
  dialect: DialectName,
  stream: boolean,
  fetch: () => Promise<Response>,
): PromiseLike<unknown> {
  const options = { apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch } as const;
  const client = new OpenAI(options);
  switch (dialect) {
    case 'anthropic-messages': {
      const { messages } = new Anthropic(options);
      return messages.create({ model: 'm', max_tokens: 1, messages: [], stream });
    }
    case 'openai-chat':
      return client.chat.completions.create({ model: 'm', messages: [], stream });
    case 'openai-responses':
      return client.responses.create({ model: 'm', input: '', stream });
    case 'openai-completions':
      return client.completions.create({ model: 'm', prompt: '', stream });
    case 'openai-embeddings':
      return client.embeddings.create({ model: 'm', input: '', encoding_format: 'base64' });
  }
}

async function collect(stream: AsyncIterable<unknown>): Promise<Shown> {
  const chunks: unknown[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks };
  } catch (error) {
    const { message, status, error: body } = error as Error & Record<string, unknown>;
    return { chunks, error: { message, status, body } };
  }
}
