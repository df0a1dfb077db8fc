import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { isSdkClient, type SdkClient } from '../../../src/sdk/client-types.js';
import { identityOf } from '../../../src/sdk/sdk-identity.js';

const NOTHING_OF_ITS_OWN = { method: 'post', path: '/chat/completions' } as const;

function clientOf(options: object): SdkClient {
  const client: unknown = new OpenAI({ apiKey: 'sk-one', ...options });
  if (!isSdkClient(client)) throw new TypeError('not a client');
  return client;
}

describe('who calls with a client', () => {
  it('is worked out once, as long as nothing changes', () => {
    const client = clientOf({
      defaultHeaders: { 'x-team': 'a' },
      defaultQuery: { 'api-version': '1' },
    });

    const first = identityOf(client, NOTHING_OF_ITS_OWN);

    expect(identityOf(client, NOTHING_OF_ITS_OWN)).toBe(first);
  });

  it.each<[string, (client: SdkClient) => void]>([
    ['a key that is assigned', (client) => void Object.assign(client, { apiKey: 'sk-two' })],
    [
      'an organisation that is assigned',
      (client) => void Object.assign(client, { organization: 'b' }),
    ],
    [
      'a base URL that is assigned',
      (client) => void Object.assign(client, { baseURL: 'https://b/v1' }),
    ],
  ])('is somebody else after %s', (_, change) => {
    const client = clientOf({});
    const before = identityOf(client, NOTHING_OF_ITS_OWN);

    change(client);

    expect(identityOf(client, NOTHING_OF_ITS_OWN)).not.toEqual(before);
  });

  it.each<[string, object, (options: { given: Record<string, unknown> }) => object]>([
    ['an object', { authorization: 'one' }, ({ given }) => given],
    [
      'Headers',
      { authorization: 'one' },
      ({ given }) => new Headers(given as Record<string, string>),
    ],
  ])(
    'is somebody else once default headers that the application holds have changed: %s',
    (_, given, make) => {
      const defaultHeaders = make({ given: { ...given } });
      const client = clientOf({ defaultHeaders });
      const before = identityOf(client, NOTHING_OF_ITS_OWN);

      if (defaultHeaders instanceof Headers) defaultHeaders.set('authorization', 'two');
      else Object.assign(defaultHeaders, { authorization: 'two' });

      expect(identityOf(client, NOTHING_OF_ITS_OWN).credential).not.toBe(before.credential);
    },
  );

  it.each<[string, Record<string, unknown>, (query: Record<string, unknown>) => void]>([
    ['a value', { version: '1' }, (query) => void Object.assign(query, { version: '2' })],
    ['one more', {}, (query) => void Object.assign(query, { version: '2' })],
    [
      'what is in a value',
      { in: { a: 1 } },
      (query) => void Object.assign(Object(query.in), { a: 2 }),
    ],
  ])(
    'asks in another way once a default query that the application holds has changed: %s',
    (_, query, change) => {
      const client = clientOf({ defaultQuery: query });
      const before = JSON.stringify(identityOf(client, NOTHING_OF_ITS_OWN).query);
      const known = identityOf(client, NOTHING_OF_ITS_OWN);

      change(query);

      const after = identityOf(client, NOTHING_OF_ITS_OWN);
      expect(after).not.toBe(known);
      expect(JSON.stringify(after.query)).not.toBe(before);
    },
  );
});
