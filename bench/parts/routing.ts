import { startChild, startProvider } from '../support/child.js';
import { type Goal, judge, number, printTable, ratio } from '../support/print.js';
import type { RoutingVariant } from '../support/routing-sides.js';
import { median, medianDeviation, pairedDifferences, pairedRatio } from '../support/statistics.js';
import type { BlockTimes } from '../workers/in-memory.js';
import type { RoutingBlocks } from '../workers/routing.js';

type Timer = 'wall' | 'cpu';
const TIMERS: readonly Timer[] = ['wall', 'cpu'];

const TITLES: Readonly<Record<RoutingVariant, string>> = {
  none: 'no route',
  again: 'no route, once more: the noise',
  fallbacks: '`fallbacks` of one other target, not asked',
  one: 'one target, another client than its own',
  latency: '`loadBalance` of ten, latency',
  weighted: '`loadBalance` of ten, weighted',
  sticky: '`sticky` of ten, 1,000 keys',
  bare: 'one bare SDK call',
  'by-hand': 'two bare SDK calls',
  'gateways-by-hand': 'two calls without a route',
  failed: 'the primary fails, then another key',
  'failed-elsewhere': 'the primary fails, then another provider',
  'failed-sibling': 'one of a balanced group fails, then its sibling',
  open: 'breaker open, another key',
  'open-elsewhere': 'breaker open, another provider',
};
/** There to tell what the others are made of. */
const UNJUDGED: ReadonlySet<RoutingVariant> = new Set(['again', 'one', 'none']);

/** A table: the first variant, and what the others make of it. */
interface Comparison extends Pick<RoutingBlocks, 'calls' | 'blocks'> {
  readonly title: string;
  readonly on: 'an in-memory fetch' | 'loopback';
  readonly base: RoutingVariant;
  readonly variants: readonly RoutingVariant[];
  readonly judged: 'adds' | 'ratio';
  /** Absent where it is there to tell, not to be judged. */
  readonly goal?: Goal;
  /** By which timers it is judged. */
  readonly by: readonly Timer[];
}

const FAILS = { title: 'A fallback after a 500', goal: { atMost: 1.15 } } as const;
const OPEN = { title: 'A primary that is known to fail', goal: { atMost: 1.1 } } as const;
const AS_RATIO = { judged: 'ratio', by: TIMERS, calls: 100 } as const;

const COMPARISONS: readonly Comparison[] = [
  {
    title: 'Routes while nothing fails',
    on: 'an in-memory fetch',
    base: 'none',
    variants: ['again', 'fallbacks', 'one', 'latency', 'weighted', 'sticky'],
    judged: 'adds',
    goal: { atMost: 10, unit: ' µs' },
    by: ['cpu'],
    calls: 100,
    blocks: 400,
  },
  {
    ...FAILS,
    ...AS_RATIO,
    on: 'an in-memory fetch',
    base: 'gateways-by-hand',
    variants: ['failed', 'failed-elsewhere', 'failed-sibling'],
    blocks: 200,
  },
  {
    ...AS_RATIO,
    title: 'The same beside the bare SDK, without a socket that costs both as much',
    on: 'an in-memory fetch',
    base: 'by-hand',
    variants: ['gateways-by-hand', 'failed'],
    blocks: 200,
  },
  {
    ...FAILS,
    ...AS_RATIO,
    on: 'loopback',
    base: 'by-hand',
    variants: ['failed', 'failed-sibling'],
    blocks: 100,
  },
  {
    ...OPEN,
    ...AS_RATIO,
    on: 'an in-memory fetch',
    base: 'none',
    variants: ['again', 'open', 'open-elsewhere'],
    blocks: 200,
  },
  { ...OPEN, ...AS_RATIO, on: 'loopback', base: 'none', variants: ['again', 'open'], blocks: 150 },
  { ...OPEN, ...AS_RATIO, on: 'loopback', base: 'bare', variants: ['none', 'open'], blocks: 100 },
];

function rowOf(
  times: BlockTimes,
  { base, judged, goal, by, on }: Comparison,
  { variant, timer }: { readonly variant: RoutingVariant; readonly timer: Timer },
): string[] {
  const [before, own] = [times[base]?.[timer] ?? [], times[variant]?.[timer] ?? []];
  const added = pairedDifferences(own, before);
  const share = pairedRatio(own, before);
  const name = `routing: ${TITLES[variant]}, ${on}, ${timer}`;
  const isJudged = goal !== undefined && !UNJUDGED.has(variant) && by.includes(timer);
  return [
    `${TITLES[variant]}${timer === 'cpu' ? ', CPU' : ''}`,
    number(median(before)),
    number(median(own)),
    number(median(added)),
    `±${number(medianDeviation(added))}`,
    ratio(share),
    ...(isJudged ? judge(name, judged === 'adds' ? median(added) : share, goal) : ['', '']),
  ];
}

/** Routes beside none; fallbacks beside what is written by hand; an open breaker beside a plain call. */
export async function routing(quick: boolean): Promise<void> {
  const scale = quick ? 10 : 1;
  await using provider = await startProvider();
  for (const comparison of COMPARISONS) {
    // A process each, so that none is measured with what another has made of the engine.
    await using child = startChild('workers/routing.ts');
    const { base, title, calls, on } = comparison;
    const variants = [base, ...comparison.variants];
    const blocks = comparison.blocks / scale;
    const baseURL = on === 'loopback' ? provider.baseURL : undefined;
    const asked: RoutingBlocks = { variants, blocks, calls, baseURL };
    const times = await child.ask<BlockTimes>('measure', asked);
    const all = (blocks * calls * variants.length).toLocaleString('en');
    printTable(
      `${title}, µs a call on ${on}: ${all} calls in blocks of ${calls} by turns`,
      ['', TITLES[base], 'this', 'adds', 'MAD', 'ratio', 'goal', ''],
      comparison.variants.flatMap((variant) =>
        TIMERS.map((timer) => rowOf(times, comparison, { variant, timer })),
      ),
    );
  }
}
