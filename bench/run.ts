/**
 * `npm run bench [-- <part>…] [--quick]`: the gateway beside the bare SDK, in turns. It prints; it exits
 * with 1 only where something is broken, never because something was slow.
 */
import './support/typescript-hooks.mjs';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

const { printMisses } = await import('./support/print.js');

const parts: Readonly<Record<string, (quick: boolean) => Promise<void>>> = {
  plain: async (quick) => (await import('./parts/plain-calls.js')).plainCalls(quick),
  streams: async (quick) => (await import('./parts/loopback-streams.js')).loopbackStreams(quick),
  memory: async (quick) => (await import('./parts/in-memory.js')).inMemory(quick),
  settlement: async (quick) => (await import('./parts/settlement.js')).settlement(quick),
  telemetry: async (quick) => (await import('./parts/telemetry.js')).telemetry(quick),
  cache: async (quick) => (await import('./parts/cache.js')).cache(quick),
  routing: async (quick) => (await import('./parts/routing.js')).routing(quick),
  hedge: async (quick) => (await import('./parts/hedge.js')).hedging(quick),
  limits: async (quick) => (await import('./parts/limits.js')).limits(quick),
  processes: async (quick) => (await import('./parts/processes.js')).processes(quick),
  translation: async (quick) => (await import('./parts/translation.js')).translation(quick),
  keys: async (quick) => (await import('./parts/cache-key.js')).cacheKeys(quick),
  million: async (quick) => (await import('./parts/million-calls.js')).millionCalls(quick),
  open: async (quick) => (await import('./parts/open-streams.js')).openStreams(quick),
  slow: async (quick) => (await import('./parts/slow-consumer.js')).slowConsumer(quick),
  mixed: async (quick) => (await import('./parts/mixed-calls.js')).mixedCalls(quick),
  clients: async (quick) => (await import('./parts/clients.js')).clients(quick),
  cold: async (quick) => (await import('./parts/cold-start.js')).coldStart(quick),
};

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const chosen = args.filter((arg) => !arg.startsWith('--'));
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(1);
}

const openai: { version: string } = JSON.parse(
  readFileSync(new URL('../node_modules/openai/package.json', import.meta.url), 'utf8'),
);
const load = loadavg()[0]?.toFixed(1);
console.log(
  `node ${process.version}, openai ${openai.version}, ${cpus().length} cores, load ${load}, ${import.meta.resolve('zerohop')}`,
);

for (const [name, run] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const start = performance.now();
  try {
    await run(quick);
  } catch (error) {
    process.exitCode = 1;
    console.error(`\n${name}: BROKEN`, error);
  }
  console.log(`\n(${name}: ${((performance.now() - start) / 1_000).toFixed(0)} s)`);
}
printMisses();
