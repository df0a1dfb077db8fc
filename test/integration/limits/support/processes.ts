import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../../../../src/pipeline/clock.js';
import type { Arrival, ChildSettings, Order, Report } from './limit-child.js';

const script = join(import.meta.dirname, 'limit-child.ts');
const hooks = new URL('../../../../scripts/source-hooks.mjs', import.meta.url).href;

/** Between looks at how far they are, in ms. */
const LOOK_MS = 100;

/** Another process that shares limits. */
export interface Child {
  readonly call: (prefix: string, count: number) => Promise<unknown>;
  readonly report: () => Promise<Report>;
  /** Ends it without a farewell. */
  readonly kill: () => Promise<void>;
  readonly process: ChildProcess;
  /** Closes its gateway; resolves with the exit code, once it has ended by itself. */
  readonly close: () => Promise<number>;
}

/** Starts a process; whoever does kills it. */
export async function startProcess(settings: ChildSettings): Promise<Child> {
  const child = fork(script, [JSON.stringify(settings)], { execArgv: ['--import', hooks] });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await answerOf(child);
  const tell = (order: Order): Promise<unknown> => {
    const answer = answerOf(child);
    child.send(order);
    return answer;
  };
  return {
    call: (prefix, count) => tell({ do: 'call', prefix, count }),
    report: async () => (await tell({ do: 'report' })) as Report,
    kill,
    process: child,
    close: async () => {
      const gone = once(child, 'exit');
      await tell({ do: 'close' });
      const [code] = await gone;
      return code;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => [{ error: `it ended: ${code}` }]);
  ended.catch(() => undefined);
  const answered = once(child, 'message', { signal });
  answered.catch(() => undefined);
  const [message] = await Promise.race([answered, ended]);
  over.abort();
  if ('error' in message) throw new Error(message.error);
  return message.answer;
}

/** Resolves with what came of `count` calls over all children, once each of them has settled. */
export async function allSettled(
  children: readonly Child[],
  count: number,
  timeoutMs: number,
): Promise<readonly Report[]> {
  const giveUpAt = systemClock.now() + timeoutMs;
  for (;;) {
    const reports = await reportsOf(children);
    const settled = reports.map(({ answered, failures }) => answered + failures.length);
    const sum = settled.reduce((one, other) => one + other, 0);
    if (sum >= count) return reports;
    if (systemClock.now() > giveUpAt) throw new Error(`${sum} of ${count} calls have settled`);
    await systemClock.delay(LOOK_MS);
  }
}

/** Resolves once so many requests have arrived, over all children. */
export async function haveArrived(children: readonly Child[], count: number): Promise<void> {
  for (;;) {
    const reports = await reportsOf(children);
    if (reports.reduce((sum, { arrivals }) => sum + arrivals.length, 0) >= count) return;
    await systemClock.delay(LOOK_MS);
  }
}

const reportsOf = (children: readonly Child[]): Promise<readonly Report[]> =>
  Promise.all(children.map(({ report }) => report()));

/** What of a limit was used. */
export interface Usage {
  /** The most in any interval, as a share of the limit. */
  readonly most: number;
  /** The furthest ahead of the even pace in any stretch of time, as a share of the limit. */
  readonly ahead: number;
  /** Used from the first arrival to the last, as a share of what came back in that time. */
  readonly used: number;
}

/** Says how a limit of `amount` an interval was used by arrivals that weigh `weight` each. */
export function usageOf(
  arrivals: readonly Arrival[],
  { amount, intervalMs, weight }: { amount: number; intervalMs: number; weight: number },
): Usage {
  const times = arrivals.map(({ at }) => at).sort((one, other) => one - other);
  let most = 0;
  let from = 0;
  let debt = 0;
  let ahead = 0;
  let last = times[0] ?? 0;
  for (const [index, at] of times.entries()) {
    while (at - (times[from] ?? at) >= intervalMs) from += 1;
    most = Math.max(most, (index - from + 1) * weight);
    debt = Math.max(0, debt - ((at - last) * amount) / intervalMs) + weight;
    ahead = Math.max(ahead, debt);
    last = at;
  }
  const elapsed = last - (times[0] ?? 0);
  const cameBack = (elapsed * amount) / intervalMs;
  return {
    most: most / amount,
    ahead: ahead / amount,
    used: ((times.length - 1) * weight) / cameBack,
  };
}
