/** Many streams open at once in one process: what each holds, and whether each gets its own chunks and all of them. */
import type OpenAI from 'openai';
import { makeClient, type Variant } from '../support/clients.js';
import { serve } from '../support/serve.js';
import { Ticker } from '../support/ticker.js';
import { bodyOf, collectGarbage, heldBytes } from '../support/workload.js';

const DEADLINE_MS = 60_000;

/** What was seen. */
export interface OpenStreams {
  readonly complete: number;
  readonly crossTalk: number;
  readonly heldPerStream: number;
  readonly rssPerStream: number;
  readonly leftBytes: number;
  readonly seconds: number;
}

const tally = { chunks: 0, complete: 0, crossTalk: 0 };

async function consume(client: OpenAI, nonce: string, chunks: number): Promise<void> {
  const stream = await client.chat.completions.create({ ...bodyOf(nonce), stream: true });
  let own = 0;
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content;
    if (!content) continue;
    own += 1;
    tally.chunks += 1;
    if (content !== nonce) tally.crossTalk += 1;
  }
  if (own === chunks) tally.complete += 1;
}

/** The ticker waits for the slowest reader, so that what is held is the streams and not a backlog. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`streams hang: ${JSON.stringify(tally)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Run {
  readonly client: OpenAI;
  readonly ticker: Ticker;
  readonly streams: number;
  readonly chunks: number;
}

/** Opens all streams, moves them together to their end, and calls back half-way. */
async function run(
  { client, ticker, streams, chunks }: Run,
  halfway: () => Promise<void>,
): Promise<void> {
  Object.assign(tally, { chunks: 0, complete: 0, crossTalk: 0 });
  let finished = 0;
  for (let index = 0; index < streams; index += 1) {
    void consume(client, `nonce-${index.toString(36)}-${'#'.repeat(20)}`, chunks).finally(() => {
      finished += 1;
    });
    if (index % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let tick = 1; tick <= chunks; tick += 1) {
    ticker.tick();
    await until(() => tally.chunks >= streams * tick);
    if (tick === chunks / 2) await halfway();
  }
  ticker.end();
  await until(() => finished === streams);
}

serve({
  async run({
    variant,
    streams,
    chunks,
  }: {
    variant: Variant;
    streams: number;
    chunks: number;
  }): Promise<OpenStreams> {
    const ticker = new Ticker();
    const { client } = await makeClient(variant, { fetch: ticker.fetch });
    const plan = { client, ticker, chunks };
    await run({ ...plan, streams: 300 }, async () => undefined);
    await collectGarbage();
    const base = heldBytes();
    const { rss } = process.memoryUsage();
    const half = { held: 0, rss: 0 };
    const start = performance.now();
    await run({ ...plan, streams }, async () => {
      half.rss = process.memoryUsage().rss;
      await collectGarbage();
      half.held = heldBytes();
    });
    const seconds = (performance.now() - start) / 1_000;
    await collectGarbage();
    return {
      complete: tally.complete,
      crossTalk: tally.crossTalk,
      heldPerStream: (half.held - base) / streams / 1_024,
      rssPerStream: (half.rss - rss) / streams / 1_024,
      leftBytes: heldBytes() - base,
      seconds,
    };
  },
});
