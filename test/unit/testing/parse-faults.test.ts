import { describe, expect, it } from 'vitest';

import { faultNames, parseFaults } from '../../../src/testing/index.js';

describe('parseFaults', () => {
  it.each([
    ['reset', [{ kind: 'reset' }]],
    ['reset;after=headers', [{ kind: 'reset', after: 'headers' }]],
    ['hang;after=3', [{ kind: 'hang', after: { events: 3 } }]],
    ['close;bytes=12;linger=0', [{ kind: 'close', after: { bytes: 12 }, lingerMs: 0 }]],
    [
      'status;code=429;retry-after=1;times=2',
      [{ kind: 'status', status: 429, headers: { 'retry-after': '1' }, times: 2 }],
    ],
    [
      'gzip, pace;gap=5;newline=crlf',
      [
        { kind: 'gzip', mode: 'ok' },
        { kind: 'pace', gapMs: 5, newline: '\r\n' },
      ],
    ],
    ['', []],
  ])('reads %j', (text, faults) => {
    expect(parseFaults(text)).toMatchObject(faults);
  });

  it.each(Object.keys(faultNames))('knows %s, as its own list says', (name) => {
    expect(parseFaults(name)).toMatchObject([{ kind: name }]);
  });

  it.each(['boom', 'reset;after=soon', 'status;code='])('refuses %j', (text) => {
    expect(() => parseFaults(text)).toThrow(TypeError);
  });
});
