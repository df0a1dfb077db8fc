/** One client in a process of its own. Arguments: which variant, and the provider's base URL or `memory`. */
import { makeClient, type Variant } from '../support/clients.js';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { median } from '../support/statistics.js';
import { streamCharacters } from '../support/wire.js';
import {
  callJson,
  callStream,
  collectGarbage,
  cpuMicroseconds,
  heldBytes,
  keepInFlight,
} from '../support/workload.js';

const [variant, baseURL] = process.argv.slice(2);
const { client, seen } = await makeClient(
  // The parent's own list.
  variant as Variant,
  baseURL === 'memory' ? { fetch: memoryFetch } : { baseURL },
);

export interface Streams {
  readonly chunks: number;
  readonly streams: number;
}

/** No garbage is collected first: a forced collection throws compiled code away, and garbage is part of the price. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = cpuMicroseconds();
  await work();
  return cpuMicroseconds() - before;
}

/** A settled listener that missed a stream, its text or its usage makes its figures worthless. */
function checkSeen({ chunks, streams }: Streams): void {
  if (seen === undefined) return;
  if (
    seen.calls !== streams ||
    seen.characters !== streams * streamCharacters(chunks) ||
    seen.tokens === 0
  ) {
    throw new Error(`settled: ${JSON.stringify(seen)} of ${streams} streams of ${chunks} chunks`);
  }
  Object.assign(seen, { calls: 0, tokens: 0, characters: 0 });
}

serve({
  async sequential({ calls }: { calls: number }) {
    const times: number[] = [];
    const cpu = await cpuOf(async () => {
      for (let call = 0; call < calls; call += 1) {
        const start = performance.now();
        await callJson(client);
        times.push((performance.now() - start) * 1_000);
      }
    });
    return { p50: median(times), cpu: cpu / calls };
  },
  async concurrent({ calls }: { calls: number }) {
    let elapsedMs = 0;
    const cpu = await cpuOf(async () => {
      const start = performance.now();
      await keepInFlight(calls, 64, () => callJson(client));
      elapsedMs = performance.now() - start;
    });
    return { perSecond: (calls * 1_000) / elapsedMs, cpu: cpu / calls };
  },
  async streams({ chunks, streams }: Streams) {
    const firsts: number[] = [];
    const cpu = await cpuOf(async () => {
      for (let index = 0; index < streams; index += 1) {
        const start = performance.now();
        firsts.push(((await callStream(client, 'burst', chunks)) - start) * 1_000);
      }
    });
    checkSeen({ chunks, streams });
    return {
      firstContent: median(firsts),
      cpu: cpu / streams,
      cpuPerChunk: cpu / streams / chunks,
    };
  },
  async paced({ chunks, streams }: Streams) {
    const cpu = await cpuOf(() =>
      keepInFlight(streams, streams, () => callStream(client, 'paced', chunks)),
    );
    checkSeen({ chunks, streams });
    return { cpuPerChunk: cpu / streams / chunks };
  },
  /** Needs a young generation so large that nothing is collected meanwhile. */
  async allocation({ count, chunks }: { count: number; chunks?: number }) {
    await collectGarbage();
    const before = heldBytes();
    for (let index = 0; index < count; index += 1) {
      if (chunks === undefined) await callJson(client);
      else await callStream(client, 'burst', chunks);
    }
    return (heldBytes() - before) / count / 1_024;
  },
});
