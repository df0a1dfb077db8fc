import { pick, Subjects } from '../support/alternate.js';
import { startProvider } from '../support/child.js';
import { printTable } from '../support/print.js';
import { COLUMNS, compare, NO_COLLECTION, VARIANTS } from './plain-calls.js';

interface Figures {
  readonly firstContent: number;
  readonly cpu: number;
  readonly cpuPerChunk: number;
}

export async function loopbackStreams(quick: boolean): Promise<void> {
  const rounds = quick ? 5 : 9;
  await using provider = await startProvider();
  const rows: string[][] = [];
  {
    await using subjects = new Subjects(VARIANTS, provider.baseURL);
    const short = await subjects.alternate<Figures>('streams', { chunks: 50, streams: 80 }, rounds);
    const long = await subjects.alternate<Figures>(
      'streams',
      { chunks: 2_000, streams: 4 },
      rounds,
    );
    const paced = await subjects.alternate<Figures>('paced', { chunks: 80, streams: 64 }, rounds);
    const perChunk = ({ cpuPerChunk }: Figures) => cpuPerChunk;
    rows.push(
      compare(
        'first content chunk of 50, µs',
        pick(short, ({ firstContent }) => firstContent),
        { of: 'ratio', below: 1, unit: '×' },
      ),
      compare(
        'CPU per 50-chunk stream, µs',
        pick(short, ({ cpu }) => cpu),
      ),
      compare('CPU per chunk, 2,000 at once, µs', pick(long, perChunk)),
      compare('CPU per chunk, 64 streams paced at 5 ms, µs', pick(paced, perChunk), {
        of: 'ratio',
        atMost: 0.6,
        unit: '×',
      }),
    );
  }
  await using subjects = new Subjects(VARIANTS, provider.baseURL, NO_COLLECTION);
  rows.push(
    compare(
      'allocation per 50-chunk stream, KB',
      await subjects.alternate<number>('allocation', { count: 100, chunks: 50 }, rounds),
    ),
  );
  printTable('Streams on loopback', COLUMNS, rows);
}
