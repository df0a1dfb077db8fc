import { gunzipSync } from 'node:zlib';

import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type FakeProvider, startFakeProvider, wire } from '../../../src/testing/index.js';
import { bodyOf, eventsOf, exchange, hasEnd, post, postChat } from './raw-exchange.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const stream = { stream: true };
const chat = (fault: string, extra = {}) => exchange(provider.port, postChat(fault, extra));
const streamTo = (fault: string) => exchange(provider.port, postChat(fault, stream), hasEnd);

describe('cuts', () => {
  it('resets or closes before the first byte', async () => {
    expect(await chat('reset')).toMatchObject({ text: '', ending: 'reset' });
    expect(await chat('close')).toMatchObject({ text: '', ending: 'fin' });
  });

  it('resets after the headers', async () => {
    const { text, ending } = await chat('reset;after=headers', stream);

    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
    expect(ending).toBe('reset');
  });

  it.each(['reset', 'close'])('sends exactly two events, then a %s', async (how) => {
    const { text, ending } = await chat(`${how};after=2`, stream);

    expect(eventsOf(text)).toHaveLength(2);
    expect(ending).toBe(how === 'close' ? 'fin' : 'reset');
    expect(hasEnd(text)).toBe(false);
  });

  it('sends exactly so many body bytes before a cut', async () => {
    const { text, ending } = await chat('close;bytes=10');

    expect(bodyOf(text)).toHaveLength(10);
    expect(ending).toBe('fin');
  });

  it('promises more in content-length than a short body brings', async () => {
    const whole = await exchange(provider.port, postChat(''), (text) => text.endsWith('}'));
    const { text, ending } = await chat('short-body');

    expect(text).toContain(`content-length: ${bodyOf(whole.text).length}\r\n`);
    expect(bodyOf(text)).toHaveLength(Math.floor(bodyOf(whole.text).length / 2));
    expect(ending).toBe('fin');
  });

  it('ends cleanly after one event, or without the closing events, or without [DONE]', async () => {
    const [cut, open, unmarked] = [
      await streamTo('end;after=1'),
      await streamTo('no-terminal'),
      await streamTo('no-done'),
    ];

    expect(eventsOf(cut.text)).toHaveLength(1);
    expect(open.text).not.toMatch(/\[DONE\]|"finish_reason":"/);
    expect(unmarked.text).toContain('"finish_reason":"stop"');
    expect(unmarked.text).not.toContain('[DONE]');
  });

  it.each([
    ['hang', 0],
    ['hang;after=headers', 0],
    ['hang;after=1', 1],
  ])('falls silent on %s and notices when the client leaves', async (fault, events) => {
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });
    const abort = new AbortController();
    const options = { headers: { 'x-fake-fault': fault }, signal: abort.signal };
    const body = { model: 'm', messages: [], stream: true as const };
    const seen: unknown[] = [];
    const reading = client.chat.completions.create(body, options).then(async (chunks) => {
      for await (const chunk of chunks) {
        seen.push(chunk);
        abort.abort();
      }
    });
    const request = await provider.waitForRequest();
    if (events === 0) abort.abort();
    await reading.catch(() => undefined);

    expect(await request.settled).toBe('client-closed');
    expect(seen).toHaveLength(events);
  });
});

describe('broken content', () => {
  it('puts an event that is not JSON between the others', async () => {
    const events = eventsOf((await streamTo('malformed;after=2')).text);

    expect(() => JSON.parse(events[2] ?? '')).toThrow(SyntaxError);
    expect(JSON.parse(events[3] ?? '')).toMatchObject({ object: 'chat.completion.chunk' });
  });

  it('cuts a JSON body in its middle but keeps the framing right', async () => {
    const { text } = await exchange(provider.port, postChat('malformed'), (all) => {
      const length = /content-length: (\d+)/.exec(all)?.[1];
      return length !== undefined && bodyOf(all).length === Number(length);
    });

    expect(() => JSON.parse(bodyOf(text))).toThrow(SyntaxError);
  });

  it.each([0, 2])('sends the error event after %i events and nothing behind it', async (after) => {
    const events = eventsOf((await streamTo(`error-event;after=${after};message=boom`)).text);

    expect(events).toHaveLength(after + 1);
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { message: 'boom' } });
  });

  it('sends error events in the dialect of the endpoint', async () => {
    const fault = { 'x-fake-fault': 'error-event;after=1' };
    const ask = { model: 'm', max_tokens: 1, messages: [], input: 'x', stream: true };
    const claude = await exchange(provider.port, post('/v1/messages', ask, fault), hasEnd);
    const responses = await exchange(provider.port, post('/v1/responses', ask, fault), hasEnd);

    expect(claude.text).toMatch(
      /event: error\ndata: \{"type":"error","error":\{"type":"overloaded/,
    );
    expect(responses.text).toMatch(/event: error\n[\s\S]*event: response\.failed\n/);
  });

  it('answers a proxy’s HTML page', async () => {
    const { text } = await exchange(provider.port, postChat('html'), (all) => /<\/html>/.test(all));

    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(text).toContain('content-type: text/html\r\n');
  });

  it('gzips truly, in name only, or not to the end', async () => {
    const whole = (text: string) => text.endsWith('\r\n0\r\n\r\n') || text.endsWith('}');
    const lie = await exchange(provider.port, postChat('gzip;mode=lie'), whole);
    const zipped = await fetchBytes('gzip');
    const cut = await fetchBytes('gzip;mode=truncated');

    expect(lie.text).toContain('content-encoding: gzip\r\n');
    expect(JSON.parse(bodyOf(lie.text))).toMatchObject({ object: 'chat.completion' });
    expect(JSON.parse(gunzipSync(zipped).toString())).toMatchObject({ object: 'chat.completion' });
    expect(() => gunzipSync(cut)).toThrow('unexpected end of file');
  });
});

