import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, UncanonicalError } from '../../../src/cache/canonical-json.js';
import { isGatewayError } from '../../../src/pipeline/errors.js';

/** `levels` lists, one in the other. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
}

/** Something that contains itself, `levels` further down. */
function cycleOf(levels: number): unknown {
  const top: unknown[] = [];
  let value: unknown = top;
  for (let level = 1; level < levels; level += 1) value = { value };
  top.push(value);
  return top;
}

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

class Point {
  readonly y = 2;
  readonly x = 1;
  get sum(): number {
    return this.x + this.y;
  }
}

class Hiding {
  readonly #secret = 1;
  reveal(): number {
    return this.#secret;
  }
}

const tellKey = (key: string): unknown => ({ key, a: 1 });
const visible = Object.getOwnPropertyDescriptors;
const raw: unknown = Reflect.get(JSON, 'rawJSON');
const proto = (text: string): unknown => JSON.parse(`{"__proto__":${text}}`);

describe('canonicalJson', () => {
  it.each<[title: string, value: unknown, text: string]>([
    ['members by code units', { b: 1, é: 2, a: 3, B: 4 }, '{"B":4,"a":3,"b":1,"é":2}'],
    ['members of members', [{ b: { d: 1, c: 2 }, a: 3 }], '[{"a":3,"b":{"c":2,"d":1}}]'],
    ['the elements of a list as they are', [3, 1, 2], '[3,1,2]'],
    ['no member without JSON', { a: undefined, b() {}, c: Symbol('c'), d: 1 }, '{"d":1}'],
    ['null for elements without JSON', [undefined, () => 1, Symbol('c')], '[null,null,null]'],
    ['null for a hole', new Array(2), '[null,null]'],
    ['no inherited member', Object.create({ a: 1 }, visible({ c: 1 })), '{"c":1}'],
    [
      'no hidden member',
      Object.defineProperty({ c: 1, [Symbol('b')]: 1 }, 'a', { value: 1 }),
      '{"c":1}',
    ],
    ['nothing as undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['minus zero', [-0, 0], '[-0,0]'],
    ['numbers in their shortest form', [1.0, 1e3, 1e21, 0.1, -5], '[1,1000,1e+21,0.1,-5]'],
    ['a date as its text', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['a URL as its text', new URL('http://a/b'), '"http://a/b"'],
    ['what is in boxes', ['a', 1, false, -0].map(Object), '["a",1,false,-0]'],
    ['what toJSON returns', { b: [{ toJSON: tellKey }] }, '{"b":[{"a":1,"key":"0"}]}'],
    [
      'a function with toJSON',
      { b: Object.assign(() => 1, { toJSON: tellKey }) },
      '{"b":{"a":1,"key":"b"}}',
    ],
    ['what one toJSON returns', { toJSON: () => ({ toJSON: () => 1, a: 1 }) }, '{"a":1}'],
    ['no member whose toJSON returns nothing', { a: { toJSON: () => undefined }, b: 1 }, '{"b":1}'],
    ['a toJSON that is no function as data', { toJSON: 1 }, '{"toJSON":1}'],
    ['the own members of an instance', new Point(), '{"x":1,"y":2}'],
    [
      'an object without a prototype',
      Object.create(null, visible({ b: 1, a: 2 })),
      '{"a":2,"b":1}',
    ],
    ['the literals of another realm', runInNewContext('({ b: [], a: {} })'), '{"a":{},"b":[]}'],
    ['a member named __proto__ as data', proto('{"b":1,"a":2}'), '{"__proto__":{"a":2,"b":1}}'],
    ['names of inherited members', { valueOf: 1, constructor: 2 }, '{"constructor":2,"valueOf":1}'],
    ['lone surrogates escaped', ['\ud800', '\udc00\ud800'], '["\\ud800","\\udc00\\ud800"]'],
  ])('writes %s', (_, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('sorts many members like few', () => {
    const initials = ['k', 'K', 'é', 'e\u0301'];
    const numbers = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007);
    const names = numbers.map((number, index) => `${initials[index % 4]}${number}`);
    const value = Object.fromEntries(names.map((name) => [name, 1]));

    expect(canonicalJson(value)).toBe(`{${names.sort().map((name) => `"${name}":1`)}}`);
  });

  it('tells NaN and the infinities from each other and from everything they could be taken for', () => {
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e308];
    const values = [...numbers, null, undefined, 'NaN', 'Infinity', '0e999', '1e999'];

    expect(new Set(values.map((value) => canonicalJson({ value })))).toHaveLength(values.length);
  });

  it('leaves out the excluded members at the top, unread, and no others', () => {
    const value = {
      get a(): never {
        throw new Error('read');
      },
      b: 1n,
      c: { a: 1, b: 2 },
    };

    expect(canonicalJson(value, new Set(['a', 'b']))).toBe('{"c":{"a":1,"b":2}}');
  });

  it('leaves members out of what toJSON returns', () => {
    expect(canonicalJson({ toJSON: () => ({ a: 1, b: 2 }) }, new Set(['a']))).toBe('{"b":2}');
  });

  it('leaves no elements out', () => {
    expect(canonicalJson([1, 2], new Set(['0', 'length']))).toBe('[1,2]');
  });

  it('changes nothing about the value', () => {
    const value = { b: [{ d: 1, c: -0 }], a: undefined };

    canonicalJson(value, new Set(['b']));
    canonicalJson(value);

    expect(Object.keys(value)).toEqual(['b', 'a']);
    expect(value).toStrictEqual({ b: [{ d: 1, c: -0 }], a: undefined });
  });

  it.each<[title: string, value: unknown, reason: string]>([
    ['a BigInt', 1n, 'bigint'],
    ['a boxed BigInt', Object(1n), 'bigint'],
    ['a boxed symbol', Object(Symbol('a')), 'opaque'],
    ['a Map', new Map([['a', 1]]), 'opaque'],
    ['a Map with members', Object.assign(new Map(), { a: 1 }), 'opaque'],
    ['a Map out of toJSON', { toJSON: () => new Map() }, 'opaque'],
    ['a Map of another realm', runInNewContext('new Map()'), 'opaque'],
    ['a Set', new Set(), 'opaque'],
    ['a WeakMap', new WeakMap(), 'opaque'],
    ['a web stream', new ReadableStream(), 'opaque'],
    ["Node's stream", Readable.from(['a']), 'opaque'],
    ['a typed array', new Float32Array(1), 'opaque'],
    ['a Buffer, though it has a toJSON', Buffer.from('a'), 'opaque'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'opaque'],
    ['a Blob', new Blob(['a']), 'opaque'],
    ['a File', new File(['a'], 'a'), 'opaque'],
    ['a form', new FormData(), 'opaque'],
    ['search parameters', new URLSearchParams('a=1'), 'opaque'],
    ['headers', new Headers(), 'opaque'],
    ['a response', new Response('a'), 'opaque'],
    ['a promise', Promise.resolve(1), 'opaque'],
    ['an error', new Error('a'), 'opaque'],
    ['an error with members', Object.assign(new TypeError('a'), { status: 1 }), 'opaque'],
    ['a regular expression', /a/, 'opaque'],
    ['a generator', (function* generate() {})(), 'opaque'],
    ['an instance that shows nothing', new Hiding(), 'opaque'],
    ['raw JSON', typeof raw === 'function' ? raw('1.0') : new Map(), 'opaque'],
    ['an object in itself', cycleOf(1), 'cycle'],
    ['an object in itself further down', cycleOf(5), 'cycle'],
    ['an object in itself far down', cycleOf(500), 'cycle'],
    [
      'a toJSON that never ends',
      {
        toJSON() {
          return [this];
        },
      },
      'depth',
    ],
    ['1,001 levels', nested(1_001), 'depth'],
    ['a million levels', nested(1_000_000), 'depth'],
  ])('refuses %s', (_, value, reason) => {
    for (const place of [value, [value], { a: { b: value } }]) {
      const error = errorOf(() => canonicalJson(place));

      expect(error).toBeInstanceOf(UncanonicalError);
      expect(error).toMatchObject({ reason, code: 'zerohop_request' });
    }
  });

  it('takes 1,000 levels', () => {
    expect(canonicalJson(nested(1_000))).toHaveLength(2_000);
  });

  it.each([1, 50])('takes one object in several places, %i levels down', (levels) => {
    const shared = { a: 1 };
    let value: unknown = [shared, shared];
    for (let level = 1; level < levels; level += 1) value = { value, shared };

    expect(canonicalJson(value)).toBe(
      canonicalJson(structuredClone(JSON.parse(JSON.stringify(value)))),
    );
  });

  it('stops a cycle before it has written a large neighbour a thousand times', () => {
    let reads = 0;
    const value = {
      get a() {
        reads += 1;
        return 'a';
      },
      self: undefined as unknown,
    };
    value.self = value;

    expect(errorOf(() => canonicalJson(value))).toMatchObject({ reason: 'cycle' });
    expect(reads).toBeLessThan(50);
  });

  it('gives what a getter throws as the cause, and not in the message', () => {
    const cause = new Error('secret');
    const value = {
      get secret(): never {
        throw cause;
      },
    };

    const error = errorOf(() => canonicalJson(value));

    expect(error).toMatchObject({
      reason: 'unreadable',
      cause,
      message: expect.not.stringContaining('secret'),
    });
    expect(isGatewayError(error)).toBe(true);
  });

  it('refuses a proxy that was revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(errorOf(() => canonicalJson({ proxy }))).toMatchObject({ reason: 'unreadable' });
  });

  it('says what JSON.stringify says', () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toStrictEqual(withMinusZeros(value));
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it('is one text for two values exactly if they are equal', () => {
    // So few leaves and names that equal values do come up.
    const { value: small } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 2 },
        fc.constantFrom<unknown>(0, -0, 1, '1', '', null, true),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', '1', '__proto__'), tie('value'), { maxKeys: 2 }),
      ),
    }));
    let equals = 0;
    fc.assert(
      fc.property(small, small, (a, b) => {
        const isEqual = reference(a) === reference(b);
        if (isEqual) equals += 1;
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isEqual);
      }),
      { seed: 2, numRuns: 10_000 },
    );
    expect(equals).toBeGreaterThan(300);
  });
});

/** As parsed from its JSON, but for minus zeros, which `JSON.stringify` loses. */
function withMinusZeros(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) => (Object.is(member, -0) ? '-0 ' : member)),
    (_, member: unknown) => (member === '-0 ' ? -0 : member),
  );
}

/** Another notation, made in another way: the paths of all leaves, sorted. */
function reference(value: unknown): string {
  const lines: string[] = [];
  const visit = (at: unknown, path: readonly unknown[]): void => {
    const isObject = typeof at === 'object' && at !== null;
    const kind = Array.isArray(at) ? 'list' : isObject ? 'object' : Object.is(at, -0) ? '-0' : at;
    lines.push(JSON.stringify([path, isObject, kind]));
    if (isObject) for (const [key, member] of Object.entries(at)) visit(member, [...path, key]);
  };
  visit(value, []);
  return lines.sort().join('\n');
}
