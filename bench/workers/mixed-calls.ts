/** Calls of every kind and every end, and what is left of them: timers, listeners, handles. */
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { countTimers } from '../support/timers.js';

const timers = countTimers();
const { makeClient } = await import('../support/clients.js');
const { serve } = await import('../support/serve.js');
const { callMixed, KINDS } = await import('../support/mixed-call.js');
const { collectGarbage, keepInFlight } = await import('../support/workload.js');

/** What hangs about in this process. */
export interface Leftovers {
  readonly timers: number;
  readonly listeners: number;
  readonly resources: string;
}

const shared = new AbortController();

serve({
  async leftovers(): Promise<Leftovers> {
    await collectGarbage();
    return {
      timers: timers(),
      listeners: getEventListeners(shared.signal, 'abort').length,
      resources: process.getActiveResourcesInfo().sort().join(' '),
    };
  },
  async run({
    variant,
    baseURL,
    calls,
  }: {
    variant: 'bare' | 'settled';
    baseURL: string;
    calls: number;
  }) {
    const { client, seen } = await makeClient(variant, { baseURL, maxRetries: 0 });
    const wrong: Record<string, number> = {};
    const start = performance.now();
    await keepInFlight(calls, 64, async (index) => {
      const kind = KINDS[index % KINDS.length] ?? 'json';
      const problem = await callMixed(client, kind, { index, signal: shared.signal });
      if (problem !== undefined)
        wrong[`${kind}: ${problem}`] = (wrong[`${kind}: ${problem}`] ?? 0) + 1;
    });
    const seconds = (performance.now() - start) / 1_000;
    // A stream that was broken off settles in the next turns.
    await sleep(200);
    return { wrong, seconds, settled: seen?.calls };
  },
});
