import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';

import { createInMemoryFetch, startFakeProvider, wire } from '../../../src/testing/index.js';

const messages = [{ role: 'user' as const, content: 'hi there' }];
const ask = { model: 'm', messages };
const url = 'http://fake/v1/chat/completions';
const request = (fault: string, body: object = ask): RequestInit => ({
  method: 'POST',
  headers: { 'x-fake-fault': fault },
  body: JSON.stringify(body),
});

describe('createInMemoryFetch', () => {
  it('answers as the fake provider does over a socket', async () => {
    await using provider = await startFakeProvider();
    const fetch = createInMemoryFetch();
    const overSocket = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL });
    const inMemory = new OpenAI({ apiKey: 'test', fetch });

    expect(await inMemory.chat.completions.create(ask)).toEqual(
      await overSocket.chat.completions.create(ask),
    );
    expect(fetch.requests[0]?.json).toEqual(provider.requests[0]?.json);
    expect(await fetch.requests[0]?.settled).toBe('finished');
  });

  it('streams to both SDKs', async () => {
    const fetch = createInMemoryFetch({ text: 'one two' });
    const openai = new OpenAI({ apiKey: 'test', fetch });
    const anthropic = new Anthropic({ apiKey: 'test', fetch });

    const text = await openai.chat.completions.stream(ask).finalContent();
    const message = await anthropic.messages.stream({ ...ask, max_tokens: 9 }).finalText();

    expect([text, message]).toEqual(['one two', 'one two']);
  });

  it('produces only as much as is read and knows when reading stops', async () => {
    const fetch = createInMemoryFetch();
    const response = await fetch(url, request('', { ...ask, stream: true }));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();

    expect(await fetch.requests[0]?.settled).toBe('client-closed');
  });

  it('fails as fetch does when the connection breaks', async () => {
    const fetch = createInMemoryFetch();
    const broken = await fetch(url, request('reset;after=1', { ...ask, stream: true }));

    await expect(fetch(url, request('reset'))).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ECONNRESET' },
    });
    await expect(broken.text()).rejects.toMatchObject({ message: 'terminated' });
    await expect(fetch(url, request('gzip;mode=lie')).then((r) => r.text())).rejects.toThrow();
  });

  it('gives up a hanging answer when the signal aborts, before and after the headers', async () => {
    const fetch = createInMemoryFetch();
    const first = new AbortController();
    const second = new AbortController();
    const waiting = fetch(url, { ...request('hang'), signal: first.signal });
    first.abort(new Error('enough'));
    const headed = await fetch(url, { ...request('hang;after=headers'), signal: second.signal });
    const reading = headed.text();
    second.abort(new Error('enough'));

    await expect(waiting).rejects.toThrow('enough');
    await expect(reading).rejects.toThrow('enough');
    expect(await fetch.requests.at(-1)?.settled).toBe('client-closed');
  });

  it('follows redirects unless told not to', async () => {
    const fetch = createInMemoryFetch();
    const followed = await fetch(url, request('redirect'));
    const manual = await fetch(url, { ...request('redirect'), redirect: 'manual' });

    expect(await followed.json()).toMatchObject({ object: 'chat.completion' });
    expect(manual.status).toBe(307);
    await expect(fetch(url, { ...request('redirect'), redirect: 'error' })).rejects.toThrow();
  });

  it('queues, resets, and refuses raw bytes', async () => {
    const fetch = createInMemoryFetch();
    fetch.enqueue({ wire: [wire.reset()] });
    fetch.enqueue({ status: 418 });

    await expect(fetch(url, request(''))).rejects.toThrow('startFakeProvider');
    expect((await fetch(url, request(''))).status).toBe(418);
    fetch.reset();
    expect(fetch.requests).toHaveLength(0);
  });
});
