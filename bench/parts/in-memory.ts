import { startChild } from '../support/child.js';
import { type Goal, judge, number, printTable } from '../support/print.js';
import { median, medianDeviation, pairedDifferences } from '../support/statistics.js';
import type { Blocks, BlockTimes } from '../workers/in-memory.js';

const COLUMNS = [
  '',
  'bare SDK',
  'MAD',
  'gateway',
  'MAD',
  'gateway adds',
  'MAD',
  '+ interceptor adds',
  'MAD',
  'goal',
  '',
];

function summary(values: readonly number[]): string[] {
  return [number(median(values)), `±${number(medianDeviation(values))}`];
}

function rowsOf(name: string, times: BlockTimes, goal?: Goal): string[][] {
  return (['wall', 'cpu'] as const).map((clock) => {
    const of = (variant: string) => times[variant]?.[clock] ?? [];
    const added = pairedDifferences(of('gateway'), of('bare'));
    const title = `${name}, µs ${clock === 'wall' ? '' : 'CPU'}`.trim();
    return [
      title,
      ...summary(of('bare')),
      ...summary(of('gateway')),
      ...summary(added),
      ...summary(pairedDifferences(of('interceptor'), of('bare'))),
      ...(goal ? judge(`in memory: ${title}, added`, median(added), goal) : ['', '']),
    ];
  });
}

export async function inMemory(quick: boolean): Promise<void> {
  const scale = quick ? 10 : 1;
  const variants = ['bare', 'gateway', 'interceptor'] as const;
  const plain: Blocks = { variants, calls: 250, blocks: 280 / scale };
  const streams: Blocks = { variants, calls: 25, blocks: 80 / scale, chunks: 50 };
  await using child = startChild('workers/in-memory.ts');
  const rows = [
    ...rowsOf('plain call', await child.ask<BlockTimes>('measure', plain), {
      atMost: 15,
      unit: ' µs',
    }),
    ...rowsOf('50-chunk stream', await child.ask<BlockTimes>('measure', streams)),
  ];
  const calls = (plain.blocks * plain.calls).toLocaleString('en');
  printTable(
    `In-memory fetch: ${calls} calls each, in blocks of ${plain.calls} by turns`,
    COLUMNS,
    rows,
  );
}
