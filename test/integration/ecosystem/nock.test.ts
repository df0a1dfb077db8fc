import { Readable } from 'node:stream';
import nock from 'nock';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import {
  answers,
  chat,
  message,
  origins,
  streamedChat,
  streamPieces,
  wrappedClients,
} from './interception.js';

const chatPath = '/v1/chat/completions';

// As its documents tell users to begin and to end: the import has activated it already.
nock.restore();
const early = wrappedClients();
beforeAll(() => {
  nock.activate();
  nock.disableNetConnect();
});
afterEach(() => nock.cleanAll());
afterAll(() => nock.restore());

describe.each([
  ['before nock was active', () => early],
  ['while nock is active', wrappedClients],
])("a user's nock interceptors, with a client made %s", (_, clients) => {
  it('answer a call', async () => {
    const { openai, anthropic } = clients();
    const asked = nock(origins.openai)
      .post(chatPath, (body) => body.model === 'm')
      .matchHeader('authorization', 'Bearer test')
      .reply(200, answers.chat);
    nock(origins.anthropic).post('/v1/messages').reply(200, answers.message);

    expect(await chat(openai)).toBe('mocked');
    expect(await message(anthropic)).toBe('mocked');
    expect(asked.isDone()).toBe(true);
  });

  it('answer a call with a stream', async () => {
    const headers = { 'content-type': 'text/event-stream' };
    nock(origins.openai)
      .post(chatPath)
      .reply(200, () => Readable.from(streamPieces), headers);

    expect(await streamedChat(clients().openai)).toBe('mocked');
  });

  it('answer a call with an error', async () => {
    nock(origins.openai).post(chatPath).reply(400, answers.error);

    const error = await chat(clients().openai).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'nope' });
  });

  it('break a connection', async () => {
    nock(origins.openai).post(chatPath).replyWithError('mocked break');

    await expect(chat(clients().openai)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it('refuse what nobody expects', async () => {
    await expect(chat(clients().openai)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });
});
