/** A cache that several processes share: any Keyv. Set `REDIS_URL` to see it in Redis; without it, a map stands in. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({ reply: { text: 'Paris.' } });

const { REDIS_URL } = process.env;
// Each process has its own connection, and a namespace that `gateway.cache.clear()` may empty.
const shared = new Map();
const openStore = () =>
  new Keyv({
    store: REDIS_URL ? new KeyvRedis(REDIS_URL) : shared,
    namespace: 'answers',
  });

/** What each process of a service would do. */
function start() {
  const store = openStore();
  // A store that is down makes misses, and never an error: 100 ms for each operation, then a breaker.
  store.on('error', (error) => console.error(`cache: ${String(error)}`));
  const client = createGatewayClient({
    apiKey: 'sk-example',
    baseURL: provider.baseURL,
    gateway: { cache: { store, ttl: '10m', version: 'prompts-7' } },
  });
  return { store, client };
}

const [one, other] = [start(), start()];
if (REDIS_URL) await one.client.gateway.cache.clear();

const seen: (string | null)[] = [];
for (const { client } of [one, other]) {
  const { data, response } = await client.chat.completions
    .create({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'The capital of France?' }],
    })
    .withResponse();
  strictEqual(data.choices[0]?.message.content, 'Paris.');
  seen.push(response.headers.get('x-zerohop-cache'));
  await client.gateway.flush();
}
deepStrictEqual(seen, ['MISS', 'HIT']);
strictEqual(provider.requests.length, 1);
console.log({ seen, in: REDIS_URL ? 'Redis' : 'a map' });

for (const { client, store } of [one, other]) {
  await client.gateway.close();
  await store.disconnect();
}
