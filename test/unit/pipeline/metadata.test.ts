import { describe, expect, it } from 'vitest';
import { forwardMetadata } from '../../../src/pipeline/forward-metadata.js';
import {
  MAX_METADATA_CHARS,
  MAX_METADATA_KEYS,
  mergeMetadata,
} from '../../../src/pipeline/metadata.js';

describe('metadata', () => {
  it('is merged, later over earlier, and frozen', () => {
    const { values, truncated } = mergeMetadata([
      { a: 1, b: 1 },
      undefined,
      { b: 2, c: undefined },
    ]);

    expect(values).toEqual({ a: 1, b: 2 });
    expect(truncated).toBe(false);
    expect(Object.isFrozen(values)).toBe(true);
  });

  it('keeps a key named __proto__ as data', () => {
    const { values } = mergeMetadata([JSON.parse('{"__proto__":{"polluted":1}}'), { a: 1 }]);

    expect(Object.keys(values)).toContain('__proto__');
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('leaves out keys above the limit, the last ones, and says so', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, key) => [`k${key}`, key]));

    const { values, truncated } = mergeMetadata([many]);

    expect(Object.keys(values)).toEqual(Object.keys(many).slice(0, MAX_METADATA_KEYS));
    expect(truncated).toBe(true);
  });

  it.each([
    ['a long text', 'x'.repeat(1 << 20), 'x'.repeat(MAX_METADATA_CHARS)],
    ['a large object', { list: 'x'.repeat(5_000) }, '[too large]'],
    ['a small object', { a: [1] }, { a: [1] }],
    ['a number', 5, 5],
  ])('holds %s to its size', (_, value, held) => {
    expect(mergeMetadata([{ value }]).values).toEqual({ value: held });
  });
});

describe('metadata for the provider', () => {
  const values = { userId: 'u1', plan: 'pro', team: { id: 7 } };

  it.each([
    [
      'chat',
      { model: 'm' },
      { user: 'u1', model: 'm', metadata: { plan: 'pro', team: '{"id":7}' } },
    ],
    [
      'responses',
      { metadata: { plan: 'own' } },
      { user: 'u1', metadata: { plan: 'own', team: '{"id":7}' } },
    ],
    ['messages', { model: 'm' }, { model: 'm', metadata: { user_id: 'u1' } }],
    ['messages', { metadata: { user_id: 'own' } }, { metadata: { user_id: 'own' } }],
    ['embeddings', { user: 'own' }, { user: 'own' }],
    ['passthrough', { a: 1 }, { a: 1 }],
  ] as const)(
    'goes where %s has a place for it, under what the caller set',
    (operation, body, sent) => {
      const forwarding = { user: 'userId', metadata: ['plan', 'team', 'absent'], values };

      expect(forwardMetadata(body, operation, forwarding)).toEqual(sent);
    },
  );

  it('stays here where nothing was asked for', () => {
    const body = { model: 'm' };

    expect(forwardMetadata(body, 'chat', { values })).toBe(body);
  });
});
