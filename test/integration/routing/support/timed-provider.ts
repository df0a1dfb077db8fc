import OpenAI from 'openai';
import { target } from 'zerohop';
import type { VirtualTime } from './virtual-time.js';

/** A provider of whose answers only the time is of interest; so light that thousands take no time themselves. */
export interface TimedProvider {
  readonly client: OpenAI;
  readonly target: ReturnType<typeof target>;
  requests: number;
  /** When each request was given up by its client, in virtual ms. */
  readonly closedAt: number[];
  /** How long an answer takes, in ms. */
  msOf: () => number;
}

const HEAD = { id: 'c', created: 1, model: 'm' };
const message = { role: 'assistant', content: 'hi', refusal: null };
const choice = { index: 0, logprobs: null, finish_reason: 'stop' };
const JSON_ANSWER = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  choices: [{ ...choice, message }],
});
const CHUNK = JSON.stringify({
  ...HEAD,
  object: 'chat.completion.chunk',
  choices: [{ ...choice, delta: message }],
});
const STREAM_ANSWER = `data: ${CHUNK}\n\ndata: [DONE]\n\n`;

/** Starts one. */
export function timedProvider(
  time: VirtualTime,
  name: string,
  msOf: () => number = () => 0,
): TimedProvider {
  const fetch = async (_input: unknown, init?: RequestInit): Promise<Response> => {
    provider.requests += 1;
    const signal = init?.signal ?? undefined;
    const isStream = String(init?.body).includes('"stream":true');
    try {
      await time.delay(provider.msOf(), signal);
    } catch (reason) {
      provider.closedAt.push(time.now());
      throw reason;
    }
    const type = isStream ? 'text/event-stream' : 'application/json';
    const headers = { 'content-type': type };
    return new Response(isStream ? STREAM_ANSWER : JSON_ANSWER, { headers });
  };
  const settings = { apiKey: 'k', baseURL: `http://${name}.test/v1`, maxRetries: 0 };
  const client = new OpenAI({ ...settings, fetch });
  const provider: TimedProvider = {
    client,
    target: target({ name, client }),
    requests: 0,
    closedAt: [],
    msOf,
  };
  return provider;
}
