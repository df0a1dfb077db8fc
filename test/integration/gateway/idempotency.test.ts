import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { chat } from '../drop-in/rows/openai-chat.js';
import { openaiSdks } from '../drop-in/support/sdks.js';

const again = { status: 500, headers: { 'retry-after-ms': '1' } };
const gateway = createGateway();

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

/** The keys that went out, in order. */
const keys = (): readonly (string | undefined)[] =>
  provider.requests.map(({ headers }) => headers['idempotency-key']);

// The Anthropic SDK has no such header.
describe.each(openaiSdks)('the idempotency key of a call ($name)', ({ OpenAI }) => {
  const call = (options?: { readonly idempotencyKey: string }): Promise<unknown> => {
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }));
    return client.chat.completions.create(chat, options);
  };

  it('is the same on every attempt, and another one for the next call', async () => {
    provider.enqueue(again, { times: 2 });

    await call();
    await call();

    const [first, second, third, other] = keys();
    expect(first).toMatch(/.{16,}/);
    expect([second, third]).toEqual([first, first]);
    expect(other).toMatch(/.{16,}/);
    expect(other).not.toBe(first);
  });

  it('is the caller’s where the caller gives one', async () => {
    provider.enqueue(again);

    await call({ idempotencyKey: 'mine' });

    expect(keys()).toEqual(['mine', 'mine']);
  });
});
