import { describe, expect, it } from 'vitest';
import {
  type CacheOptions,
  createGateway,
  createGatewayClient,
  GatewayError,
  perCall,
} from 'zerohop';

const TOO_LONG = 'x'.repeat(257);
const NO_DURATION = [
  '',
  'soon',
  '5',
  '5 m',
  '5M',
  '-5m',
  '1e3ms',
  'Infinityd',
  '5m ',
  '١s',
  '36526d',
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  3_155_846_400_000,
  null,
  true,
  {},
  [],
  5n,
];
const NO_COUNT = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, true, 5n];
const NO_TEXTS = ['x', {}, null, 1];
const no = (name: string, values: readonly unknown[]) =>
  values.map((value): [string, unknown] => [name, value]);

/** What one call may set: the path of what is wrong under `cache`, and the value of its first member. */
const badForCalls: readonly (readonly [string, unknown])[] = [
  ...no('mode', ['', 'READ-WRITE', 'readwrite', 'on', 1, null, true, ['off']]),
  ...no('ttl', [...NO_DURATION, 0, '0s', '0.0ms']),
  ...no('maxAge', NO_DURATION),
  ...no('staleWhileRevalidate', NO_DURATION),
  ...no('staleIfError', NO_DURATION),
  ...no('tags', [...NO_TEXTS, Array.from({ length: 17 }, (_, at) => `tag ${at}`)]),
  ...no('tags[0]', [[''], [1], [null], [TOO_LONG], [undefined], [['a']]]),
  ...no('tags[1]', [
    ['a', ''],
    ['a', TOO_LONG],
  ]),
  ...no('key', ['', 1, null, true, {}, []]),
  ...no('vary', NO_TEXTS),
  ...no('vary[0]', [[''], [1], [null]]),
  ...no('scope', ['', 'tenant', 'Shared', true, null]),
  ...no('only', ['', 'all', true, null]),
  ...no('acceptFallback', ['true', 1, null]),
  ...no('coalesce', ['true', 0, null]),
  ...no('ttI', ['1h']),
  ...no('__proto__x', [{}]),
];

/** What only a gateway may set. */
const badForGateways: readonly (readonly [string, unknown])[] = [
  ...no('store', ['redis://localhost', 1, null, true]),
  ...no('maxEntries', NO_COUNT),
  ...no('maxBytes', NO_COUNT),
  ...no('maxEntryBytes', NO_COUNT),
  ...no('storeTimeout', [...NO_DURATION, 0]),
  ...no('version', ['', 1, null, TOO_LONG]),
  ...no('exclude', NO_TEXTS),
  ...no('exclude[0]', [[''], [1]]),
  ...no('ignoreHeaders', NO_TEXTS),
  ...no('ignoreHeaders[1]', [['a', '']]),
];

const paths = [...new Set([...badForCalls, ...badForGateways].map(([path]) => path))];

