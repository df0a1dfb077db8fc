import { setImmediate as turn } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, createGatewayClient, type Interceptor, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

import { chat } from '../drop-in/rows/openai-chat.js';
import { openai7 } from '../drop-in/support/sdks.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

/** A client that writes down the metadata of its calls. */
function recordingClient(options: { metadata?: Record<string, unknown> } = {}) {
  const seen: unknown[] = [];
  const record: Interceptor = (request, next, { metadata }) => {
    seen.push({ ...metadata });
    return next(request);
  };
  const gateway = createGateway({ ...options, interceptors: [record] });
  const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }));
  return { client, gateway, seen };
}

describe('metadata', () => {
  it('merges gateway, outer scope, inner scope and call, the nearer one winning', async () => {
    const { client, gateway, seen } = recordingClient({
      metadata: { service: 'checkout', level: 'gateway' },
    });

    await gateway.run({ metadata: { outer: 1, level: 'outer' } }, () =>
      gateway.run({ metadata: { inner: 2, level: 'inner' } }, () =>
        client.chat.completions.create(chat, perCall({ metadata: { call: 3, level: 'call' } })),
      ),
    );

    expect(seen).toEqual([{ service: 'checkout', outer: 1, inner: 2, call: 3, level: 'call' }]);
  });

  it('stays with its scope through awaits and timers, whatever runs beside it', async () => {
    const { client, gateway, seen } = recordingClient();
    const user = async (userId: number): Promise<void> => {
      await gateway.run({ metadata: { userId } }, async () => {
        for (let step = 0; step <= userId % 3; step += 1) await turn();
        await client.chat.completions.create(chat);
        await turn();
        await client.chat.completions.create({ ...chat, stream: true });
      });
    };

    await Promise.all(Array.from({ length: 20 }, (_, userId) => user(userId)));
    await client.chat.completions.create(chat);

    const ids = seen.map(
      (metadata) => z.object({ userId: z.number().optional() }).parse(metadata).userId,
    );
    const expected = Array.from({ length: 20 }, (_, userId) => [userId, userId]).flat();
    expect(ids.slice(0, -1).sort((a, b) => Number(a) - Number(b))).toEqual(expected);
    expect(ids.at(-1)).toBeUndefined();
  });

  it('run() gives back what its work gives, and throws what it throws', async () => {
    const { gateway } = recordingClient();

    expect(gateway.run({}, () => 7)).toBe(7);
    await expect(gateway.run({}, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  });

  it('reaches interceptors from perCall() through every kind of method', async () => {
    const { client, seen } = recordingClient();
    const options = () => perCall({ metadata: { tag: 'here' } }, { timeout: 5_000 });
    const format = openai7.zodResponseFormat(z.object({ a: z.string() }), 'a');

    await client.chat.completions.create(chat, options());
    await client.chat.completions.create({ ...chat, stream: true }, options());
    await client.chat.completions.parse({ ...chat, response_format: format }, options());
    await client.chat.completions.stream(chat, options()).finalChatCompletion();
    await client.chat.completions.runTools({ ...chat, tools: [] }, options()).done();
    await client.responses.create({ model: 'm', input: 'x' }, options());
    await client.embeddings.create({ model: 'm', input: 'x' }, options());
    await client.models.retrieve('m', options());
    await client.models.list(options());
    await client.get('/models', options());

    expect(seen).toEqual(Array.from({ length: 10 }, () => ({ tag: 'here' })));
    expect(new Set(provider.requests.map(({ headers }) => headers['x-stainless-timeout']))).toEqual(
      new Set(['5']),
    );
  });

  it('never leaves the process', async () => {
    const { client } = recordingClient({ metadata: { hidden: 'gateway-level' } });

    await client.chat.completions.create(chat, perCall({ metadata: { hidden: 'call-level' } }));

    expect(JSON.stringify(provider.requests)).not.toMatch(/(gateway|call)-level/);
  });
});

describe('one gateway for many clients', () => {
  it('sees the calls of all of them', async () => {
    const { gateway, seen } = recordingClient();
    const options = { apiKey: 'k', baseURL: provider.baseURL, gateway };
    const [one, two] = [createGatewayClient(options), createGatewayClient(options)];

    await one.chat.completions.create(chat, perCall({ metadata: { from: 'one' } }));
    await two
      .withOptions({ timeout: 9_000 })
      .chat.completions.create(chat, perCall({ metadata: { from: 'two' } }));

    expect(one.gateway).toBe(gateway);
    expect(two.gateway).toBe(gateway);
    expect(seen).toEqual([{ from: 'one' }, { from: 'two' }]);
  });
});
