import { createOpenAI } from '@ai-sdk/openai';
import { ChatOpenAI } from '@langchain/openai';
import { generateText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { quickClock } from '../../support/quick-clock.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

type Ask = (gateway: Gateway) => PromiseLike<unknown>;

/** Callers that retry by themselves, five times. */
const eager: Record<string, Ask> = {
  'the OpenAI SDK': ({ fetch }) =>
    new OpenAI({
      apiKey: 'test',
      baseURL: provider.baseURL,
      fetch,
      maxRetries: 5,
    }).chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
  LangChain: ({ fetch }) =>
    new ChatOpenAI({
      apiKey: 'test',
      model: 'm',
      maxRetries: 0,
      configuration: { baseURL: provider.baseURL, fetch, maxRetries: 5 },
    }).invoke('hi'),
};

/** A caller that takes no word of an answer, so its retries are switched off, as the documents say. */
const told: Record<string, Ask> = {
  'the Vercel AI SDK': ({ fetch }) =>
    generateText({
      model: createOpenAI({ apiKey: 'test', baseURL: provider.baseURL, fetch }).chat('m'),
      prompt: 'hi',
      maxRetries: 0,
    }),
};

describe.each(Object.entries({ ...eager, ...told }))(
  'a call by %s over gateway.fetch',
  (_, ask) => {
    it.each([
      [400, 1],
      [404, 1],
      [429, 3],
      [500, 3],
      [529, 3],
    ])('that ends with %i is sent by the gateway only, %i times', async (status, attempts) => {
      provider.enqueue({ status }, { times: 20 });

      await expect(ask(createGateway({ clock: quickClock() }))).rejects.toThrow();

      expect(provider.requests).toHaveLength(attempts);
    });

    it('that fails once is repeated, unseen', async () => {
      provider.enqueue({ status: 503 });

      await ask(createGateway({ clock: quickClock() }));

      expect(provider.requests).toHaveLength(2);
    });
  },
);

describe.each(Object.entries(told))('a call by %s over gateway.fetch', (_, ask) => {
  it('whose connection breaks is repeated as often as the gateway does', async () => {
    provider.enqueue({ fault: 'reset' }, { times: 20 });

    await expect(ask(createGateway({ clock: quickClock() }))).rejects.toThrow();

    expect(provider.requests).toHaveLength(3);
  });
});
