import { describe, expect, it } from 'vitest';
import { resolveControl } from '../../../src/cache/cache-options.js';
import { CallKeys, type KeyedCall } from '../../../src/cache/call-key.js';
import type { CallIdentity } from '../../../src/pipeline/call-identity.js';
import type { Target } from '../../../src/pipeline/target.js';
import { chatRequest, contextOf } from '../pipeline/context.js';

const ALICE: CallIdentity = {
  origin: 'https://a/v1',
  query: [],
  credential: 'alice',
  headers: [['x-feature', 'a']],
};
const BOB: CallIdentity = { ...ALICE, credential: 'bob' };

const control = resolveControl(true) ?? fail();

function fail(): never {
  throw new TypeError('the cache is on');
}
const context = contextOf();

function callOf(change: Partial<Omit<KeyedCall, 'target'>> = {}, identity = ALICE): KeyedCall {
  // Nothing else is asked of it.
  const target = { identity: () => identity } as unknown as Target;
  return { request: chatRequest, context, control, tenant: undefined, ...change, target };
}

const CALLS: Readonly<Record<string, KeyedCall>> = {
  'a plain one': callOf(),
  'another body': callOf({ request: { ...chatRequest, body: { model: 'n' } } }),
  'another operation': callOf({ request: { ...chatRequest, operation: 'responses' } }),
  'another method': callOf({ request: { ...chatRequest, method: 'PUT' } }),
  'another path': callOf({ request: { ...chatRequest, path: '/v2/chat/completions' } }),
  'a header of the request': callOf({ request: { ...chatRequest, headers: { 'x-feature': 'b' } } }),
  'a tenant': callOf({ tenant: 'acme' }),
  'another tenant': callOf({ tenant: 'umbrella' }),
  'everybody’s': callOf({ control: { ...control, scope: 'shared' } }),
  'a key of its own': callOf({ control: { ...control, key: 'mine' } }),
  'another key of its own': callOf({ control: { ...control, key: 'yours' } }),
  'another caller': callOf({}, BOB),
};

describe('the keys of one cache', () => {
  const names = Object.keys(CALLS);

  it('tell each of them from all others', () => {
    const keys = new CallKeys({});

    expect(new Set(Object.values(CALLS).map((call) => keys.of(call)))).toHaveLength(names.length);
  });

  it.each(names)('are the same whatever was asked before: %s', (name) => {
    const call = CALLS[name];
    if (call === undefined) throw new TypeError(name);
    const alone = new CallKeys({}).of(call);

    const after = names.map((other) => {
      const keys = new CallKeys({});
      keys.of(CALLS[other] ?? call);
      return keys.of(call);
    });

    expect(new Set(after)).toEqual(new Set([alone]));
  });
});
