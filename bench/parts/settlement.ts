import { pick, type Series, Subjects, valuesOf } from '../support/alternate.js';
import { startProvider } from '../support/child.js';
import { judge, number, printTable, ratio } from '../support/print.js';
import { median, medianDeviation, pairedDifferences, pairedRatio } from '../support/statistics.js';

const COLUMNS = [
  'CPU per chunk, µs',
  'bare SDK',
  'gateway',
  '+ settled',
  'settled adds',
  'MAD',
  '+ settled/bare',
  'goal',
  '',
];

function rowOf(name: string, series: Series<number>): string[] {
  const [bare, off, on] = (['bare', 'gateway', 'settled'] as const).map((variant) =>
    valuesOf(series, variant),
  );
  const added = pairedDifferences(on ?? [], off ?? []);
  return [
    name,
    ...[bare, off, on].map((values) => number(median(values ?? []))),
    number(median(added)),
    `±${number(medianDeviation(added))}`,
    ratio(pairedRatio(on ?? [], bare ?? [])),
    ...judge(`settlement: ${name}`, median(added), { atMost: 3, unit: ' µs' }),
  ];
}

/** A listener on `settled` that reads usage and text, against none. */
export async function settlement(quick: boolean): Promise<void> {
  const rounds = quick ? 7 : 15;
  await using provider = await startProvider();
  const rows: string[][] = [];
  for (const baseURL of ['memory', provider.baseURL]) {
    await using subjects = new Subjects(['bare', 'gateway', 'settled'], baseURL);
    const where = baseURL === 'memory' ? 'in memory' : 'loopback';
    for (const [chunks, streams] of [
      [50, 80],
      [2_000, 3],
    ] as const) {
      const series = await subjects.alternate<{ cpuPerChunk: number }>(
        'streams',
        { chunks, streams },
        rounds,
      );
      rows.push(
        rowOf(
          `${where}, streams of ${chunks.toLocaleString('en')}`,
          pick(series, ({ cpuPerChunk }) => cpuPerChunk),
        ),
      );
    }
  }
  printTable('Settlement: a listener that reads usage and text, against none', COLUMNS, rows);
}
