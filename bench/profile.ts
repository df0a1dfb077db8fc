/**
 * `node --import ./scripts/source-hooks.mjs bench/profile.ts [json|burst|paced] [--memory] [--bare|--interceptor|--settled] [--chunks=N] [--calls=N] [--width=N] [--room=zerohop] [--side=open] [--shown=N] [--allocated|--survivors]`
 *
 * One side of the bench in one process: where its own time goes, by function, in µs a call; or the bytes that it
 * allocates, or of these what outlives young collections. Or put `--cpu-prof` before it, for a profile to be opened
 * elsewhere.
 */
import './support/typescript-hooks.mjs';

const { startProvider } = await import('./support/child.js');
const { makeClient } = await import('./support/clients.js');
const { memoryFetch } = await import('./support/memory-fetch.js');
const { number } = await import('./support/print.js');
const { allocations, profile, roomOf } = await import('./support/profiler.js');
const { SIDES } = await import('./support/routing-sides.js');
const { callJson, callStream, keepInFlight } = await import('./support/workload.js');

const SHOWN = 45;
const PACED_CHUNKS = 80;
const args = process.argv.slice(2);
const has = (flag: string) => args.includes(flag);
const textOf = (flag: string) =>
  args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
const numberOf = (flag: string, fallback: number) => Number(textOf(flag) ?? fallback);

const what = args.find((arg) => !arg.startsWith('--')) ?? 'json';
const variant =
  (['bare', 'interceptor', 'settled'] as const).find((name) => has(`--${name}`)) ?? 'gateway';
const chunks = what === 'paced' ? PACED_CHUNKS : numberOf('--chunks', 50);
const calls = numberOf('--calls', what === 'json' ? 10_000 : 1_000);
const width = numberOf('--width', has('--memory') ? 1 : 64);

const provider = has('--memory') ? undefined : await startProvider();
const transport = provider ? { baseURL: provider.baseURL } : { fetch: memoryFetch };
const side = textOf('--side');
const work = side === undefined ? await plainWork() : routedWork(side);

async function plainWork(): Promise<() => Promise<unknown>> {
  const { client } = await makeClient(variant, transport);
  if (what === 'json') return () => callJson(client);
  return () => callStream(client, what === 'paced' ? 'paced' : 'burst', chunks);
}

/** A side of the bench of routes. */
function routedWork(name: string): () => Promise<unknown> {
  if (!(name in SIDES))
    throw new Error(`no side ${name}; there are ${Object.keys(SIDES).join(', ')}`);
  const { call, prepare } = SIDES[name as keyof typeof SIDES](provider?.baseURL);
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls % 100 === 1) await prepare?.();
    await call();
  };
}

await keepInFlight(calls / 4, width, work);
const measured = () => keepInFlight(calls, width, work);
const ofBytes = has('--survivors') ? 'survivors' : has('--allocated') ? 'all' : undefined;
const shares = await (ofBytes ? allocations(measured, ofBytes) : profile(measured));
await provider?.[Symbol.asyncDispose]();

const rooms = new Map<string, number>();
for (const { name, amount } of shares) {
  rooms.set(roomOf(name), (rooms.get(roomOf(name)) ?? 0) + amount / calls);
}
console.log(
  `${side ?? variant}, ${calls} × ${what}${what === 'json' ? '' : ` of ${chunks} chunks`}, ${width} in flight; ${ofBytes ? `bytes a call (${ofBytes})` : 'µs a call, self time'}`,
);
console.log(
  [...rooms]
    .sort((a, b) => b[1] - a[1])
    .map(([room, time]) => `${room} ${number(time)}`)
    .join(' · '),
);
const room = textOf('--room');
const shown = shares.filter(({ name }) => room === undefined || roomOf(name) === room);
for (const { name, amount } of shown.slice(0, numberOf('--shown', SHOWN))) {
  console.log(`${number(amount / calls).padStart(9)}  ${name}`);
}
