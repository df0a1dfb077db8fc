import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheKeyParts, cacheKey, DEFAULT_EXCLUDED } from '../../../src/cache/cache-key.js';

const PARTS: CacheKeyParts = {
  operation: 'chat.completions',
  method: 'post',
  path: '/chat/completions',
  query: undefined,
  origin: 'https://api.openai.com/v1',
  scope: ['tenant', 'acme'],
  headers: [['openai-beta', 'a']],
  version: '',
  vary: {},
  body: {
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: 'Grüß dich – “hello” \ud83d\ude00\n' }],
    temperature: 0.2,
    logit_bias: { '50256': -100 },
    stream: true,
    stream_options: { include_usage: true },
  },
  exclude: DEFAULT_EXCLUDED,
};

const keyOf = (parts: Partial<CacheKeyParts>): string => cacheKey({ ...PARTS, ...parts });
const keyOfBody = (body: unknown): string => keyOf({ body });

/** {@link PARTS} with one part changed. */
const VARIANTS: readonly (readonly [part: string, changed: Partial<CacheKeyParts>])[] = [
  ['operation', { operation: 'responses' }],
  ['method', { method: 'get' }],
  ['path', { path: '/completions' }],
  ['query', { query: { a: '1' } }],
  ['query, null', { query: null }],
  ['query, empty', { query: {} }],
  ['origin', { origin: 'https://api.openai.com/v2' }],
  ['scope, another tenant', { scope: ['tenant', 'acme2'] }],
  ['scope, a credential', { scope: ['credential', 'acme'] }],
  ['scope, shared', { scope: ['shared'] }],
  ['scope, in one text', { scope: ['tenant","acme'] }],
  ['headers, none', { headers: [] }],
  ['headers, another value', { headers: [['openai-beta', 'b']] }],
  ['headers, another name', { headers: [['openai-alpha', 'a']] }],
  ['headers, one more', { headers: [...PARTS.headers, ['openai-beta', 'a']] }],
  ['version', { version: '2' }],
  ['vary', { vary: { language: 'de' } }],
  ['vary, null', { vary: { language: null } }],
  ['custom', { custom: 'mine' }],
  ['custom, empty', { custom: '' }],
  ['body', { body: {} }],
  ['body, null', { body: null }],
  ['body, none', { body: undefined }],
  ['body, as text', { body: JSON.stringify(PARTS.body) }],
  ['exclude', { exclude: new Set(['stream', 'stream_options', 'user']) }],
];

