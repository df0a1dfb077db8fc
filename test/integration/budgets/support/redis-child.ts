/**
 * A process of its own with a gateway whose budget is in Redis: `fork(…, [port])`. Makes as many calls as it is
 * told to by message, and answers with what they came to.
 */
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import { redisBudgetStore } from '../../../../src/budgets/redis-budget-store.js';
import { createGateway, type Gateway } from '../../../../src/index.js';
import { createInMemoryFetch } from '../../../../src/testing/index.js';

/** What a child is asked for. */
export interface Order {
  readonly limit: number;
  /** What each call reports, in tokens of $0.0001. */
  readonly outputTokens: readonly number[];
}

/** What it came to. */
export interface Done {
  /** In dollars; `null` for a call that was refused. */
  readonly costs: readonly (number | null)[];
}

const [port = ''] = process.argv.slice(2);
const redis = new Redis(Number(port), '127.0.0.1');

process.on('message', (order: Order) => {
  void obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
await redis.ping();
process.send?.({ answer: 'ready' });

async function obey({ limit, outputTokens }: Order): Promise<Done> {
  const upstream = createInMemoryFetch(({ json }) => {
    const { max_tokens: tokens } = json as { max_tokens: number };
    return { usage: { inputTokens: 1, outputTokens: tokens } };
  });
  const gateway: Gateway = createGateway({
    budgets: [
      {
        ...{ name: 'shared', cost: limit, period: 'total', storeTimeout: '10s' },
        store: redisBudgetStore(redis),
      },
    ],
    pricing: { models: { m: { input: 0, output: 100 } } },
  });
  const settled: (number | null)[] = [];
  gateway.on('settled', ({ cost }) => settled.push(cost?.amount ?? null));
  const client = gateway.wrap(
    new OpenAI({ apiKey: 'k', baseURL: 'http://a.test/v1', fetch: upstream, maxRetries: 0 }),
  );
  const calls = outputTokens.map((tokens) =>
    client.chat.completions.create({
      ...{ model: 'm', max_tokens: tokens, messages: [{ role: 'user', content: 'hi' }] },
    }),
  );
  await Promise.allSettled(calls);
  await gateway.close();
  return { costs: settled };
}
