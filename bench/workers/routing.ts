/** Routes beside a gateway without one, block by block: while nothing fails, while the primary does, once that is known. */
import { type RoutingVariant, SIDES } from '../support/routing-sides.js';
import { serve } from '../support/serve.js';
import { cpuMicroseconds } from '../support/workload.js';
import type { BlockTimes } from './in-memory.js';

/** What is to be measured. */
export interface RoutingBlocks {
  readonly variants: readonly RoutingVariant[];
  readonly blocks: number;
  readonly calls: number;
  /** Where the provider is; absent for a `fetch` in memory. */
  readonly baseURL?: string | undefined;
}

/**
 * Blocks until the engine has compiled what is measured, also where few are: with 20, what only one side has was still
 * being compiled, and an open breaker cost 1.11 of a call on loopback instead of 1.04.
 */
const MIN_WARM_UP = 80;

serve({
  async measure({ variants, blocks, calls, baseURL }: RoutingBlocks): Promise<BlockTimes> {
    const times: Record<string, { wall: number[]; cpu: number[] }> = {};
    const sides = variants.map((variant) => {
      const own = { wall: [] as number[], cpu: [] as number[] };
      times[variant] = own;
      return { variant, side: SIDES[variant](baseURL), own };
    });
    const warmUp = Math.max(MIN_WARM_UP, Math.ceil(blocks / 20));
    for (let block = -warmUp; block < blocks; block += 1) {
      const order = block % 2 === 0 ? sides : sides.toReversed();
      for (const { side, own } of order) {
        await side.prepare?.();
        const cpu = cpuMicroseconds();
        const start = performance.now();
        for (let call = 0; call < calls; call += 1) await side.call();
        const wall = (performance.now() - start) * 1_000;
        if (block < 0) continue;
        own.wall.push(wall / calls);
        own.cpu.push((cpuMicroseconds() - cpu) / calls);
      }
    }
    const wrong = sides.flatMap(({ variant, side }) => {
      const what = side.wrong((blocks + warmUp) * calls);
      return what === undefined ? [] : `${variant}: ${what}`;
    });
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    return times;
  },
});
