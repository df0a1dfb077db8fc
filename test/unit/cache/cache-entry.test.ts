import { describe, expect, it } from 'vitest';
import {
  decodeEntry,
  type EntryParts,
  encodeEntry,
  keptHeaders,
  makeEntry,
  sizeOfEntry,
} from '../../../src/cache/cache-entry.js';
import { replayEntry, replayFacts } from '../../../src/cache/replay.js';

const TEXT =
  '{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9\u4e16"},"finish_reason":"stop"}]}';
const CHUNK = '{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}';

function bodyParts(): EntryParts {
  return {
    key: 'key',
    dialect: 'openai-chat',
    form: 'body',
    text: TEXT,
    usageAsked: false,
    status: 200,
    headers: [['content-type', 'application/json']],
    storedAt: 1_750_000_000_000,
    ttlMs: 60_000,
    producer: { target: 'primary', provider: 'openai', model: 'm' },
    tags: { user: 'v1' },
    saved: { inputTokens: 1, outputTokens: 2, cost: 0.000_01 },
  };
}

function eventsParts(): EntryParts {
  const { text: _, tags: __, ...common } = bodyParts();
  return {
    ...common,
    form: 'events',
    events: [
      [null, CHUNK],
      ['done', '[DONE]'],
    ],
    producer: { target: 'primary', provider: 'openai' },
    saved: {},
  };
}

/** An entry as another process would have stored it, changed. Its size is right, so that it is not what tells. */
function foreign(parts: EntryParts, change: object = {}): Record<string, unknown> {
  const bytes = sizeOf({ ...parts, ...change });
  return { ...JSON.parse(encodeEntry(makeEntry(parts))), ...(bytes && { bytes }), ...change };
}

function sizeOf(parts: EntryParts): number | undefined {
  try {
    return sizeOfEntry(parts);
  } catch {
    return undefined;
  }
}

describe('an entry', () => {
  it.each([
    ['body', bodyParts],
    ['events', eventsParts],
  ] as const)('of %s comes back from text as it was', (_, parts) => {
    const entry = makeEntry(parts());

    const decoded = decodeEntry(encodeEntry(entry), 'key');

    expect(decoded).toStrictEqual(entry);
    expect(decoded).not.toBe(entry);
  });

  it('of our own comes back as it is, without a second look', () => {
    const entry = makeEntry({ ...bodyParts(), text: 'nobody reads this again' });

    expect(decodeEntry(entry, 'key')).toBe(entry);
    expect(decodeEntry(entry, 'another key')).toBeUndefined();
  });

  it('comes back from an object of a store, and keeps none of it', () => {
    const given = foreign(eventsParts(), { more: 1 });

    const decoded = decodeEntry(given, 'key');
    Object.assign(given, { status: 201 });
    Object.assign(Object(given.events)[0], ['changed', 'too']);

    expect(decoded).toStrictEqual(makeEntry(eventsParts()));
  });

  it.each([
    ['body', bodyParts],
    ['events', eventsParts],
  ] as const)(
    'of %s stays as it is, whatever is done to the answers made of it',
    async (_, parts) => {
      const entry = makeEntry(parts());
      const before = encodeEntry(entry);

      for (const stream of [false, true]) {
        const response = replayEntry(entry, { stream, wantsUsage: true });
        response.headers.set('content-type', 'text/plain');
        response.headers.delete('x-request-id');
        const payload = response.takePayload();
        if (payload.kind === 'bytes') payload.bytes?.fill(0);
        const batch = payload.kind === 'events' ? await payload.events.pull() : [payload];
        for (const answer of batch ?? [])
          Object.assign(Object(Reflect.get(answer, 'json')), { id: 'x' });
        Object.assign(Object(batch), [undefined]);
      }
      replayFacts(entry).choices[0]?.toolCalls.map((call) => Object.assign(call, { id: 'x' }));

      expect(encodeEntry(entry)).toBe(before);
    },
  );

  it('has tags named like prototypes as data', () => {
    const tags: Record<string, string> = JSON.parse('{"__proto__":"v1","constructor":"v2"}');
    const entry = makeEntry({ ...bodyParts(), tags });

    const decoded = decodeEntry(encodeEntry(entry), 'key');

    expect(Object.entries(decoded?.tags ?? {})).toEqual([
      ['__proto__', 'v1'],
      ['constructor', 'v2'],
    ]);
    expect(Object.getPrototypeOf(decoded?.tags)).toBe(Object.prototype);
  });
});

