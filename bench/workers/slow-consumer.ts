/** Reads a stream of 200 MiB far more slowly than it is offered, and watches its own size. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClient, type Variant } from '../support/clients.js';
import { serve } from '../support/serve.js';
import { bodyOf, callStream, collectGarbage } from '../support/workload.js';

const READ_EVERY_MS = 20;
const SAMPLE_EVERY_MS = 50;

/** What was seen. */
export interface SlowConsumer {
  readonly chunks: number;
  readonly grownBytes: number;
}

serve({
  async run({
    variant,
    baseURL,
    runMs,
  }: {
    variant: Variant;
    baseURL: string;
    runMs: number;
  }): Promise<SlowConsumer> {
    const { client } = await makeClient(variant, { baseURL });
    for (let index = 0; index < 50; index += 1) await callStream(client, 'burst', 200);
    await collectGarbage();
    const base = process.memoryUsage.rss();
    let peak = base;
    const sampling = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, SAMPLE_EVERY_MS);
    const stream = await client.chat.completions.create({ ...bodyOf('flood-200'), stream: true });
    const end = performance.now() + runMs;
    let chunks = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content?.length !== 16 * 1_024) throw new Error('wrong chunk');
      chunks += 1;
      if (performance.now() > end) break;
      await sleep(READ_EVERY_MS);
    }
    clearInterval(sampling);
    return { chunks, grownBytes: peak - base };
  },
});
