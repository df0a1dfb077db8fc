/** The clients of one process by turns, block by block, over a `fetch` that has its answers ready. */
import { makeClient, type Variant } from '../support/clients.js';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, callStream, cpuMicroseconds } from '../support/workload.js';

/** What is to be measured. */
export interface Blocks {
  readonly variants: readonly Variant[];
  readonly blocks: number;
  readonly calls: number;
  /** Of streams; absent for JSON answers. */
  readonly chunks?: number;
}

/** µs a call: one figure a block, by the clock and by the processor. */
export type BlockTimes = Readonly<Record<string, { wall: number[]; cpu: number[] }>>;

serve({
  async measure({ variants, blocks, calls, chunks }: Blocks): Promise<BlockTimes> {
    const times: Record<string, { wall: number[]; cpu: number[] }> = {};
    const works = await Promise.all(
      variants.map(async (variant) => {
        const { client } = await makeClient(variant, { fetch: memoryFetch });
        const work = () =>
          chunks === undefined ? callJson(client) : callStream(client, 'burst', chunks);
        const own = { wall: [] as number[], cpu: [] as number[] };
        times[variant] = own;
        return { work, own };
      }),
    );
    const warmUp = Math.ceil(blocks / 20);
    for (let block = -warmUp; block < blocks; block += 1) {
      // Whoever is first inherits the other's garbage, so they take turns at that too.
      const order = block % 2 === 0 ? works : works.toReversed();
      for (const { work, own } of order) {
        const cpu = cpuMicroseconds();
        const start = performance.now();
        for (let call = 0; call < calls; call += 1) await work();
        const wall = (performance.now() - start) * 1_000;
        if (block < 0) continue;
        own.wall.push(wall / calls);
        own.cpu.push((cpuMicroseconds() - cpu) / calls);
      }
    }
    return times;
  },
});
