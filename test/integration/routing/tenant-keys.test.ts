import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, perCall, target } from 'zerohop';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';

/** How one of the keys is refused; the others are answered with their own name. */
let refusal: Reply;
let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({
    reply: ({ headers }) =>
      headers.authorization === 'Bearer k-bad' ? refusal : { text: headers.authorization },
  });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const withKey = (apiKey: string) =>
  new OpenAI({ apiKey, baseURL: provider.baseURL, maxRetries: 0 });

/** What a client is answered, or how it is refused. */
async function ask(client: OpenAI, tenant = ''): Promise<string> {
  try {
    const answer = await client.chat.completions.create(
      { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] },
      perCall({ metadata: { tenant } }),
    );
    return answer.choices[0]?.message.content ?? '';
  } catch (error) {
    return error instanceof OpenAI.APIError ? `${error.status} ${error.code}` : String(error);
  }
}

const REFUSALS: [string, Reply, number][] = [
  ['whose key is refused', { status: 401 }, 1],
  ['whose money is spent', { status: 429, error: { code: 'insufficient_quota' } }, 1],
  ['who is to wait', { status: 429, headers: { 'retry-after': '50' } }, 1],
  ['who is over the limit again and again', { status: 429 }, 5],
];

describe('a target whose function gives each tenant a key of its own', () => {
  it.each(REFUSALS)('answers one tenant beside another %s', async (_which, given, times) => {
    refusal = given;
    const clients = new Map(['bad', 'good'].map((name) => [name, withKey(`k-${name}`)]));
    const route = target({
      name: 'tenants-own',
      client: ({ context }) => clients.get(String(context.metadata.tenant)) ?? {},
    });
    const client = createGateway({ clock: quickClock(), route }).wrap(withKey('k-platform'));
    for (let call = 0; call < times; call += 1) await ask(client, 'bad');

    expect(await ask(client, 'good')).toBe('Bearer k-good');
  });
});

describe('a gateway that wraps a client for each tenant', () => {
  it.each(REFUSALS.slice(1))(
    'asks the primary of one tenant beside another %s',
    async (_which, given, times) => {
      refusal = given;
      const fallbacks = [target({ name: 'spare', client: withKey('k-spare') })];
      const gateway = createGateway({ clock: quickClock(), fallbacks });
      const [bad, good] = [gateway.wrap(withKey('k-bad')), gateway.wrap(withKey('k-good'))];
      for (let call = 0; call < times; call += 1) await ask(bad);

      expect(await ask(good)).toBe('Bearer k-good');
    },
  );
});
