import { createRequire } from 'node:module';
import OpenAI from 'openai';
import * as undici8 from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';

import {
  answers,
  chat,
  message,
  origins,
  streamedChat,
  streamPieces,
  wrappedClients,
} from './interception.js';

// The copy that the AI SDK brings along; the same functions as far as they are used here.
const undici6: typeof undici8 = createRequire(createRequire(import.meta.url).resolve('ai'))(
  'undici',
);

const chatPath = '/v1/chat/completions';
const early = wrappedClients();

describe.each([
  ['8', undici8],
  ['6', undici6],
])("a user's MockAgent of undici %s", (_, undici) => {
  let mock: undici8.MockAgent;
  const before = undici.getGlobalDispatcher();
  beforeEach(() => {
    mock = new undici.MockAgent();
    mock.disableNetConnect();
  });
  afterEach(async () => {
    undici.setGlobalDispatcher(before);
    await mock.close();
  });

  const intercept = () => mock.get(origins.openai).intercept({ path: chatPath, method: 'POST' });

  describe.each([
    ['set globally, with a client made before', () => early],
    ['set globally, with a client made after', wrappedClients],
    ['given as fetchOptions.dispatcher', () => clientsOn(mock)],
  ])('%s', (way, clients) => {
    beforeEach(() => {
      if (way.startsWith('set globally')) undici.setGlobalDispatcher(mock);
    });

    it('answers a call', async () => {
      const headers = { 'content-type': 'application/json' };
      intercept().reply(200, answers.chat, { headers });
      mock
        .get(origins.anthropic)
        .intercept({ path: '/v1/messages', method: 'POST' })
        .reply(200, answers.message, { headers });

      expect(await chat(clients().openai)).toBe('mocked');
      if (way.startsWith('set globally')) expect(await message(clients().anthropic)).toBe('mocked');
    });

    it('answers a call with a stream', async () => {
      intercept().reply(200, streamPieces.join(''), {
        headers: { 'content-type': 'text/event-stream' },
      });

      expect(await streamedChat(clients().openai)).toBe('mocked');
    });

    it('answers a call with an error', async () => {
      intercept().reply(400, answers.error, { headers: { 'content-type': 'application/json' } });

      const error = await chat(clients().openai).catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ code: 'nope' });
    });

    it('breaks a connection', async () => {
      intercept().replyWithError(new Error('mocked break'));

      await expect(chat(clients().openai)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
    });

    it('refuses what nobody expects', async () => {
      await expect(chat(clients().openai)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
    });
  });
});

function clientsOn(dispatcher: undici8.MockAgent): ReturnType<typeof wrappedClients> {
  const fetchOptions = { dispatcher } as never; // the SDK's types name another copy's dispatcher
  const openai = new OpenAI({ apiKey: 'test', maxRetries: 0, fetchOptions });
  return { ...early, openai: createGateway().wrap(openai) };
}
