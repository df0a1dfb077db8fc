import { describe, expect, it } from 'vitest';
import { type EntryParts, makeEntry } from '../../../src/cache/cache-entry.js';
import { canReplay, replayEntry, replayFacts } from '../../../src/cache/replay.js';
import type { DialectName } from '../../../src/dialects/dialect.js';
import { readEvents } from '../../../src/dialects/read-events.js';
import type { StreamEvent } from '../../../src/pipeline/event-source.js';
import type { GatewayResponse, ResponsePayload } from '../../../src/pipeline/gateway-response.js';

const AS_JSON = { stream: false, wantsUsage: false };
const AS_STREAM = { stream: true, wantsUsage: false };
const WITH_USAGE = { stream: true, wantsUsage: true };

const USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };

const common: EntryParts = {
  key: 'key',
  dialect: 'openai-chat',
  form: 'body',
  usageAsked: false,
  status: 200,
  headers: [['x-request-id', 'req_1']],
  storedAt: 0,
  ttlMs: 1,
  producer: { target: 'primary', provider: 'openai' },
  saved: {},
};

function bodyEntry(body: unknown, change: Partial<EntryParts> = {}) {
  return makeEntry({ ...common, text: JSON.stringify(body), ...change });
}

function streamEntry(data: readonly (string | object)[], change: Partial<EntryParts> = {}) {
  const events = data.map(
    (one) => [null, typeof one === 'string' ? one : JSON.stringify(one)] as const,
  );
  return makeEntry({ ...common, form: 'events', events, ...change });
}

const COMPLETION = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'h\u00e9llo' }, finish_reason: 'stop' },
  ],
  usage: USAGE,
};

function chunk(delta: object, more: object = {}): object {
  return { id: 'c', choices: [{ index: 0, delta, finish_reason: null }], ...more };
}

const FINISH = { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };

const CHUNKS = [
  chunk({ role: 'assistant', content: '' }, { usage: null }),
  chunk({ content: 'x' }, { usage: null }),
  { ...FINISH, usage: null },
  { id: 'c', choices: [], usage: USAGE },
  '[DONE]',
];

async function batchesOf(response: Response): Promise<readonly (readonly StreamEvent[])[]> {
  const events = readEvents(response);
  const batches: (readonly StreamEvent[])[] = [];
  for (let batch = await events.pull(); batch !== null; batch = await events.pull()) {
    batches.push(batch);
  }
  return batches;
}

async function eventsOf(response: Response): Promise<readonly StreamEvent[]> {
  return (await batchesOf(response)).flat();
}

/** The data of the events, parsed where it is JSON. */
async function dataOf(response: Response): Promise<readonly unknown[]> {
  return (await eventsOf(response)).map(({ data, json }) => {
    if (json === undefined) return data;
    expect(JSON.parse(data ?? '')).toEqual(json);
    return json;
  });
}

function payloadOf(response: GatewayResponse): Extract<ResponsePayload, { kind: 'bytes' }> {
  const payload = response.peekPayload();
  if (payload?.kind !== 'bytes') throw new Error('This is not a body.');
  return payload;
}

