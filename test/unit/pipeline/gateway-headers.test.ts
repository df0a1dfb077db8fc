import { describe, expect, it } from 'vitest';

import { GatewayHeaders } from '../../../src/pipeline/gateway-headers.js';

/** Headers as they come over the wire: any case, repeated, padded, empty. */
const wire = [
  ['Content-Type', 'application/json'],
  ['X-Request-Id', 'req_1'],
  ['X-Many', 'one'],
  ['x-padded', '  \tpadded \t'],
  ['x-many', 'two'],
  ['X-Empty', ''],
  ['x-latin', 'caf\u00e9'],
  ['Set-Cookie', 'a=1; Path=/'],
  ['set-cookie', 'b=2, c'],
] as const;

const both = (): { ours: GatewayHeaders; standard: Headers } => ({
  ours: new GatewayHeaders(wire.flat()),
  standard: new Headers(wire.map(([name, value]): [string, string] => [name, value])),
});

/** What an operation returns or throws, and what the headers are afterwards. */
function outcome(headers: Headers, operate: (headers: Headers) => unknown): unknown {
  let result: unknown;
  try {
    result = operate(headers);
  } catch (error) {
    result = error instanceof Error ? error.name : error;
  }
  return { result, list: [...headers], cookies: headers.getSetCookie() };
}

type Operation = readonly [string, (headers: Headers) => unknown];

const operations: readonly Operation[] = [
  ['get', (headers) => headers.get('content-type')],
  ['get in another case', (headers) => headers.get('CONTENT-type')],
  ['get of a repeated header', (headers) => headers.get('x-many')],
  ['get of a padded header', (headers) => headers.get('x-padded')],
  ['get of an empty header', (headers) => headers.get('x-empty')],
  ['get of a header with latin-1 characters', (headers) => headers.get('x-latin')],
  ['get of cookies', (headers) => headers.get('set-cookie')],
  ['get of cookies in another case', (headers) => headers.get('Set-Cookie')],
  ['get of none', (headers) => headers.get('x-none')],
  ['get of an impossible name', (headers) => headers.get('no such name')],
  ['get of what every object has', (headers) => headers.get('constructor')],
  ['has', (headers) => [headers.has('X-Request-Id'), headers.has('x-none')]],
  ['has of an empty header', (headers) => headers.has('x-empty')],
  ['has of cookies', (headers) => [headers.has('set-cookie'), headers.has('SET-COOKIE')]],
  ['has of an impossible name', (headers) => headers.has('a:b')],
  ['set of a new one', (headers) => headers.set('X-New', ' new ')],
  ['set of a known one', (headers) => headers.set('X-Many', 'three')],
  ['set of cookies', (headers) => headers.set('set-cookie', 'd=4')],
  ['set of an impossible value', (headers) => headers.set('x-new', 'a\nb')],
  ['append of a new one', (headers) => headers.append('x-new', 'new')],
  ['append to a known one', (headers) => headers.append('x-many', 'three')],
  ['append of a cookie', (headers) => headers.append('Set-Cookie', 'd=4')],
  ['delete', (headers) => headers.delete('X-MANY')],
  ['delete of cookies', (headers) => headers.delete('set-cookie')],
  ['delete of none', (headers) => headers.delete('x-none')],
  ['get after a set', (headers) => [headers.set('x-many', '3'), headers.get('X-Many')]],
  ['get after a delete', (headers) => [headers.delete('x-many'), headers.get('X-Many')]],
  ['getSetCookie', (headers) => headers.getSetCookie()],
  ['entries', (headers) => [...headers.entries()]],
  ['keys', (headers) => [...headers.keys()]],
  ['values', (headers) => [...headers.values()]],
  ['Object.fromEntries', (headers) => Object.fromEntries(headers)],
  ['new Headers of them', (headers) => [...new Headers(headers)]],
  ['Response over them', (headers) => [...new Response(null, { headers }).headers]],
  ['instanceof', (headers) => headers instanceof Headers],
  ['Object.prototype.toString', (headers) => Object.prototype.toString.call(headers)],
  [
    'forEach',
    (headers) => {
      const seen: unknown[] = [];
      const self = { seen };
      headers.forEach(function (this: typeof self, value, name, parent) {
        this.seen.push([name, value, parent === headers]);
      }, self);
      return seen;
    },
  ],
];

describe('GatewayHeaders', () => {
  it.each(operations)('do what Headers do: %s', (_, operate) => {
    const { ours, standard } = both();

    expect(outcome(ours, operate)).toEqual(outcome(standard, operate));
  });

  it.each(operations)('do what Headers do once something has been changed: %s', (_, operate) => {
    const { ours, standard } = both();
    for (const headers of [ours, standard]) headers.append('x-many', 'later');

    expect(outcome(ours, operate)).toEqual(outcome(standard, operate));
  });

  it.each([
    ['before', false],
    ['after', true],
  ])('take headers of our own %s their list has been asked for', (_, listed) => {
    const { ours } = both();
    if (listed) ours.append('x-other', 'x');

    ours.setOwn('x-zerohop-attempts', '1');
    ours.setOwn('x-zerohop-attempts', '2');

    expect(ours.get('x-zerohop-attempts')).toBe('2');
    expect(Object.fromEntries(ours)).toMatchObject({ 'x-zerohop-attempts': '2', 'x-many': /one/ });
  });

  it('are empty over nothing', () => {
    const headers = new GatewayHeaders([]);

    expect([...headers]).toEqual([]);
    expect(headers.get('content-type')).toBeNull();
  });
});

describe('a header that is worked out later', () => {
  const reads: readonly (readonly [string, (headers: Headers) => unknown])[] = [
    ['get', (headers) => headers.get('x-later')],
    ['get in another case', (headers) => headers.get('X-Later')],
    ['entries', (headers) => Object.fromEntries(headers)['x-later']],
    ['keys', (headers) => ([...headers.keys()].includes('x-later') ? '7' : null)],
    ['the list, before it was set', (headers) => headers.get('x-later')],
  ];

  it.each(reads)('is worked out once, when %s asks for it', (name, read) => {
    const headers = new GatewayHeaders(wire.flat());
    if (name.startsWith('the list')) headers.append('x-other', '1');
    let asked = 0;
    headers.setOwnLater('x-later', () => {
      asked += 1;
      return '7';
    });

    expect([headers.get('x-request-id'), read(headers), read(headers), asked]).toEqual([
      'req_1',
      '7',
      '7',
      1,
    ]);
  });

  it('is absent where it comes to nothing', () => {
    const headers = new GatewayHeaders(['x-a', '1']);
    headers.setOwnLater('x-later', () => undefined);

    expect([...headers]).toEqual([['x-a', '1']]);
  });
});
