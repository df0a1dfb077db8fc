import { type Child, startChild } from '../support/child.js';
import { judge, number, printTable, ratio } from '../support/print.js';
import { median, medianDeviation, pairedDifferences, pairedRatio } from '../support/statistics.js';
import type { Mode, ProviderLog, TailRun, TailTimes } from '../workers/hedge.js';
import type { BlockTimes } from '../workers/in-memory.js';

const COLUMNS = ['', 'no hedge', 'hedge', 'ratio', 'goal', ''];
const WIDTH = 8;

interface Tail {
  /** ms, least first. */
  readonly took: readonly number[];
  readonly requests: number;
  /** Requests that were closed before they were answered. */
  readonly closed: number;
  /** How long after the answer of its call the last request ended, in ms. */
  readonly lastMs: number;
}

async function tailOf(
  { provider, caller }: { readonly provider: Child; readonly caller: Child },
  run: Omit<TailRun, 'baseURL' | 'width'>,
): Promise<Tail> {
  const port = await provider.ask<number>('port');
  const baseURL = `http://127.0.0.1:${port}/v1`;
  await provider.ask<ProviderLog>('takeLog');
  const asked: TailRun = { ...run, baseURL, width: WIDTH };
  const { took, answeredAt } = await caller.ask<TailTimes>('run', asked);
  const { requests } = await provider.ask<ProviderLog>('takeLog');
  const after = requests.map(({ call, endedAt }) => endedAt - (answeredAt[call] ?? Number.NaN));
  return {
    took: took.toSorted((shorter, longer) => shorter - longer),
    requests: requests.length,
    closed: requests.filter(({ isClosed }) => isClosed).length,
    lastMs: Math.max(0, ...after),
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

function rowsOf(mode: Mode, calls: number, bare: Tail, hedged: Tail): string[][] {
  const percentile = (name: string, share: number, isJudged = false) => {
    const [before, own] = [quantile(bare.took, share), quantile(hedged.took, share)];
    const goal = isJudged ? judge(`hedge: ${name}, ${mode}`, own / before, { atMost: 0.4 }) : [];
    return [`${mode}: ${name}, ms`, number(before), number(own), ratio(own / before), ...goal];
  };
  const extra = hedged.requests - calls;
  const share = (100 * extra) / calls;
  return [
    percentile('p50', 0.5),
    percentile('p99', 0.99, true),
    percentile('p99.9', 0.999),
    [
      `${mode}: more requests, %`,
      number((100 * (bare.requests - calls)) / calls),
      number(share),
      '',
      ...judge(`hedge: more requests, ${mode}`, share, { atMost: 5, unit: ' %' }),
    ],
    // Of two that answer at the same time none need be closed.
    [`${mode}: closed before they were answered`, number(bare.closed), number(hedged.closed)],
    [
      `${mode}: the last request ends, ms after the answer`,
      number(bare.lastMs),
      number(hedged.lastMs),
      '',
      ...judge(`hedge: the last request ends, ${mode}`, hedged.lastMs, {
        atMost: 100,
        unit: ' ms',
      }),
    ],
  ];
}

/** A provider whose answers are slow now and then, with a hedge and without; and a hedge that is not needed. */
export async function hedging(quick: boolean): Promise<void> {
  const calls = quick ? 1_000 : 4_000;
  {
    await using provider = startChild('workers/hedge.ts', ['provider']);
    await using caller = startChild('workers/hedge.ts', ['caller']);
    const rows: string[][] = [];
    for (const mode of ['JSON', 'a stream'] as const) {
      // Until the engine has compiled it; by a gateway of its own, which knows nothing of the tail.
      await tailOf({ provider, caller }, { mode, isHedged: true, calls: 400 });
      const bare = await tailOf({ provider, caller }, { mode, isHedged: false, calls });
      const hedged = await tailOf({ provider, caller }, { mode, isHedged: true, calls });
      rows.push(...rowsOf(mode, calls, bare, hedged));
    }
    printTable(
      `2 % of the answers take 400 ms instead of 10: ${calls.toLocaleString('en')} calls, ${WIDTH} at once, on loopback`,
      COLUMNS,
      rows,
    );
  }
  await unneeded(quick);
}

async function unneeded(quick: boolean): Promise<void> {
  await using child = startChild('workers/hedge.ts', ['caller']);
  const blocks = quick ? 40 : 400;
  const { none, hedged } = await child.ask<BlockTimes>('measure', { blocks, calls: 100 });
  const rows = (['wall', 'cpu'] as const).map((timer) => {
    const [before, own] = [none?.[timer] ?? [], hedged?.[timer] ?? []];
    const added = pairedDifferences(own, before);
    return [
      timer === 'cpu' ? 'µs a call, CPU' : 'µs a call',
      number(median(before)),
      number(median(own)),
      number(median(added)),
      `±${number(medianDeviation(added))}`,
      ratio(pairedRatio(own, before)),
      ...(timer === 'cpu'
        ? judge('hedge: not needed', median(added), { atMost: 10, unit: ' µs' })
        : ['', '']),
    ];
  });
  printTable(
    'A hedge while nobody is slow, on an in-memory fetch',
    ['', 'one target', 'hedge', 'adds', 'MAD', 'ratio', 'goal', ''],
    rows,
  );
}
