/** The cache beside the bare SDK and the gateway without one, block by block; and how much a full one holds. */
import OpenAI from 'openai';
import { createGateway, type GatewayOptions } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, callStream, collectGarbage, heldBytes } from '../support/workload.js';

/** `miss` asks each time, and stores; `hit` has it stored. */
export type CacheVariant = 'bare' | 'off' | 'miss' | 'hit';

/** What is to be measured. */
export interface CacheBlocks {
  readonly blocks: number;
  readonly calls: number;
  /** Of streams; absent for JSON answers. */
  readonly chunks?: number;
  /** Where the provider is; absent for the `fetch` in memory. */
  readonly baseURL?: string;
}

/** µs of each call, and of a stream to its first content, by variant. */
export type CacheTimes = Readonly<
  Record<CacheVariant, { readonly calls: number[]; readonly firstContent: number[] }>
>;

const OPTIONS: Readonly<Record<Exclude<CacheVariant, 'bare'>, GatewayOptions>> = {
  off: {},
  miss: { cache: { mode: 'refresh' } },
  hit: { cache: true },
};
const VARIANTS: readonly CacheVariant[] = ['bare', 'off', 'miss', 'hit'];

function clientOf(variant: CacheVariant, baseURL: string | undefined): OpenAI {
  const bare = new OpenAI({
    apiKey: 'bench',
    ...(baseURL === undefined ? { fetch: memoryFetch } : { baseURL }),
  });
  return variant === 'bare' ? bare : createGateway(OPTIONS[variant]).wrap(bare);
}

serve({
  async measure({ blocks, calls, chunks, baseURL }: CacheBlocks): Promise<CacheTimes> {
    const works = VARIANTS.map((variant) => {
      const client = clientOf(variant, baseURL);
      const times = { calls: [] as number[], firstContent: [] as number[] };
      const work = async () =>
        chunks === undefined ? void (await callJson(client)) : callStream(client, 'burst', chunks);
      return { variant, times, work };
    });
    const warmUp = Math.ceil(blocks / 10);
    for (let block = -warmUp; block < blocks; block += 1) {
      for (const { times, work } of block % 2 === 0 ? works : works.toReversed()) {
        for (let call = 0; call < calls; call += 1) {
          const start = performance.now();
          const firstContentAt = await work();
          if (block < 0) continue;
          times.calls.push((performance.now() - start) * 1_000);
          if (firstContentAt !== undefined) {
            times.firstContent.push((firstContentAt - start) * 1_000);
          }
        }
      }
    }
    return Object.fromEntries(
      works.map(({ variant, times }) => [variant, times]),
    ) as unknown as CacheTimes; // one for each variant
  },

  /** What a cache holds of so many different answers, beyond what the process held before. */
  async fill({ answers, maxBytes }: { answers: number; maxBytes: number }) {
    const text = 'x'.repeat(4 * 1024);
    let asked = 0;
    const gateway = createGateway({
      cache: { maxBytes, maxEntries: answers },
      telemetry: false,
      pricing: false,
    });
    const client = gateway.wrap(
      new OpenAI({
        apiKey: 'bench',
        fetch: async () => {
          asked += 1;
          return new Response(answerOf(`${asked} ${text}`), {
            headers: { 'content-type': 'application/json' },
          });
        },
      }),
    );
    const ask = (seed: number) =>
      client.chat.completions.create({
        model: 'json',
        seed,
        messages: [{ role: 'user', content: 'hi' }],
      });
    for (let warmUp = 0; warmUp < 200; warmUp += 1) await ask(-warmUp);
    await gateway.cache.clear();
    await collectGarbage();
    const before = heldBytes();
    for (let seed = 1; seed <= answers; seed += 1) await ask(seed);
    await gateway.flush();
    await collectGarbage();
    return { asked, held: heldBytes() - before, counters: gateway.cache.counters };
  },
});

function answerOf(content: string): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'json',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
}
