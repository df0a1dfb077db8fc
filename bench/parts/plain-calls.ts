import { pick, type Series, Subjects, valuesOf } from '../support/alternate.js';
import { startProvider } from '../support/child.js';
import type { Variant } from '../support/clients.js';
import { type Goal, judge, number, printTable, ratio } from '../support/print.js';
import { median, pairedRatio } from '../support/statistics.js';

export const VARIANTS: readonly Variant[] = ['bare', 'gateway', 'interceptor'];
export const COLUMNS = [
  '',
  'bare SDK',
  'gateway',
  '+ interceptor',
  'gateway/bare',
  '+ interceptor/bare',
  'goal',
  '',
];
/** So large a young generation that a round of the allocation figure collects nothing. */
export const NO_COLLECTION = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

/** A row of medians and ratios; the goal is for the gateway with nothing on, by its ratio or by its value. */
export function compare(
  name: string,
  series: Series<number>,
  goal?: Goal & { of: 'ratio' | 'value' },
): string[] {
  const bare = valuesOf(series, 'bare');
  const ratios = (['gateway', 'interceptor'] as const).map((variant) =>
    pairedRatio(valuesOf(series, variant), bare),
  );
  const medians = VARIANTS.map((variant) => median(valuesOf(series, variant)));
  const judged = goal?.of === 'value' ? medians[1] : ratios[0];
  return [
    name,
    ...medians.map(number),
    ...ratios.map(ratio),
    ...(goal ? judge(name, judged ?? Number.NaN, goal) : ['', '']),
  ];
}

export async function plainCalls(quick: boolean): Promise<void> {
  const rounds = quick ? 5 : 9;
  const calls = quick ? 500 : 800;
  await using provider = await startProvider();
  const rows: string[][] = [];
  {
    await using subjects = new Subjects(VARIANTS, provider.baseURL);
    const many = await subjects.alternate<{ perSecond: number; cpu: number }>(
      'concurrent',
      { calls: calls * 1.5 },
      rounds,
    );
    const one = await subjects.alternate<{ p50: number; cpu: number }>(
      'sequential',
      { calls: calls / 2 },
      rounds,
    );
    rows.push(
      compare(
        'CPU per call, one by one, µs',
        pick(one, ({ cpu }) => cpu),
        { of: 'ratio', atMost: 0.5, unit: '×' },
      ),
      compare(
        'CPU per call, 64 in flight, µs',
        pick(many, ({ cpu }) => cpu),
        { of: 'ratio', atMost: 0.5, unit: '×' },
      ),
      compare(
        'p50, one by one, µs',
        pick(one, ({ p50 }) => p50),
      ),
      compare(
        'requests/s, 64 in flight',
        pick(many, ({ perSecond }) => perSecond),
        { of: 'ratio', atLeast: 2, unit: '×' },
      ),
    );
  }
  await using subjects = new Subjects(VARIANTS, provider.baseURL, NO_COLLECTION);
  const allocation = await subjects.alternate<number>('allocation', { count: 200 }, rounds);
  rows.push(
    compare('allocation per call, KB', allocation, { of: 'value', atMost: 110, unit: ' KB' }),
  );
  printTable('Plain calls on loopback, 1.5 KB answers', COLUMNS, rows);
}
