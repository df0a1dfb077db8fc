/** The response cache: hits, tags, and stale answers that are refreshed in the background. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import { createGatewayClient, perCall } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({
  reply: { text: 'Paris.', usage: { inputTokens: 20, outputTokens: 2 } },
});

// So that the example need not wait for an hour to pass.
let passedMs = 0;
const clock = {
  now: () => performance.now(),
  wallNow: () => Date.now() + passedMs,
  random: () => Math.random(),
  delay: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  timer(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    cache: { ttl: '1h', staleWhileRevalidate: '1d' },
    pricing: { models: { 'gpt-5-mini': { input: 0.25, output: 2 } } },
    stats: true,
    clock,
  },
});
const { gateway } = client;

async function ask(tags: readonly string[] = []) {
  const asked = client.chat.completions.create(
    { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'The capital of France?' }] },
    perCall({ cache: { tags } }),
  );
  const { data, response } = await asked.withResponse();
  strictEqual(data.choices[0]?.message.content, 'Paris.');
  return response.headers.get('x-zerohop-cache');
}

// The second call is answered from memory, and so is a stream: what was one JSON answer is sent as events.
deepStrictEqual([await ask(), await ask()], ['MISS', 'HIT']);
const stream = client.chat.completions.stream({
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'The capital of France?' }],
});
strictEqual(await stream.finalContent(), 'Paris.');
strictEqual(provider.requests.length, 1);

// An hour later the answer is given out once more, while one call asks anew.
passedMs = 61 * 60_000;
strictEqual(await ask(), 'STALE');
await gateway.flush();
deepStrictEqual([await ask(), provider.requests.length], ['HIT', 2]);

// Whatever has a tag can be deleted together.
await gateway.cache.clear();
deepStrictEqual([await ask(['geography']), await ask(['geography'])], ['MISS', 'HIT']);
await gateway.cache.deleteByTag('geography');
strictEqual(await ask(['geography']), 'MISS');

// Callers do not share, unless they are told to.
const answer = await client.chat.completions
  .create(
    { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'The capital of France?' }] },
    perCall({ tenant: 'acme' }),
  )
  .withResponse();
strictEqual(answer.response.headers.get('x-zerohop-cache'), 'MISS');

const { cacheHits, savedCost } = gateway.stats().total;
console.log({ cacheHits, savedCost });
await gateway.close();
