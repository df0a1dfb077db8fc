import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';

import {
  answers,
  chat,
  message,
  origins,
  streamedChat,
  streamPieces,
  wrappedClients,
} from './interception.js';

const chatURL = `${origins.openai}/v1/chat/completions`;
const server = setupServer();

afterEach(() => server.close());

/** Clients are often made at import, before a test's server listens. */
const early = wrappedClients();

describe.each([
  ['before server.listen()', () => early],
  ['after server.listen()', wrappedClients],
])("a user's msw handlers, with a client made %s", (_, clients) => {
  function listen(...handlers: Parameters<typeof server.use>) {
    server.listen({ onUnhandledRequest: 'error' });
    server.resetHandlers(...handlers);
    return clients();
  }

  it('answer a call', async () => {
    const seen: unknown[] = [];
    const { openai, anthropic } = listen(
      http.post(chatURL, async ({ request }) => {
        seen.push(await request.json());
        return HttpResponse.json(answers.chat);
      }),
      http.post(`${origins.anthropic}/v1/messages`, () => HttpResponse.json(answers.message)),
    );

    expect(await chat(openai)).toBe('mocked');
    expect(await message(anthropic)).toBe('mocked');
    expect(seen).toMatchObject([{ model: 'm' }]);
  });

  it('answer a call with a stream', async () => {
    const { openai } = listen(
      http.post(chatURL, () => {
        const body = ReadableStream.from(streamPieces.map((piece) => Buffer.from(piece)));
        return new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } });
      }),
    );

    expect(await streamedChat(openai)).toBe('mocked');
  });

  it('answer a call with an error', async () => {
    const { openai } = listen(
      http.post(chatURL, () => HttpResponse.json(answers.error, { status: 400 })),
    );

    const error = await chat(openai).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'nope', message: '400 mocked refusal' });
  });

  it('break a connection', async () => {
    const { openai } = listen(http.post(chatURL, () => HttpResponse.error()));

    await expect(chat(openai)).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it('take an upload', async () => {
    const names: unknown[] = [];
    const { openai } = listen(
      http.post(`${origins.openai}/v1/files`, async ({ request }) => {
        const form = await request.formData();
        names.push(form.get('purpose'));
        return HttpResponse.json({ id: 'file-1', object: 'file' });
      }),
    );

    const file = new File(['hello'], 'a.txt');
    const uploaded = await openai.files.create({ file, purpose: 'assistants' });

    expect(uploaded.id).toBe('file-1');
    expect(names).toEqual(['assistants']);
  });
});

describe('a client once the msw server is closed', () => {
  it('goes out by itself again', async () => {
    const { openai } = wrappedClients();
    server.listen();
    server.resetHandlers(http.post(chatURL, () => HttpResponse.json(answers.chat)));
    const mocked = await chat(openai);
    server.close();

    const call = chat(openai.withOptions({ baseURL: 'http://127.0.0.1:9' }));

    expect(mocked).toBe('mocked');
    await expect(call).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });
});
