import type OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient, type EventMapper, mapEvents, settlementOf } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

const stream = [
  ': a comment\n\n',
  'event: first\r\nid: 7\r\ndata: {"n":  1 }\r\n\r\n',
  'data: {"n":2}\n\n',
  'data: not JSON\n\n',
  'data: {"n":3,\ndata: "more":true}\n\n',
  'data: [DONE]\n\n',
].join('');

const response = (text = stream, contentType = 'text/event-stream') =>
  new Response(text, {
    status: 201,
    headers: { 'content-type': contentType, 'x-request-id': 'r' },
  });

const same: EventMapper = (data) => data;
const numberOf = (data: unknown): unknown => Reflect.get(Object(data), 'n');

describe('mapEvents', () => {
  it('keeps the bytes of events that are returned as they are', async () => {
    expect(await mapEvents(response(), same).text()).toBe(stream);
  });

  it('asks about each event that is JSON, and about nothing else', async () => {
    const seen: unknown[] = [];

    await mapEvents(response(), (data, { event }) => {
      seen.push([event, numberOf(data)]);
      return data;
    }).text();

    expect(seen).toEqual([
      ['first', 1],
      [null, 2],
      [null, 3],
    ]);
  });

  it('drops events', async () => {
    const mapped = mapEvents(response(), (data) => (numberOf(data) === 2 ? undefined : data));

    expect(await mapped.text()).toBe(stream.replace('data: {"n":2}\n\n', ''));
  });

  it('changes events, and keeps their names', async () => {
    const mapped = mapEvents(response(), (data) =>
      numberOf(data) === 1 ? { n: 'changed' } : data,
    );

    const text = await mapped.text();

    expect(text).toContain('event: first\ndata: {"n":"changed"}\n\n');
    expect(text.endsWith(stream.slice(stream.indexOf('data: {"n":2}')))).toBe(true);
  });

  it('changes events into what is false', async () => {
    const mapped = mapEvents(response('data: {"n":1}\n\ndata: {"n":2}\n\n'), (data) =>
      numberOf(data) === 1 ? null : 0,
    );

    expect(await mapped.text()).toBe('data: null\n\ndata: 0\n\n');
  });

  it('ends cleanly where all events are dropped', async () => {
    expect(await mapEvents(response('data: {}\n\n'), () => undefined).text()).toBe('');
  });

  it.each(['text/event-stream; charset=utf-8', 'Text/Event-Stream'])(
    'takes %s for a stream',
    async (contentType) => {
      const mapped = mapEvents(response('data: {}\n\n', contentType), () => undefined);

      expect(await mapped.text()).toBe('');
    },
  );

  it('keeps status and headers', () => {
    const { status, headers } = mapEvents(response(), same);

    expect([status, headers.get('x-request-id')]).toEqual([201, 'r']);
  });

  it.each(['application/json', 'text/plain', ''])(
    'leaves a response of type "%s" as it is',
    (contentType) => {
      const given = response('{}', contentType);

      expect(mapEvents(given, same)).toBe(given);
      expect(given.bodyUsed).toBe(false);
    },
  );

  it('fails its reader with what the mapper threw', async () => {
    const mapped = mapEvents(response(), () => {
      throw new RangeError('oops');
    });

    await expect(mapped.text()).rejects.toThrow('oops');
  });

  it('tells the upstream when its reader gives up', async () => {
    let reason: unknown;
    const body = new ReadableStream({
      cancel: (why) => {
        reason = why;
      },
    });
    const given = new Response(body, { headers: { 'content-type': 'text/event-stream' } });

    await mapEvents(given, same).body?.cancel('enough');

    expect(reason).toBe('enough');
  });
});

describe('mapEvents in an interceptor', () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  beforeEach(() => provider.reset());
  afterAll(() => provider.close());

  const ask = {
    model: 'm',
    messages: [{ role: 'user' as const, content: 'one two' }],
    stream: true as const,
  };
  const clientWith = (map: EventMapper) =>
    createGatewayClient({
      apiKey: 'test',
      baseURL: provider.baseURL,
      maxRetries: 0,
      gateway: { interceptors: [async (request, next) => mapEvents(await next(request), map)] },
    });
  const shout: EventMapper = (data) => {
    const chunk = structuredClone(data) as OpenAI.ChatCompletionChunk; // the provider sends chunks only
    for (const { delta } of chunk.choices) delta.content &&= delta.content.toUpperCase();
    return chunk;
  };

  async function read(map: EventMapper): Promise<{ text: string; stream: object }> {
    const chunks = await clientWith(map).chat.completions.create(ask);
    let text = '';
    for await (const { choices } of chunks) text += choices[0]?.delta.content ?? '';
    return { text, stream: chunks };
  }

  it('changes what the stream of the SDK yields', async () => {
    expect((await read(shout)).text).toBe('ECHO: ONE TWO');
  });

  it('drops what the stream of the SDK yields', async () => {
    const { text } = await read((data) =>
      JSON.stringify(data).includes('one') ? undefined : data,
    );

    expect(text).toBe('echo: two');
  });

  it('takes a stream that does not say what it is', async () => {
    provider.enqueue({ text: 'one two', headers: { 'content-type': null } });

    expect((await read(shout)).text).toBe('ONE TWO');
  });

  it('changes the bytes that asResponse() gives', async () => {
    const raw = await clientWith(shout).chat.completions.create(ask).asResponse();

    expect(await raw.text()).toContain('"content":"ECHO:"');
  });

  it('settles the call with what the provider said', async () => {
    const { stream: chunks } = await read(shout);

    expect(await settlementOf(chunks)).toMatchObject({ outcome: 'success', text: 'echo: one two' });
  });

  it('passes on what breaks the stream', async () => {
    provider.enqueue({ text: 'one two three', fault: 'end;after=3' });

    await expect(read(shout)).rejects.toMatchObject({ name: 'StreamTruncatedError' });
  });

  it('closes the upstream when the reader breaks off', async () => {
    provider.enqueue({ text: 'one two three', fault: 'hang;after=3' });

    for await (const { choices } of await clientWith(shout).chat.completions.create(ask)) {
      if (choices[0]?.delta.content) break;
    }

    expect(await provider.requests[0]?.settled).toBe('client-closed');
  });
});
