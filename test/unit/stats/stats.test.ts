import { describe, expect, it } from 'vitest';
import { createGatewayClient } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { LatencyHistogram } from '../../../src/stats/latency-histogram.js';

const ask = { messages: [{ role: 'user' as const, content: 'hi' }] };

function statsClient() {
  const upstream = createInMemoryFetch();
  const client = createGatewayClient({
    apiKey: 'sk-test',
    baseURL: 'http://provider.test/v1',
    maxRetries: 0,
    fetch: upstream,
    gateway: { stats: true },
  });
  return { client, upstream };
}

describe('gateway.stats()', () => {
  it('counts calls, errors, aborts and tokens by target and model', async () => {
    const { client, upstream } = statsClient();
    upstream.enqueue({ text: 'ok', usage: { inputTokens: 10, outputTokens: 20 } }, { times: 2 });
    upstream.enqueue({ status: 400, error: { message: 'bad' } });

    await client.chat.completions.create({ ...ask, model: 'a' });
    await client.chat.completions.create({ ...ask, model: 'b' });
    await client.chat.completions.create({ ...ask, model: 'a' }).catch(() => undefined);
    const stream = await client.chat.completions.create({ ...ask, model: 'a', stream: true });
    for await (const _ of stream) break;

    const { total, byTargetAndModel } = client.gateway.stats();
    expect(total).toMatchObject({
      calls: 4,
      errors: 1,
      aborted: 1,
      inputTokens: 20,
      outputTokens: 40,
    });
    expect(total.latencyMs?.p50).toBeGreaterThan(0);
    const calls = byTargetAndModel.map(({ target, model, calls }) => [target, model, calls]);
    expect(calls.toSorted()).toEqual([
      ['provider.test', 'a', 3],
      ['provider.test', 'b', 1],
    ]);
  });

  it('keeps at most 200 models apart', async () => {
    const { client } = statsClient();

    for (let model = 0; model < 250; model += 1) {
      await client.chat.completions.create({ ...ask, model: `m${model}` });
    }

    const { total, byTargetAndModel } = client.gateway.stats();
    expect(total.calls).toBe(250);
    expect(byTargetAndModel.length).toBeLessThanOrEqual(201);
    expect(byTargetAndModel.find(({ model }) => model === '_other')?.calls).toBeGreaterThanOrEqual(
      49,
    );
  });

  it('says what to set where nothing is counted', () => {
    const client = createGatewayClient({ apiKey: 'sk-test' });

    expect(() => client.gateway.stats()).toThrow(/stats: true/);
  });
});

describe('a latency histogram', () => {
  it.each([0.05, 1, 12.5, 480, 60_000, 600_000])('knows %d ms within 5 %', (latencyMs) => {
    const histogram = new LatencyHistogram();
    for (let count = 0; count < 10; count += 1) histogram.add(latencyMs);

    const { p50, p99 } = histogram.percentiles() ?? { p50: 0, p99: 0 };
    expect(Math.abs(p50 / latencyMs - 1)).toBeLessThan(0.05);
    expect(p99).toBe(p50);
  });
});