describe('cacheKey', () => {
  it('is the same as ever: where this fails on purpose, raise KEY_VERSION', () => {
    expect(cacheKey(PARTS)).toBe(
      '9c74fd24dfd5c204e3464934218643c72619b01f55152c79de5f59beaf975cd1',
    );
    expect(keyOf({ custom: 'mine' })).toBe(
      'f88e26d821e7b94c3c0c9dbafed6c037925ce6ba0593ef936b6761c74af9e32e',
    );
  });

  it.each(VARIANTS)(
    'depends on the %s, with the body and with a key of the user',
    (part, changed) => {
      expect(keyOf(changed)).not.toBe(cacheKey(PARTS));
      if (/^(custom|body|exclude)/.test(part)) return;
      expect(keyOf({ custom: 'mine', ...changed })).not.toBe(keyOf({ custom: 'mine' }));
    },
  );

  it('has a key of its own for each of them', () => {
    expect(new Set(VARIANTS.map(([, changed]) => keyOf(changed)))).toHaveLength(VARIANTS.length);
  });

  it('never moves a text from one part to the next', () => {
    const names = ['operation', 'method', 'path', 'origin', 'version'] as const;
    const keys = names.map((name) =>
      keyOf({ ...Object.fromEntries(names.map((other) => [other, ''])), [name]: 'a' }),
    );

    expect(new Set(keys)).toHaveLength(names.length);
  });

  it('takes the key of the user in place of the body, which is not read', () => {
    const body = new Map();

    expect(keyOf({ custom: 'mine', body })).toBe(keyOf({ custom: 'mine', body: 1n }));
    expect(keyOf({ custom: 'mine' })).not.toBe(keyOf({ custom: 'yours' }));
    expect(keyOf({ custom: 'mine' })).not.toBe(keyOf({ body: 'mine' }));
  });

  it('leaves out excluded members of the body at the top only', () => {
    const exclude = new Set(['stream', 'user']);
    const key = (body: unknown) => keyOf({ body, exclude });

    expect(key({ model: 'a', stream: true, user: 1n })).toBe(key({ model: 'a' }));
    expect(key({ model: 'a', stream_options: {} })).not.toBe(key({ model: 'a' }));
    expect(key({ model: { stream: true } })).not.toBe(key({ model: {} }));
    expect(key([{ user: 1 }])).not.toBe(key([{}]));
  });

  it('does not depend on the order in which excluded names were given', () => {
    const [one, other] = [new Set(['a', 'b']), new Set(['b', 'a'])];

    expect(keyOf({ exclude: one })).toBe(keyOf({ exclude: other }));
  });

  it.each(['stream', 'stream_options'])('does not count %s unless told to', (name) => {
    expect(keyOfBody({ [name]: true })).toBe(keyOfBody({}));
    expect(keyOf({ body: { [name]: true }, exclude: new Set() })).not.toBe(
      keyOf({ body: {}, exclude: new Set() }),
    );
  });

  it.each<[part: string, changed: Partial<CacheKeyParts>]>([
    ['body', { body: { metadata: new Map() } }],
    ['query', { query: new URLSearchParams() }],
    ['varied value', { vary: { id: 1n } }],
  ])('refuses a %s that has no canonical text', (_, changed) => {
    expect(() => keyOf(changed)).toThrow('no cache key');
  });

  it('is the same in whatever order the properties are', () => {
    const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' });
    fc.assert(
      fc.property(json, fc.array(fc.nat(), { minLength: 1 }), (body, choices) => {
        const shuffled = shuffle(body, choices);
        expect(cacheKey({ ...PARTS, body: shuffled, query: shuffled, vary: { shuffled } })).toBe(
          cacheKey({ ...PARTS, body, query: body, vary: { shuffled: body } }),
        );
      }),
      { seed: 3, numRuns: 3_000 },
    );
  });

  it('differs wherever one leaf differs, in 100,000 pairs', { timeout: 60_000 }, () => {
    let pairs = 0;
    fc.assert(
      fc.property(material, fc.array(step, { maxLength: 4 }), (given, steps) => {
        for (const [name, one, other] of changesOf(given)) {
          const [a, b] = [bodyWith(one, steps), bodyWith(other, steps)];
          if (isDeepStrictEqual(a, b)) throw new Error(`${name}: the test made no difference`);
          if (keyOfBody(a) === keyOfBody(b)) throw new Error(`${name}: one key for two bodies`);
          pairs += 1;
        }
      }),
      { seed: 4, numRuns: 2_500 },
    );
    expect(pairs).toBeGreaterThanOrEqual(100_000);
  });
});

/** The same value with the properties of every object in another order. */
function shuffle(value: unknown, choices: readonly number[]): unknown {
  if (Array.isArray(value)) return value.map((element) => shuffle(element, choices));
  if (typeof value !== 'object' || value === null) return value;
  const left = Object.entries(value);
  const entries: [string, unknown][] = [];
  for (let turn = 0; left.length > 0; turn += 1) {
    const [entry] = left.splice((choices[turn % choices.length] ?? 0) % left.length, 1);
    if (entry) entries.push([entry[0], shuffle(entry[1], choices)]);
  }
  return Object.fromEntries(entries);
}

/** In place of a value: there is none. */
const ABSENT = Symbol('absent');

const text = fc.string({ unit: 'binary', maxLength: 12 });
const name = fc.oneof(text, fc.constantFrom('a', 'content', '1', '__proto__', 'toJSON', '":'));
const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
const members = fc.array(fc.tuple(name, leaf), { maxLength: 3 });

/** What the differences are made of. */
const material = fc
  .record({
    text,
    count: fc.double({ noNaN: true, noDefaultInfinity: true }),
    leaf,
    other: leaf,
    name,
    rename: name,
  })
  .filter((made) => made.leaf !== made.other && made.name !== made.rename);

/** What a value is put into: a list or an object, between others. */
const step = fc.record({ isList: fc.boolean(), name, before: members, after: members });

