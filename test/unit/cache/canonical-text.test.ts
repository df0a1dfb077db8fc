import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, UncanonicalError } from '../../../src/cache/canonical-text.js';
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

describe('canonicalText', () => {
  it.each<[title: string, value: unknown, text: string]>([
    ['members by code units', { b: 1, é: 2, a: 3, B: 4 }, '{1"B#4;1"a#3;1"b#1;1"é#2;}'],
    ['members of members', [{ b: { d: 1, c: 2 }, a: 3 }], '[{1"a#3;1"b{1"c#2;1"d#1;}}]'],
    ['the elements of a list as they are', [3, 1, 2], '[#3;#1;#2;]'],
    ['no member without JSON', { a: undefined, b() {}, c: Symbol('c'), d: 1 }, '{1"d#1;}'],
    ['null for elements without JSON', [undefined, () => 1, Symbol('c')], '[nnn]'],
    ['null for a hole', new Array(2), '[nn]'],
    ['no inherited member', Object.create({ a: 1 }, visible({ c: 1 })), '{1"c#1;}'],
    [
      'no hidden member',
      Object.defineProperty({ c: 1, [Symbol('b')]: 1 }, 'a', { value: 1 }),
      '{1"c#1;}',
    ],
    ['nothing as nothing', undefined, ''],
    ['null', null, 'n'],
    ['yes and no', [true, false], '[tf]'],
    ['minus zero', [-0, 0], '[#-0;#0;]'],
    ['numbers in their shortest form', [1.0, 1e3, 1e21, 0.1, -5], '[#1;#1000;#1e+21;#0.1;#-5;]'],
    ['a date as its text', { at: new Date(0) }, '{2"at24"1970-01-01T00:00:00.000Z}'],
    ['a URL as its text', new URL('http://a/b'), '10"http://a/b'],
    ['what is in boxes', ['a', 1, false, -0].map(Object), '[1"a#1;f#-0;]'],
    ['what toJSON returns', { b: [{ toJSON: tellKey }] }, '{1"b[{1"a#1;3"key1"0}]}'],
    [
      'a function with toJSON',
      { b: Object.assign(() => 1, { toJSON: tellKey }) },
      '{1"b{1"a#1;3"key1"b}}',
    ],
    ['what one toJSON returns', { toJSON: () => ({ toJSON: () => 1, a: 1 }) }, '{1"a#1;}'],
    [
      'no member whose toJSON returns nothing',
      { a: { toJSON: () => undefined }, b: 1 },
      '{1"b#1;}',
    ],
    ['a toJSON that is no function as data', { toJSON: 1 }, '{6"toJSON#1;}'],
    ['the own members of an instance', new Point(), '{1"x#1;1"y#2;}'],
    [
      'an object without a prototype',
      Object.create(null, visible({ b: 1, a: 2 })),
      '{1"a#2;1"b#1;}',
    ],
    ['the literals of another realm', runInNewContext('({ b: [], a: {} })'), '{1"a{}1"b[]}'],
    ['a member named __proto__ as data', proto('{"b":1,"a":2}'), '{9"__proto__{1"a#2;1"b#1;}}'],
    [
      'names of inherited members',
      { valueOf: 1, constructor: 2 },
      '{11"constructor#2;7"valueOf#1;}',
    ],
    ['lone surrogates escaped', ['\ud800', '\udc00\ud800'], '["\\ud800""\\udc00\\ud800"]'],
  ])('writes %s', (_, value, text) => {
    expect(canonicalText(value)).toBe(text);
  });

  it('sorts many members like few', () => {
    const initials = ['k', 'K', 'é', 'e\u0301'];
    const numbers = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007);
    const names = numbers.map((number, index) => `${initials[index % 4]}${number}`);
    const value = Object.fromEntries(names.map((name) => [name, 1]));

    expect(canonicalText(value)).toBe(
      `{${names
        .sort()
        .map((name) => `${name.length}"${name}#1;`)
        .join('')}}`,
    );
  });

  it('tells NaN and the infinities from each other and from everything they could be taken for', () => {
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e308];
    const values = [...numbers, null, undefined, 'NaN', 'Infinity', '#NaN;', '#-0;'];

    expect(new Set(values.map((value) => canonicalText({ value })))).toHaveLength(values.length);
  });

  it('leaves out the excluded members at the top, unread, and no others', () => {
    const value = {
      get a(): never {
        throw new Error('read');
      },
      b: 1n,
      c: { a: 1, b: 2 },
    };

    expect(canonicalText(value, new Set(['a', 'b']))).toBe('{1"c{1"a#1;1"b#2;}}');
  });

  it('leaves members out of what toJSON returns', () => {
    expect(canonicalText({ toJSON: () => ({ a: 1, b: 2 }) }, new Set(['a']))).toBe('{1"b#2;}');
  });

  it('leaves no elements out', () => {
    expect(canonicalText([1, 2], new Set(['0', 'length']))).toBe('[#1;#2;]');
  });

  it('changes nothing about the value', () => {
    const value = { b: [{ d: 1, c: -0 }], a: undefined };

    canonicalText(value, new Set(['b']));
    canonicalText(value);

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
      const error = errorOf(() => canonicalText(place));

      expect(error).toBeInstanceOf(UncanonicalError);
      expect(error).toMatchObject({ reason, code: 'zerohop_request' });
    }
  });

  it('takes 1,000 levels', () => {
    expect(canonicalText(nested(1_000))).toHaveLength(2_000);
  });

  it.each([1, 50])('takes one object in several places, %i levels down', (levels) => {
    const shared = { a: 1 };
    let value: unknown = [shared, shared];
    for (let level = 1; level < levels; level += 1) value = { value, shared };

    expect(canonicalText(value)).toBe(
      canonicalText(structuredClone(JSON.parse(JSON.stringify(value)))),
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

    expect(errorOf(() => canonicalText(value))).toMatchObject({ reason: 'cycle' });
    expect(reads).toBeLessThan(50);
  });

  it('gives what a getter throws as the cause, and not in the message', () => {
    const cause = new Error('secret');
    const value = {
      get secret(): never {
        throw cause;
      },
    };

    const error = errorOf(() => canonicalText(value));

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

    expect(errorOf(() => canonicalText({ proxy }))).toMatchObject({ reason: 'unreadable' });
  });

  it('says what JSON.stringify says', () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    fc.assert(
      fc.property(json, (value) => {
        expect(read(canonicalText(value))).toStrictEqual([withMinusZeros(value)]);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it('says where it ends', () => {
    const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' });
    fc.assert(
      fc.property(fc.array(json), (values) => {
        const text = values.map((value) => canonicalText(value)).join('');
        expect(read(text)).toStrictEqual(values.map(withMinusZeros));
      }),
      { seed: 5, numRuns: 1_000 },
    );
  });

  it('is not taken in by texts that look like it', () => {
    const unit = fc.constantFrom(...'1"#;[]{}nt\\\ud800');
    const texts = fc.array(fc.string({ unit, maxLength: 6 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const isEqual = one.join('|') === other.join('|');
        expect(canonicalText(one) === canonicalText(other)).toBe(isEqual);
        expect(read(canonicalText(one))).toEqual([one]);
      }),
      { seed: 6, numRuns: 2_000 },
    );
    expect(canonicalText(['a', 'b'])).not.toBe(canonicalText(['a1"b']));
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
        expect(canonicalText(a) === canonicalText(b)).toBe(isEqual);
      }),
      { seed: 2, numRuns: 10_000 },
    );
    expect(equals).toBeGreaterThan(300);
  });
});

/** The values that texts, one behind the other, stand for. */
function read(text: string): unknown[] {
  let at = 0;
  const take = (pattern: RegExp): string => {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = at;
    const [found] = sticky.exec(text) ?? [''];
    at += found.length;
    return found;
  };
  const readText = (): string => {
    const length = take(/\d+/);
    if (length === '') return JSON.parse(take(/"(?:[^"\\]|\\.)*"/));
    take(/"/);
    at += Number(length);
    return text.slice(at - Number(length), at);
  };
  const readValue = (): unknown => {
    const word = take(/[ntf]/);
    if (word !== '') return { n: null, t: true, f: false }[word];
    if (take(/#/) !== '') return Number(take(/[^;]*;/).slice(0, -1));
    if (take(/\[/) !== '') return readAll();
    if (take(/\{/) === '') return readText();
    const entries: [string, unknown][] = [];
    while (take(/\}/) === '') entries.push([readText(), readValue()]);
    return Object.fromEntries(entries);
  };
  const readAll = (): unknown[] => {
    const values: unknown[] = [];
    while (at < text.length && take(/\]/) === '') values.push(readValue());
    return values;
  };
  return readAll();
}

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
