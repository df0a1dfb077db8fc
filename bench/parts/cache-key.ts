import { startChild } from '../support/child.js';
import { type Goal, judge, number, printTable, ratio } from '../support/print.js';
import { median, medianDeviation, pairedRatio } from '../support/statistics.js';
import type { KeyBlocks, KeyTimes, Shape } from '../workers/cache-key.js';

const COLUMNS = [
  'µs a body',
  'JSON.stringify',
  'safe-stable + SHA-256',
  'canonical text',
  'key',
  'MAD',
  'key/JSON.stringify',
  'goal',
  '',
];

const SHAPES: readonly (Shape & { readonly title: string; readonly goal?: Goal })[] = [
  { title: '1 KB', bytes: 1_000, wide: false },
  { title: '10 KB', bytes: 10_000, wide: false, goal: { atMost: 40, unit: ' µs' } },
  { title: '10 KB, not all Latin-1', bytes: 10_000, wide: true },
  { title: '100 KB', bytes: 100_000, wide: false },
  { title: '1 MB', bytes: 1_000_000, wide: false },
];

/** What the key of a request costs, by the size of its body. */
export async function cacheKeys(quick: boolean): Promise<void> {
  const blocks: KeyBlocks = { shapes: SHAPES, rounds: quick ? 20 : 150 };
  await using child = startChild('workers/cache-key.ts');
  const times = await child.ask<readonly KeyTimes[]>('measure', blocks);
  const rows = SHAPES.map(({ title, goal }, index) => {
    const { stringify = [], stable = [], canonical = [], key = [] } = times[index] ?? {};
    return [
      title,
      ...[stringify, stable, canonical, key].map((values) => number(median(values))),
      `±${number(medianDeviation(key))}`,
      ratio(pairedRatio(key, stringify)),
      ...(goal ? judge(`cache key: ${title}`, median(key), goal) : ['', '']),
    ];
  });
  const [small, large] = [3, 4].map((index) => times[index]?.key ?? []);
  const growth = pairedRatio(large ?? [], small ?? []) / 10;
  rows.push([
    '1 MB/100 KB, a KB',
    ...['', '', ''],
    ratio(growth),
    ...['', ''],
    ...judge('cache key: growth', growth, { atMost: 1.5, unit: '×' }),
  ]);
  printTable(
    `Cache keys of chat requests: medians of ${blocks.rounds} blocks by turns`,
    COLUMNS,
    rows,
  );
}