/** What the types forbid. */
const wrong = (path: string, value: unknown) => ({
  cache: { [path.split('[')[0] ?? '']: value } as CacheOptions,
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const refusal = (path: string) => ({
  code: 'zerohop_config',
  message: expect.stringMatching(`^${path.replaceAll(/[.[\]]/g, '\\$&')}: `),
});

describe('the options of the cache', () => {
  it.each([...badForCalls, ...badForGateways])(
    'refuse a bad gateway.cache.%s: %o',
    (path, value) => {
      const error = thrownBy(() => createGateway(wrong(path, value)));

      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject(refusal(`gateway.cache.${path}`));
    },
  );

  it.each(['x', 1, null, []])('refuse to be %j', (value) => {
    const options = { cache: value as unknown as CacheOptions }; // what the types forbid

    expect(thrownBy(() => createGateway(options))).toMatchObject(refusal('gateway.cache'));
    expect(thrownBy(() => perCall(options))).toMatchObject(refusal('perCall.cache'));
  });

  it('are checked by createGatewayClient(), too', () => {
    const gateway = wrong('ttl', '5 m');

    expect(thrownBy(() => createGatewayClient({ apiKey: 'test', gateway }))).toMatchObject(
      refusal('gateway.cache.ttl'),
    );
  });

  it.each<[object]>([
    [{}],
    [{ get: () => undefined }],
    [{ get: () => undefined, set: () => true, delete: () => true }],
    [{ get: 1, set: 1, delete: 1, clear: 1 }],
    [[]],
  ])(
    'refuse a store that is neither a Keyv nor an adapter, when the gateway is made: %o',
    (store) => {
      expect(thrownBy(() => createGateway({ cache: { store } }))).toMatchObject({
        code: 'zerohop_config',
        message: expect.stringMatching(/^gateway\.cache\.store: /),
      });
    },
  );

  it.each(paths)('never show what a bad %s holds', (path) => {
    const secret = 'sk-not-to-be-shown';
    const name = path.replace(/\[\d\]$/, '');
    const values = [
      `${secret}${TOO_LONG}`,
      [{ secret }],
      { [name]: secret },
      [`${secret}${TOO_LONG}`],
    ];

    for (const value of values) {
      expect(String(thrownBy(() => createGateway(wrong(path, value))))).not.toContain(secret);
    }
  });

  it.each<[string, boolean | CacheOptions]>([
    ['true', true],
    ['false', false],
    ['nothing', {}],
    ['everything undefined', { ttl: undefined, mode: undefined, store: undefined, key: undefined }],
    ['the shortest', { ttl: 1, maxAge: 0, staleIfError: 0, staleWhileRevalidate: '0s' }],
    ['a hundred years', { ttl: '36525d', maxAge: 36_525 * 86_400_000 }],
    ['fractions', { ttl: '1.5h', maxAge: 0.5, storeTimeout: 1.5 }],
    ['every unit', { ttl: '1d', maxAge: '1h', staleIfError: '1m', storeTimeout: '1ms' }],
    ['16 tags of 256 characters', { tags: Array.from({ length: 16 }, () => TOO_LONG.slice(1)) }],
    ['no tags', { tags: [], vary: [], exclude: [], ignoreHeaders: [] }],
    ['a text and a function as key', { key: 'k' }],
    ['a function as key', { key: () => undefined }],
    ['the smallest bounds', { maxEntries: 1, maxBytes: 1, maxEntryBytes: 1 }],
    ['a Map as store', { store: new Map() }],
  ])('take %s', (_name, cache) => {
    expect(createGateway({ cache })).toHaveProperty('wrap');
  });
});

describe.each([
  ['perCall', (options: object) => perCall(options)],
  ['run', (options: object) => createGateway().run(options, () => undefined)],
])('what %s() may ask of the cache', (name, use) => {
  it.each(badForCalls)('is refused where it is bad: cache.%s: %o', (path, value) => {
    expect(thrownBy(() => use(wrong(path, value)))).toMatchObject(refusal(`${name}.cache.${path}`));
  });

  it.each([
    ['store', new Map()],
    ['maxEntries', 1],
    ['maxBytes', 1],
    ['maxEntryBytes', 1],
    ['storeTimeout', 1],
    ['version', '1'],
    ['exclude', []],
    ['ignoreHeaders', []],
  ])("is none of what is the gateway's alone: %s", (path, value) => {
    const error = thrownBy(() => use(wrong(path, value)));

    expect(error).toMatchObject({
      message: expect.stringMatching(
        `^${name}\\.cache\\.${path}: unknown option; known are mode, ttl`,
      ),
    });
  });

  it('is taken where it is good', () => {
    const cache = {
      mode: 'refresh',
      ttl: '5m',
      maxAge: 0,
      staleWhileRevalidate: '1h',
      staleIfError: '1d',
      tags: ['a'],
      key: 'k',
      vary: ['locale'],
      scope: 'shared',
      only: 'deterministic',
      acceptFallback: true,
      coalesce: false,
    };

    for (const asked of [cache, true, false, undefined, {}]) {
      expect(() => use({ cache: asked, tenant: 't' })).not.toThrow();
    }
  });

  it.each(['', 1, null, {}])('does not take a tenant that is no text: %j', (tenant) => {
    expect(thrownBy(() => use({ tenant }))).toMatchObject(refusal(`${name}.tenant`));
  });
});
