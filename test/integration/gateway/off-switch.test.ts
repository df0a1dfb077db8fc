import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGateway, createGatewayClient, type Gateway, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { chat } from '../drop-in/rows/openai-chat.js';
import { collect } from '../drop-in/support/observe.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

/** A gateway that counts the calls that go through it. */
function countingGateway(): { gateway: Gateway; count: () => number } {
  let calls = 0;
  const gateway = createGateway({
    interceptors: [
      (request, next) => {
        calls += 1;
        return next(request);
      },
    ],
  });
  return { gateway, count: () => calls };
}

function clientOf(gateway: Gateway): OpenAI {
  return gateway.wrap(
    new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 1, logLevel: 'off' }),
  );
}

async function isBare(client: OpenAI): Promise<boolean> {
  const { response } = await client.chat.completions.create(chat).withResponse();
  return !response.headers.has('x-zerohop-call-id');
}

describe('the off switch leaves calls to the bare SDK', () => {
  it('bypass(true), until bypass(false)', async () => {
    const { gateway, count } = countingGateway();
    const client = clientOf(gateway);

    gateway.bypass(true);
    const off = await isBare(client);
    gateway.bypass(false);
    const on = !(await isBare(client));

    expect([off, on, count()]).toEqual([true, true, 1]);
  });

  it('bypass(true), for streams, pages, helpers, and clients made by withOptions()', async () => {
    const { gateway, count } = countingGateway();
    const client = clientOf(gateway).withOptions({ timeout: 9_000 });
    gateway.bypass(true);

    const chunks = await collect(await client.chat.completions.create({ ...chat, stream: true }));
    const models = await collect(client.models.list());
    const final = await client.chat.completions.stream(chat).finalContent();

    expect([chunks.length > 2, models.length, final, count()]).toEqual([
      true,
      4,
      'echo: one two three',
      0,
    ]);
  });

  it('with its own retries', async () => {
    const { gateway } = countingGateway();
    gateway.bypass(true);
    provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });

    await clientOf(gateway).chat.completions.create(chat);

    expect(provider.requests.map(({ headers }) => headers['x-stainless-retry-count'])).toEqual([
      '0',
      '1',
    ]);
    expect(provider.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('ZEROHOP_DISABLED=1', async () => {
    vi.stubEnv('ZEROHOP_DISABLED', '1');
    const { gateway, count } = countingGateway();
    const client = createGatewayClient({ apiKey: 'k', baseURL: provider.baseURL, gateway });

    expect([await isBare(client), count()]).toEqual([true, 0]);
  });

  it.each(['0', '', 'false'])('but not ZEROHOP_DISABLED=%j', async (value) => {
    vi.stubEnv('ZEROHOP_DISABLED', value);
    const { gateway, count } = countingGateway();

    expect([await isBare(clientOf(gateway)), count()]).toEqual([false, 1]);
  });

  it('perCall({ bypass: true }), for that call alone', async () => {
    const { gateway, count } = countingGateway();
    const client = clientOf(gateway);
    provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });

    const { response } = await client.chat.completions
      .create(chat, perCall({ bypass: true }))
      .withResponse();
    const stream = await client.chat.completions.create(
      { ...chat, stream: true },
      perCall({ bypass: true }),
    );
    const chunks = await collect(stream);

    expect(response.headers.has('x-zerohop-call-id')).toBe(false);
    expect([provider.requests.length, chunks.length > 2, count()]).toEqual([3, true, 0]);
    expect(await isBare(client)).toBe(false);
  });

  it('gateway.run({ bypass: true }), for every call in it', async () => {
    const { gateway, count } = countingGateway();
    const client = clientOf(gateway);

    const inside = await gateway.run({ bypass: true }, () => isBare(client));

    expect([inside, count(), await isBare(client)]).toEqual([true, 0, false]);
  });
});