describe('a body, asked for as JSON', () => {
  const text = JSON.stringify(COMPLETION);

  it('is the text it came as, in every form a response is read in', async () => {
    const entry = bodyEntry(COMPLETION);

    expect(await replayEntry(entry, AS_JSON).text()).toBe(text);
    expect(await replayEntry(entry, AS_JSON).json()).toEqual(COMPLETION);
    expect(Buffer.from(await replayEntry(entry, AS_JSON).arrayBuffer()).toString()).toBe(text);
    expect(await replayEntry(entry, AS_JSON).clone().text()).toBe(text);
    expect(await new Response(replayEntry(entry, AS_JSON).body).text()).toBe(text);
  });

  it('is parsed once for each hit, and anew for the next', () => {
    const entry = bodyEntry(COMPLETION);
    const payload = payloadOf(replayEntry(entry, AS_JSON));

    expect(payload.json).toBe(payload.json);
    Object.assign(Object(payload.json), { id: 'changed', choices: [] });

    expect(payloadOf(replayEntry(entry, AS_JSON)).json).toEqual(COMPLETION);
  });

  it('has members named like prototypes as data', async () => {
    const body = '{"__proto__":{"polluted":1},"choices":[]}';
    const entry = makeEntry({ ...common, text: body });

    const json: unknown = await replayEntry(entry, AS_JSON).json();

    expect(JSON.stringify(json)).toBe(body);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('events, asked for as a stream', () => {
  it('are the events that came, with their names, as objects of the caller’s own', async () => {
    const data = JSON.stringify({ type: 'message_start', message: { content: [] } });
    const entry = makeEntry({
      ...common,
      dialect: 'anthropic-messages',
      form: 'events',
      events: [
        ['message_start', data],
        ['message_stop', '{"type":"message_stop"}'],
      ],
    });

    const [first] = await eventsOf(replayEntry(entry, AS_STREAM));
    expect(first).toMatchObject({ event: 'message_start', data });
    expect(first?.json).toEqual(JSON.parse(data));
    expect(first?.json).toBe(first?.json);
    Object.assign(Object(first?.json), { type: 'changed' });

    const again = await eventsOf(replayEntry(entry, AS_STREAM));
    expect(again.map(({ json }) => json)).toEqual([JSON.parse(data), { type: 'message_stop' }]);
  });

  it('are spelled as a stream where someone reads bytes', async () => {
    const entry = makeEntry({
      ...common,
      form: 'events',
      events: [
        [null, '{"a":1}'],
        ['named', '{\n"a":2}'],
        [null, '[DONE]'],
      ],
    });

    expect(await replayEntry(entry, AS_STREAM).text()).toBe(
      'data: {"a":1}\n\nevent: named\ndata: {\ndata: "a":2}\n\ndata: [DONE]\n\n',
    );
  });

  it('come in few batches, all of them, none empty', async () => {
    const many = Array.from({ length: 700 }, (_, index) => chunk({ content: `${index}` }));
    const entry = streamEntry([...many, FINISH, '[DONE]']);

    const batches = await batchesOf(replayEntry(entry, AS_STREAM));

    expect(batches.length).toBeLessThan(5);
    expect(batches.every(({ length }) => length > 0)).toBe(true);
    expect(batches.flat().map(({ json }) => json)).toEqual([...many, FINISH, undefined]);
  });

  it('end where the reader gives up', async () => {
    const entry = streamEntry(Array.from({ length: 700 }, () => FINISH));
    const payload = replayEntry(entry, AS_STREAM).takePayload();
    if (payload.kind !== 'events') throw new Error('This is not a stream.');

    await payload.events.pull();
    payload.events.cancel();

    expect(await payload.events.pull()).toBeNull();
  });
});

describe('the usage of a stored stream', () => {
  const asked = streamEntry(CHUNKS, { usageAsked: true });

  it('is shown to who asked for it', async () => {
    expect(await dataOf(replayEntry(asked, WITH_USAGE))).toEqual(CHUNKS);
  });

  it('is not shown to who did not, nor that it was asked for', async () => {
    expect(await dataOf(replayEntry(asked, AS_STREAM))).toEqual([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'x' }),
      FINISH,
      '[DONE]',
    ]);
  });

  it('is shown to everyone where it came unasked', async () => {
    const unasked = streamEntry(CHUNKS);

    expect(await dataOf(replayEntry(unasked, AS_STREAM))).toEqual(CHUNKS);
  });

  it('leaves no batch empty where it is all there is', async () => {
    const usage = { choices: [], usage: USAGE };
    const entry = streamEntry([...Array.from({ length: 300 }, () => usage), FINISH, '[DONE]'], {
      usageAsked: true,
    });

    const batches = await batchesOf(replayEntry(entry, AS_STREAM));

    expect(batches.map((batch) => batch.map(({ json }) => json))).toEqual([[FINISH, undefined]]);
  });

  it.each([
    ['{"logprob":-0.0, "n":1.50,"usage":null}', '{"logprob":-0.0, "n":1.50}'],
    ['{"id":"abcd","obfuscation":"x"}', '{"id":"abcd","obfuscation":"x"}'],
  ])('leaves the rest of %s as it was spelled', async (given, shown) => {
    const [event] = await eventsOf(
      replayEntry(streamEntry([given], { usageAsked: true }), AS_STREAM),
    );

    expect(event?.data).toBe(shown);
  });

  it.each([
    ['last', '{"choices":[1],"usage":null}', '{"choices":[1]}'],
    [
      'before padding',
      '{"choices":[1],"usage":null,"obfuscation":"aB3"}',
      '{"choices":[1],"obfuscation":"aB3"}',
    ],
    ['first', '{"usage":null,"choices":[1]}', '{"choices":[1]}'],
    ['in the middle', '{"id":"c","usage":null,"choices":[1]}', '{"id":"c","choices":[1]}'],
    ['with spaces', '{"choices":[1], "usage": null}', '{"choices":[1]}'],
    ['twice', '{"a":{"b":1,"usage":null},"usage":null}', '{"a":{"b":1,"usage":null}}'],
    ['inside a member alone', '{"a":{"b":1,"usage":null}}', '{"a":{"b":1,"usage":null}}'],
    [
      'inside a member, before padding',
      '{"usage":null,"a":{"b":1,"usage":null,"obfuscation":"x"}}',
      '{"a":{"b":1,"usage":null,"obfuscation":"x"}}',
    ],
    ['in the words of the answer', '{"a":"x,\\"usage\\":null}"}', '{"a":"x,\\"usage\\":null}"}'],
    [
      'in words that look like padding',
      '{"id":"c","usage":null,"obfuscation":"a\\"}"}',
      '{"id":"c","obfuscation":"a\\"}"}',
    ],
    [
      'with a figure',
      '{"choices":[1],"usage":{"prompt_tokens":1}}',
      '{"choices":[1],"usage":{"prompt_tokens":1}}',
    ],
  ])('is taken out where it is nothing and stands %s', async (_, given, shown) => {
    const entry = streamEntry([given], { usageAsked: true });

    const [event] = await eventsOf(replayEntry(entry, AS_STREAM));

    expect(event?.json).toEqual(JSON.parse(shown));
    expect(JSON.parse(event?.data ?? '')).toEqual(JSON.parse(shown));
  });

  it('of other dialects is theirs to say', async () => {
    const data = '{"type":"message_delta","usage":null}';
    const entry = streamEntry([data], { dialect: 'anthropic-messages', usageAsked: true });

    expect(await dataOf(replayEntry(entry, AS_STREAM))).toEqual([JSON.parse(data)]);
  });
});

describe('a body, asked for as a stream', () => {
  const usageChunk = {
    id: 'c',
    created: 1,
    model: 'm',
    object: 'chat.completion.chunk',
    choices: [],
  };

  it('says what it says, and its usage to who asked for it', async () => {
    const data = await dataOf(replayEntry(bodyEntry(COMPLETION), WITH_USAGE));

    expect(data).toHaveLength(5);
    expect(data[1]).toMatchObject({ choices: [{ delta: { content: 'h\u00e9llo' } }] });
    expect(data.slice(-2)).toEqual([{ ...usageChunk, usage: USAGE }, '[DONE]']);
  });

  it('does not say its usage to who did not ask for it', async () => {
    const data = await dataOf(replayEntry(bodyEntry(COMPLETION), AS_STREAM));

    expect(data).toHaveLength(4);
    expect(JSON.stringify(data)).not.toContain('usage');
  });

  it('does so in legacy completions', async () => {
    const choices = [{ index: 0, text: 'x', finish_reason: 'stop' }];
    const entry = bodyEntry({ id: 'c', choices, usage: USAGE }, { dialect: 'openai-completions' });

    expect(await dataOf(replayEntry(entry, AS_STREAM))).toEqual([{ id: 'c', choices }, '[DONE]']);
    expect(await dataOf(replayEntry(entry, WITH_USAGE))).toContainEqual({
      id: 'c',
      choices: [],
      usage: USAGE,
    });
  });

  it.each<[DialectName, object, string]>([
    [
      'openai-responses',
      {
        id: 'r',
        status: 'completed',
        output: [{ type: 'message', id: 'm', content: [{ type: 'output_text', text: 'x' }] }],
        usage: { input_tokens: 9, output_tokens: 3 },
      },
      'response.completed',
    ],
    [
      'anthropic-messages',
      {
        id: 'm',
        content: [{ type: 'text', text: 'x' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 9, output_tokens: 3 },
      },
      'message_stop',
    ],
  ])('of %s says its usage anyway, as such streams do', async (dialect, body, last) => {
    const events = await eventsOf(replayEntry(bodyEntry(body, { dialect }), AS_STREAM));

    expect(events.at(-1)?.event).toBe(last);
    const inner = JSON.stringify(events.map(({ json }) => json));
    expect(inner).toContain('"output_tokens":3');
  });

  it('of embeddings stays what it is', async () => {
    const body = { data: [{ index: 0, embedding: [0.5] }] };
    const response = replayEntry(bodyEntry(body, { dialect: 'openai-embeddings' }), AS_STREAM);

    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(body);
  });
});

describe('events, asked for as JSON', () => {
  it('are the body they amount to, made anew for each', async () => {
    const entry = streamEntry(CHUNKS, { usageAsked: true });
    const body = {
      id: 'c',
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'x', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: USAGE,
    };

    const response = replayEntry(entry, AS_JSON);
    Object.assign(Object(payloadOf(response).json), { id: 'changed' });

    expect(await replayEntry(entry, AS_JSON).json()).toEqual(body);
    expect(JSON.parse(await replayEntry(entry, AS_JSON).text())).toEqual(body);
  });

  it('have their usage where a body has it, also where Groq streams it elsewhere', async () => {
    const last = { ...FINISH, x_groq: { id: 'req', usage: USAGE } };

    expect(await replayEntry(streamEntry([last, '[DONE]']), AS_JSON).json()).toMatchObject({
      usage: USAGE,
      x_groq: { id: 'req' },
    });
  });
});

describe('the response of a hit', () => {
  it.each([
    ['a body as JSON', bodyEntry(COMPLETION), AS_JSON, 'application/json'],
    ['a body as a stream', bodyEntry(COMPLETION), AS_STREAM, 'text/event-stream; charset=utf-8'],
    ['events as a stream', streamEntry(CHUNKS), AS_STREAM, 'text/event-stream; charset=utf-8'],
    ['events as JSON', streamEntry(CHUNKS), AS_JSON, 'application/json'],
  ])('that is %s has the type of what it is', (_, entry, wish, contentType) => {
    const labels = ['application/json; charset=utf-8', 'Text/Event-Stream', 'text/plain'];
    const typed = (label: string) =>
      replayEntry(
        makeEntry({
          ...entry,
          headers: [
            ['content-type', label],
            ['x-request-id', 'req_1'],
          ],
        }),
        wish,
      ).headers.get('content-type');

    const isJson = contentType === 'application/json';
    expect(replayEntry(entry, wish).headers.get('content-type')).toBe(contentType);
    expect(labels.map(typed)).toEqual(
      isJson ? [labels[0], contentType, contentType] : [contentType, labels[1], contentType],
    );
  });

  it('has the status and the headers that were kept, and may be labelled', () => {
    const entry = bodyEntry(COMPLETION, { status: 201 });

    const response = replayEntry(entry, AS_JSON);
    response.headers.set('x-request-id', 'changed');
    response.headers.set('x-zerohop-cache', 'hit');

    expect(response.status).toBe(201);
    expect([...replayEntry(entry, AS_JSON).headers]).toEqual([
      ['content-type', 'application/json'],
      ['x-request-id', 'req_1'],
    ]);
  });

  it('that is nested too deep to be spelled is refused at once, and never in its own mode', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const text = JSON.stringify(COMPLETION).replace('{', `{"deep":${deep},`);
    const data = JSON.stringify(FINISH).replace('{', `{"deep":${deep},`);
    const body = makeEntry({ ...common, text });
    const stream = streamEntry([data, '[DONE]']);

    expect(() => replayEntry(body, AS_STREAM)).toThrow(RangeError);
    expect(() => replayEntry(stream, AS_JSON)).toThrow(RangeError);
    expect(payloadOf(replayEntry(body, AS_JSON)).json).toMatchObject({ id: 'c' });
    expect(() => replayEntry(stream, AS_STREAM)).not.toThrow();
  });
});

describe('what can be replayed', () => {
  const silent = [chunk({ content: '"usage":{}' }), FINISH, '[DONE]'];
  const said = [...silent.slice(0, -1), { choices: [], usage: USAGE }, '[DONE]'];

  it.each([
    ['a body as JSON', bodyEntry({ choices: [] }), AS_JSON, true],
    ['a body as a stream', bodyEntry({ choices: [] }), WITH_USAGE, true],
    ['events without usage as they came', streamEntry(silent), AS_STREAM, true],
    ['events without usage to who asks for it', streamEntry(silent), WITH_USAGE, false],
    ['events without usage as JSON', streamEntry(silent), AS_JSON, false],
    ['events that were asked', streamEntry(silent, { usageAsked: true }), WITH_USAGE, true],
    ['events that say it', streamEntry(said), WITH_USAGE, true],
    ['events that say it as JSON', streamEntry(said), AS_JSON, true],
    ['events that say it with spaces', streamEntry(['{"usage" : {}}']), AS_JSON, true],
    ['a message', streamEntry(silent, { dialect: 'anthropic-messages' }), AS_JSON, true],
    ['a response', streamEntry(silent, { dialect: 'openai-responses' }), WITH_USAGE, true],
  ])('%s: %s', (_, entry, wish, can) => {
    expect(canReplay(entry, wish)).toBe(can);
  });
});

describe('the facts of a stored answer', () => {
  it.each([
    ['a body', bodyEntry(COMPLETION)],
    ['events', streamEntry(CHUNKS)],
  ])('are read from %s', (_, entry) => {
    expect(replayFacts(entry)).toMatchObject({
      complete: true,
      id: 'c',
      usage: { inputTokens: 9, outputTokens: 3 },
      choices: [{ finishReason: 'stop' }],
    });
  });
});