describe('something else than an entry', () => {
  const { key: _, ...withoutKey } = bodyParts();

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['no text', ''],
    ['text that was cut', '{"id":'],
    ['text that was cut late', encodeEntry(makeEntry(bodyParts())).slice(0, -1)],
    ['JSON that is no object', '[1]'],
    ['bytes', Buffer.from(encodeEntry(makeEntry(bodyParts())))],
    ['an object that is nothing of ours', { value: 'x' }],
    [
      'an entry under the name of a prototype',
      `{"__proto__":${encodeEntry(makeEntry(bodyParts()))}}`,
    ],
    ['members that throw', Object.defineProperty({ ...withoutKey, v: 1 }, 'key', { get: fail })],
  ])('is none: %s', (_, value) => {
    expect(decodeEntry(value, 'key')).toBeUndefined();
  });

  function fail(): never {
    throw new Error('not to be read');
  }

  it.each<[string, object]>([
    ['another version', { v: 2 }],
    ['the key of another', { key: 'another' }],
    ['an unknown dialect', { dialect: 'toString' }],
    ['an unknown form', { form: 'bytes' }],
    ['the other form', { form: 'events' }],
    ['no text', { text: undefined }],
    ['text that is none', { text: 1 }],
    ['text that is no JSON', { text: TEXT.replace('{', '[') }],
    ['text that was cut', { text: TEXT.slice(0, -1) }],
    ['two forms', { events: [[null, CHUNK]] }],
    ['a word for a switch', { usageAsked: 'false' }],
    ['a status that is none', { status: '200' }],
    ['a status between two', { status: 200.5 }],
    ['a status of an error', { status: 500 }],
    ['a header that is not kept', { headers: [['set-cookie', 'a=1']] }],
    ['a label of ours', { headers: [['x-zerohop-target', 'x']] }],
    ['a header of two lines', { headers: [['content-type', 'a\r\nset-cookie: b']] }],
    ['a header without a value', { headers: [['content-type']] }],
    ['headers that are no list', { headers: { 'content-type': 'a' } }],
    ['no time', { storedAt: null }],
    ['a time that never comes', { ttlMs: Number.POSITIVE_INFINITY }],
    ['a time that was never', { ttlMs: -1 }],
    ['no producer', { producer: null }],
    ['a producer without a name', { producer: { provider: 'openai' } }],
    [
      'a producer with a number for a model',
      { producer: { target: 'a', provider: 'b', model: 4 } },
    ],
    ['tags that are no words', { tags: { user: ['v1'] } }],
    ['tags in a list', { tags: ['user'] }],
    ['savings that are none', { saved: { cost: '1' } }],
    ['savings below nothing', { saved: { inputTokens: -1 } }],
    ['no savings', { saved: undefined }],
    ['another size', { bytes: sizeOfEntry(bodyParts()) + 1 }],
    ['no size', { bytes: undefined }],
  ])('is a body with %s', (_, change) => {
    expect(decodeEntry(foreign(bodyParts()), 'key')).toBeDefined();
    expect(decodeEntry(foreign(bodyParts(), change), 'key')).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['no list', CHUNK],
    ['none', []],
    ['one without data', [[null]]],
    ['one of three parts', [[null, CHUNK, 1]]],
    ['one that is an object', [{ event: null, data: CHUNK }]],
    ['one with a number for a name', [[1, CHUNK]]],
    ['one whose name would begin another', [['a\ndata: {}', CHUNK]]],
    ['one whose data would begin another', [[null, `${CHUNK}\r`]]],
    [
      'one with empty data',
      [
        [null, CHUNK],
        [null, ''],
      ],
    ],
    [
      'one that is no JSON',
      [
        [null, CHUNK],
        [null, '{"choices":'],
      ],
    ],
    [
      'one whose JSON was cut, after the end',
      [
        [null, CHUNK],
        [null, '[DONE]'],
        [null, '{'],
      ],
    ],
    ['no end', [[null, CHUNK.replace('"stop"', 'null')]]],
    [
      'an error',
      [
        [null, '{"error":{"message":"overloaded"}}'],
        [null, '[DONE]'],
      ],
    ],
  ])('is a stream with these events: %s', (_, events) => {
    expect(decodeEntry(foreign(eventsParts()), 'key')).toBeDefined();
    expect(decodeEntry(foreign(eventsParts(), { events }), 'key')).toBeUndefined();
  });

  it('is a stream in a form that nobody knows', () => {
    expect(decodeEntry(foreign(eventsParts(), { form: 'bytes' }), 'key')).toBeUndefined();
  });

  it.each<[string, string]>([
    ['an error', '{"error":{"message":"overloaded"}}'],
    ['no answer', '{"choices":[]}'],
    ['no object', '"text"'],
  ])('is a body that is %s', (_, text) => {
    expect(decodeEntry(foreign(bodyParts(), { text }), 'key')).toBeUndefined();
  });
});

describe('the size of an entry', () => {
  const sizeWith = (change: Partial<EntryParts>) => sizeOfEntry({ ...eventsParts(), ...change });

  it('counts a character beyond Latin-1 and all around it twice', () => {
    const narrow = sizeOfEntry({ ...bodyParts(), text: 'caf\u00e9'.repeat(100) });
    const wide = sizeOfEntry({ ...bodyParts(), text: 'caf\u4e16'.repeat(100) });

    expect(wide - narrow).toBe(400);
  });

  it('counts every event, header and tag', () => {
    const more = [
      sizeWith({ events: [...(eventsParts().events ?? []), [null, '1234']] }),
      sizeWith({ headers: [...eventsParts().headers, ['request-id', 'abc']] }),
      sizeWith({ tags: { user: 'v1' } }),
    ];

    expect(more.map((size) => size - sizeWith({}))).toEqual([100, 13, 6]);
  });

  it('is what the entry says of itself', () => {
    expect(makeEntry(eventsParts()).bytes).toBe(sizeWith({}));
  });
});

describe('the headers that are kept', () => {
  it('are those that name the answer, and none of the account or of the exchange', () => {
    const headers = new Headers({
      'Content-Type': 'application/json; charset=utf-8',
      'X-Request-Id': 'req_1',
      'request-id': 'req_2',
      'openai-version': '2020-10-01',
      'openai-organization': 'org',
      'openai-project': 'proj',
      'anthropic-organization-id': 'org',
      'openai-processing-ms': '12',
      'content-length': '12',
      'content-encoding': 'gzip',
      'retry-after': '1',
      'x-ratelimit-remaining-requests': '1',
      'x-zerohop-call-id': 'call',
      'set-cookie': 'a=1',
      date: 'now',
    });

    expect(keptHeaders(headers)).toEqual([
      ['content-type', 'application/json; charset=utf-8'],
      ['x-request-id', 'req_1'],
      ['request-id', 'req_2'],
      ['openai-version', '2020-10-01'],
    ]);
    expect(keptHeaders(new Headers())).toEqual([]);
  });
});