type Material = typeof material extends fc.Arbitrary<infer Made> ? Made : never;
type Step = typeof step extends fc.Arbitrary<infer Made> ? Made : never;

function bodyWith(value: unknown, steps: readonly Step[]): unknown {
  const content = steps.reduce((inner, { isList, name, before, after }) => {
    if (isList) {
      const at = inner === ABSENT ? [] : [inner];
      return [...before.map(([, value]) => value), ...at, ...after.map(([, value]) => value)];
    }
    const others = [before, after].map((list) => list.filter(([other]) => other !== name));
    const at = inner === ABSENT ? [] : [[name, inner] as const];
    return Object.fromEntries([...(others[0] ?? []), ...at, ...(others[1] ?? [])]);
  }, value);
  return content === ABSENT ? { model: 'a' } : { model: 'a', content };
}

/** Pairs of values that are nearly the same. */
function changesOf({
  text,
  count,
  leaf,
  other,
  name,
  rename,
}: Material): readonly (readonly [name: string, one: unknown, other: unknown])[] {
  const accented = `${text}é`;
  return [
    ['a number, its text', count, String(count)],
    [
      'a number, the next one',
      count,
      count + Math.max(Math.abs(count) * 2 ** -52, Number.MIN_VALUE),
    ],
    ['a number, in a list', count, [count]],
    ['true, its text', true, 'true'],
    ['true, 1', true, 1],
    ['null, its text', null, 'null'],
    ['null, false', null, false],
    ['null, absent', null, ABSENT],
    ['null, minus zero', null, -0],
    ['0, -0', 0, -0],
    ['0, false', 0, false],
    ['0, empty', 0, ''],
    ['NaN, null', Number.NaN, null],
    ['NaN, infinity', Number.NaN, Number.POSITIVE_INFINITY],
    ['infinity, null', Number.POSITIVE_INFINITY, null],
    ['infinities', Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['empty, absent', '', ABSENT],
    ['a list, an object', [], {}],
    ['an empty list, absent', [], ABSENT],
    ['an empty object, absent', {}, ABSENT],
    ['a list with null, without', [null], []],
    ['a list in a list', [leaf], [[leaf]]],
    ['the order of a list', [leaf, other], [other, leaf]],
    ['an element twice', [leaf], [leaf, leaf]],
    ['where a list ends', [[leaf], other], [[leaf, other]]],
    ['a list, an object with indexes', [leaf, other], { 0: leaf, 1: other }],
    ['where an object ends', { a: { b: leaf } }, { a: {}, b: leaf }],
    ['where an object in a list ends', [{ a: leaf }, { b: leaf }], [{ a: leaf, b: leaf }]],
    ['values of two members', { a: leaf, b: other }, { a: other, b: leaf }],
    ['a name', { [name]: leaf }, { [rename]: leaf }],
    ['a name, empty', { [`${name}.`]: leaf }, { '': leaf }],
    ['a member, its JSON', { [name]: leaf }, JSON.stringify({ [name]: leaf })],
    ['a member named __proto__', JSON.parse('{"__proto__":{}}'), {}],
    ['a delimiter in a name', { [`${name}":1,"b`]: leaf }, { [name]: 1, b: leaf }],
    ['a delimiter in a text', [`${text}","${text}`], [text, text]],
    ['a quoted bracket', [`${text}"]`], [text]],
    ['a backslash', `${text}\\n`, `${text}\n`],
    ['a backslash and a quote', `${text}\\"`, `${text}"`],
    ['whitespace at the end', text, `${text} `],
    ['whitespace at the start', text, `\n${text}`],
    ['whitespace of another kind', `${text} `, `${text}\u00a0`],
    ['case', `${text}a`, `${text}A`],
    ['Unicode forms', accented.normalize('NFC'), accented.normalize('NFD')],
    [
      'Unicode forms of a name',
      { [accented.normalize('NFC')]: 1 },
      { [accented.normalize('NFD')]: 1 },
    ],
    ['lone surrogates', `${text}\ud800`, `${text}\ud801`],
    ['a lone surrogate, its replacement', `${text}\ud800`, `${text}\ufffd`],
    ['a lone surrogate, its escape', `${text}\ud800`, `${text}\\ud800`],
    ['a character nobody sees', text, `${text}\u200b`],
  ];
}
