import { startChild } from '../support/child.js';
import { type Goal, judge, number, printTable } from '../support/print.js';
import { median, medianDeviation, pairedDifferences, pairedRatio } from '../support/statistics.js';
import type { BlockTimes } from '../workers/in-memory.js';
import type { TelemetryBlocks, TelemetryVariant } from '../workers/telemetry.js';

const COLUMNS = ['', 'off', 'on', 'adds', 'MAD', 'on/off', 'goal', ''];
const TITLES: Readonly<Record<TelemetryVariant, string>> = {
  off: 'off',
  idle: 'on, no provider',
  'by-hand': 'the OpenTelemetry SDK alone, the same span and points by hand',
  spans: 'spans and metrics, no-op exporter',
  all: 'spans, metrics and log rows, no-op exporter',
};
const GOALS: Partial<Record<TelemetryVariant, Goal>> = {
  idle: { atMost: 8, unit: ' µs' },
  all: { atMost: 40, unit: ' µs' },
};

type Timer = 'wall' | 'cpu';
const TIMERS: readonly Timer[] = ['wall', 'cpu'];

interface Row {
  readonly variant: TelemetryVariant;
  readonly timer: Timer;
  readonly goal?: Goal | undefined;
}

function rowOf(times: BlockTimes, { variant, timer, goal }: Row): string[] {
  const [off, on] = [times.off?.[timer] ?? [], times[variant]?.[timer] ?? []];
  const added = pairedDifferences(on, off);
  return [
    `${TITLES[variant]}${timer === 'cpu' ? ', CPU' : ''}`,
    number(median(off)),
    number(median(on)),
    number(median(added)),
    `±${number(medianDeviation(added))}`,
    `${pairedRatio(on, off).toFixed(3)}×`,
    ...(goal ? judge(`telemetry: ${TITLES[variant]}, ${timer}`, median(added), goal) : ['', '']),
  ];
}

/** Telemetry beside none: with exporters that do nothing, and without a provider. */
export async function telemetry(quick: boolean): Promise<void> {
  const scale = quick ? 10 : 1;
  const variants = ['off', 'idle', 'by-hand', 'spans', 'all'] as const;
  const plain: TelemetryBlocks = { variants, calls: 250, blocks: 200 / scale };
  await using child = startChild('workers/telemetry.ts');
  const times = await child.ask<BlockTimes>('measure', plain);
  printTable(
    `Telemetry, µs a plain call on an in-memory fetch: ${(plain.blocks * plain.calls * variants.length).toLocaleString('en')} calls in blocks of ${plain.calls} by turns`,
    COLUMNS,
    variants
      .slice(1)
      .flatMap((variant) =>
        TIMERS.map((timer) => rowOf(times, { variant, timer, goal: GOALS[variant] })),
      ),
  );
  const chunks = 2_000;
  const streams: TelemetryBlocks = { variants, calls: 2, blocks: 200 / scale, chunks };
  const streamed = await child.ask<BlockTimes>('measure', streams);
  const rows = variants.slice(1).map((variant) => {
    const ratio = pairedRatio(streamed[variant]?.wall ?? [], streamed.off?.wall ?? []);
    const goal = judge(`telemetry a chunk: ${TITLES[variant]}`, ratio, { atMost: 1.05 });
    return [...rowOf(streamed, { variant, timer: 'wall' }).slice(0, 6), ...goal];
  });
  printTable(`Telemetry, µs a stream of ${chunks.toLocaleString('en')} chunks`, COLUMNS, rows);
}
