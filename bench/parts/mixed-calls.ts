import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, startProvider } from '../support/child.js';
import { mustHold, number, printTable } from '../support/print.js';
import type { Leftovers } from '../workers/mixed-calls.js';

/** Idle connections are closed by Node's own dispatcher after 4 s. */
const SETTLE_MS = 8_000;

interface Outcome {
  readonly calls: number;
  readonly seconds: number;
  readonly wrong: Readonly<Record<string, number>>;
  readonly settled: number | undefined;
  readonly before: Leftovers & { sockets: number };
  readonly after: Leftovers & { sockets: number };
  readonly idleSockets: number;
}

async function measure(variant: string, calls: number): Promise<Outcome> {
  await using provider = await startProvider();
  await using child = startChild('workers/mixed-calls.ts');
  const look = async () => {
    const { sockets } = await provider.child.ask<{ sockets: number }>('seen');
    return { ...(await child.ask<Leftovers>('leftovers')), sockets };
  };
  const before = await look();
  const ran = await child.ask<Pick<Outcome, 'seconds' | 'wrong' | 'settled'>>('run', {
    variant,
    calls,
    baseURL: provider.baseURL,
  });
  let after = await look();
  const idleSockets = after.sockets;
  const deadline = performance.now() + SETTLE_MS;
  while (JSON.stringify(after) !== JSON.stringify(before) && performance.now() < deadline) {
    await sleep(250);
    after = await look();
  }
  return { calls, ...ran, before, after, idleSockets };
}

/** 50,000 calls of every kind, after which nothing may be left. The bare SDK makes a tenth of them, to compare. */
export async function mixedCalls(quick: boolean): Promise<void> {
  const calls = quick ? 5_000 : 50_000;
  const bare = await measure('bare', calls / 10);
  const gateway = await measure('settled', calls);
  const row = (
    name: string,
    figure: (outcome: Outcome) => string,
    goal: readonly string[] = ['', ''],
  ) => [name, figure(bare), figure(gateway), ...goal];
  const left = (name: keyof Outcome['after']) =>
    row(
      `${name} left (before)`,
      ({ before, after }) => `${after[name]} (${before[name]})`,
      mustHold(`mixed calls: ${name}`, gateway.after[name] === gateway.before[name]),
    );
  printTable(
    'Mixed calls on loopback, 64 in flight: 10 % aborted, 10 % failing, 10 % broken off',
    ['', 'bare SDK', 'gateway', 'goal', ''],
    [
      row('calls', (outcome) => number(outcome.calls)),
      row('ms per call', ({ seconds, calls: made }) => number((seconds * 1_000) / made)),
      row(
        'calls that ended wrongly',
        ({ wrong }) => JSON.stringify(wrong),
        mustHold('mixed calls end rightly', Object.keys(gateway.wrong).length === 0),
      ),
      row(
        'settlements',
        ({ settled }) => (settled === undefined ? '' : number(settled)),
        mustHold('every call settles once', gateway.settled === calls, String(gateway.settled)),
      ),
      row('sockets just after', ({ idleSockets }) => String(idleSockets)),
      left('sockets'),
      left('timers'),
      left('listeners'),
      left('resources'),
    ],
  );
}