describe('status', () => {
  it('fails the first two requests and then recovers, headers included', async () => {
    const waits: (string | null)[] = [];
    const client = new OpenAI({
      apiKey: 'test',
      baseURL: provider.baseURL,
      maxRetries: 2,
      defaultHeaders: { 'x-fake-fault': 'status;code=429;retry-after-ms=1;times=2' },
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        waits.push(response.headers.get('retry-after-ms'));
        return response;
      },
    });

    const answer = await client.chat.completions.create({ model: 'm', messages: [] });

    expect(answer.object).toBe('chat.completion');
    expect(waits).toEqual(['1', '1', null]);
    expect(provider.requests).toHaveLength(3);
  });

  it('counts the same fault under another key anew', async () => {
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });
    const statusOf = async (key: string) => {
      const headers = { 'x-fake-fault': `status;code=500;times=1;key=${key}` };
      const list = client.models.list({ headers }).asResponse();
      return list.then(({ status }) => status).catch((error: { status: number }) => error.status);
    };

    expect([await statusOf('a'), await statusOf('b'), await statusOf('a')]).toEqual([
      500, 500, 200,
    ]);
  });

  it('redirects to the same path, where the header’s fault no longer applies', async () => {
    const client = new OpenAI({ apiKey: 'test', baseURL: provider.baseURL, maxRetries: 0 });
    const options = { headers: { 'x-fake-fault': 'redirect;code=308' } };

    await client.chat.completions.create({ model: 'm', messages: [] }, options);

    expect(provider.requests.map(({ path }) => path)).toEqual([
      '/v1/chat/completions',
      '/landed/v1/chat/completions',
    ]);
  });

  it('says what is wrong with an unknown fault', async () => {
    const { text } = await exchange(provider.port, postChat('explode'), (all) => all.endsWith('}'));

    expect(text).toContain('unknown fault \\"explode\\"');
  });
});

describe('ways to ask', () => {
  it('takes a fault from the path', async () => {
    const baseURL = `${provider.faultURL('status;code=503;times=1')}/v1`;
    const client = new OpenAI({ apiKey: 'test', baseURL, maxRetries: 0 });

    await expect(client.models.list()).rejects.toMatchObject({ status: 503 });
    expect((await client.models.list()).data).not.toHaveLength(0);
  });

  it('takes faults from a queued reply, several together', async () => {
    provider.enqueue({
      text: 'a b c d',
      pacing: { newline: '\r\n', comment: 'working' },
      fault: ['no-done', { kind: 'close', after: { events: 3 } }],
    });
    const { text } = await exchange(provider.port, postChat('', stream));

    expect(text.match(/: working\r\n\r\n/g)).toHaveLength(3);
    expect(text.match(/\r\ndata: /g)).toHaveLength(3);
  });

  it('writes one byte at a time, each in a chunk of its own', async () => {
    const { text } = await streamTo('pace;bytes=1');
    const sizes = bodyOf(text).match(/^1\r\n/gm) ?? [];

    expect(sizes.length).toBeGreaterThan(100);
    expect(bodyOf(text)).toMatch(/^1\r\nd\r\n1\r\na\r\n1\r\nt\r\n/);
  });

  it('takes the size of deltas from the options, a reply or a fault, the last one first', async () => {
    await using fine = await startFakeProvider({
      pacing: { chunkSize: 1 },
      reply: { text: 'abcd' },
    });
    fine.enqueue({ text: 'abcd', pacing: { chunkSize: 2 } });
    const deltas = async (fault: string) => {
      const { text } = await exchange(fine.port, postChat(fault, stream), hasEnd);
      return text.match(/"content":"[^"]+"/g)?.length;
    };

    expect([await deltas(''), await deltas(''), await deltas('pace;chunk=4')]).toEqual([2, 4, 1]);
  });

  it('lets a reply frame its body wrongly, and sends none where none may be', async () => {
    provider.enqueue({ body: 'abc', headers: { 'content-length': '2' } });
    provider.enqueue({ status: 204 });
    const wrong = await exchange(provider.port, postChat(''), (text) => text.endsWith('abc'));
    const empty = await exchange(provider.port, postChat(''), (text) => text.endsWith('\r\n\r\n'));

    expect(wrong.text.match(/content-length/g)).toHaveLength(1);
    expect(empty.text).not.toMatch(/content-length|transfer-encoding/);
  });

  it('plays raw bytes step by step', async () => {
    provider.enqueue({
      wire: [wire.write('HTTP/1.1 200 OK\r\ncontent-type: applic'), wire.sleep(1), wire.fin()],
    });

    expect(await chat('')).toMatchObject({
      text: 'HTTP/1.1 200 OK\r\ncontent-type: applic',
      ending: 'fin',
    });
  });
});

async function fetchBytes(fault: string): Promise<Buffer> {
  const { bytes } = await exchange(provider.port, postChat(`${fault},close;bytes=100000`));
  return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
}
