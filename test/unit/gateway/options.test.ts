import { describe, expect, it } from 'vitest';
import {
  createGateway,
  createGatewayClient,
  GatewayError,
  type GatewayOptions,
  isGatewayError,
  perCall,
} from 'zerohop';

import { systemClock } from '../../../src/pipeline/clock.js';

/** What is wrong with an option: its path under `gateway`, and values that it must not have. */
const bad: readonly (readonly [string, readonly unknown[]])[] = [
  ['interceptors', [{}, 'x', () => undefined, null]],
  [
    'interceptors[1]',
    [
      [() => undefined, 'x'],
      [() => undefined, null],
    ],
  ],
  ['attemptInterceptors', [{}, 1, null]],
  ['attemptInterceptors[0]', [[{}], [undefined]]],
  ['metadata', ['x', 1, [], null, true]],
  ['timeouts', [1_000, 'x', [], null]],
  ['timeouts.connect', timeoutsWith('connect')],
  ['timeouts.firstByte', timeoutsWith('firstByte')],
  ['timeouts.idle', timeoutsWith('idle')],
  ['timeouts.total', timeoutsWith('total')],
  ['timeouts.read', [{ read: 1_000 }]],
  ['maxAttempts', [0, -1, 13, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, true]],
  ['limits', [1, [], null, 'x']],
  [
    'limits.maxBodyBytes',
    [0, -1, 1.5, Number.NaN, '1', null].map((maxBodyBytes) => ({ maxBodyBytes })),
  ],
  [
    'limits.maxEventBytes',
    [0, -1, 1.5, 2 ** 60, '1', null].map((maxEventBytes) => ({ maxEventBytes })),
  ],
  ['limits.maxHeaderBytes', [{ maxHeaderBytes: 1 }]],
  ['transport', ['undici', '', 1, null, {}]],
  ['origins', ['https://a.invalid', {}, null]],
  [
    'origins[0]',
    [
      ['a.invalid'],
      ['https://a.invalid/v1'],
      ['https://a.invalid?x'],
      [''],
      [1],
      ['file:///etc'],
      ['*'],
    ],
  ],
  ['logger', ['x', 1, [], null]],
  ['waitUntil', ['x', {}, null]],
  ['clock', ['x', 1, [], null]],
  ['bypass', [true]],
  ['retries', [3]],
  ['__proto__x', [{}]],
];

function timeoutsWith(name: string): readonly unknown[] {
  const values = [0, -1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '1000', null, true];
  return values.map((value) => ({ [name]: value }));
}

const cases = bad.flatMap(([path, values]) =>
  values.map((value): [string, unknown] => [path, value]),
);

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Options that the types forbid. */
const wrong = (path: string, value: unknown) =>
  ({ [path.split(/[.[]/)[0] ?? '']: value }) as unknown as GatewayOptions;

describe('the options of a gateway', () => {
  it.each(cases)('refuse a bad %s: %j', (path, value) => {
    const error = thrownBy(() => createGateway(wrong(path, value)));

    expect(error).toBeInstanceOf(GatewayError);
    expect(isGatewayError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'zerohop_config',
      message: expect.stringMatching(`^gateway\\.${path.replaceAll(/[[\].]/g, '\\$&')}: `),
    });
  });

  it.each(['x', 1, null, [], true])('refuse to be %j', (value) => {
    const options = value as unknown as GatewayOptions; // what the types forbid

    expect(thrownBy(() => createGateway(options))).toMatchObject({
      code: 'zerohop_config',
      message: expect.stringMatching(/^gateway: /),
    });
  });

  it.each(cases)('are checked by createGatewayClient() just so: %s %j', (path, value) => {
    const work = () => createGatewayClient({ apiKey: 'test', gateway: wrong(path, value) });

    expect(thrownBy(work)).toMatchObject(Object(thrownBy(() => createGateway(wrong(path, value)))));
  });

  it.each(bad.map(([path]) => path))('never show what a bad %s holds', (path) => {
    const secret = 'sk-not-to-be-shown';
    const name = path.replace(/^.*[.[]|\]$/g, '');
    const values = [
      secret,
      [secret],
      { [secret.length]: secret },
      { [name]: secret },
      [{ secret }],
    ];

    const errors = values.map((value) => thrownBy(() => createGateway(wrong(path, value))));

    for (const error of errors) expect(String(Object(error).message)).not.toContain(secret);
  });

  it('name what is known where one is not', () => {
    const error = thrownBy(() => createGateway(wrong('interceptor', [])));

    expect(error).toMatchObject({
      message: expect.stringContaining('known are metadata, timeouts'),
    });
  });

  it.each<[string, GatewayOptions]>([
    ['nothing', {}],
    ['everything undefined', { interceptors: undefined, limits: undefined, origins: undefined }],
    ['the smallest', { maxAttempts: 1, timeouts: { connect: 1 }, limits: { maxBodyBytes: 1 } }],
    ['the largest', { maxAttempts: 12, timeouts: { total: 2 ** 31 - 1 } }],
    ['a fraction of a millisecond', { timeouts: { idle: 1.5 } }],
    ['origins', { origins: ['https://a.invalid', 'http://127.0.0.1:8080', 'https://b.invalid/'] }],
    [
      'a class as logger',
      {
        logger: new (class {
          warn() {}
        })(),
      },
    ],
    ['a clock', { clock: systemClock }],
    ['a transport', { transport: 'fetch' }],
    ['metadata without a prototype', { metadata: Object.assign(Object.create(null), { a: 1 }) }],
  ])('take %s', (_, options) => {
    expect(createGateway(options)).toHaveProperty('wrap');
  });
});

/** What one call may set. */
const badCallOptions = [
  ...cases.filter(([path]) => /^(?:metadata|timeouts|maxAttempts)/.test(path)),
  ...['yes', 1, null].map((value): [string, unknown] => ['bypass', value]),
  ['interceptors', []] as [string, unknown],
  ['colour', 'x'] as [string, unknown],
];

describe.each([
  ['perCall', (options: object) => perCall(options)],
  ['run', (options: object) => createGateway().run(options, () => undefined)],
])('the options of %s()', (name, use) => {
  it.each(badCallOptions)('refuse a bad %s: %j', (path, value) => {
    const error = thrownBy(() => use(wrong(path, value)));

    expect(error).toMatchObject({
      code: 'zerohop_config',
      message: expect.stringMatching(`^${name}\\.${path.replaceAll('.', '\\.')}: `),
    });
  });

  it('take what they know', () => {
    const options = { metadata: { a: 1 }, timeouts: { idle: 1 }, maxAttempts: 2, bypass: true };

    expect(() => use(options)).not.toThrow();
  });
});

describe('perCall()', () => {
  it("keeps the SDK's own options as they are, and adds nothing that can be seen", () => {
    const request = { timeout: 1_000, headers: { a: 'b' } };

    const options = perCall({ metadata: { a: 1 } }, request);

    expect(Object.entries(options)).toEqual(Object.entries(request));
    expect(Reflect.ownKeys(request)).toEqual(['timeout', 'headers']);
    expect(JSON.stringify(options)).toBe(JSON.stringify(request));
  });
});
