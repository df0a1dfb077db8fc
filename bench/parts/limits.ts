import { isRedisInstalled, startRedis } from '../../test/support/redis-server.js';
import { type Child, startChild } from '../support/child.js';
import { type Goal, judge, number, printTable } from '../support/print.js';
import { median, medianDeviation, pairedDifferences } from '../support/statistics.js';
import type { LimitBlocks, LimitTimes, LimitVariant, Throughput } from '../workers/limits.js';

const TITLES: Readonly<Record<LimitVariant, string>> = {
  none: 'no limit',
  again: 'no limit, once more: the noise',
  requests: 'requestsPerSecond',
  tokens: 'tokensPerMinute',
  all: 'requests, tokens and concurrency, by 100 tenants',
  budget: 'a budget in memory, by 100 tenants',
  shared: 'requestsPerSecond over Redis',
  'shared-all': 'requests, tokens and concurrency over Redis',
  'long-requests': 'requestsPerSecond',
  'long-tokens': 'tokensPerMinute',
  waiting: 'concurrency of 8: all but those wait in turn',
};
const CPU: Goal = { atMost: 60, unit: ' µs' };
const COLUMNS = [
  ...['', 'none', 'this', 'adds', 'MAD', 'mean adds', 'CPU adds', 'MAD'],
  ...['goal p50', '', 'goal CPU', ''],
];

/** A table: the first variant, and what the others add to it. */
interface Comparison extends LimitBlocks {
  readonly title: string;
  readonly base: LimitVariant;
  /** Of what is added at the median. */
  readonly goal: Goal;
}

type Added = Readonly<Record<keyof LimitTimes, readonly number[]>>;

function added(own: LimitTimes | undefined, base: LimitTimes | undefined): Added {
  const of = (what: keyof LimitTimes) => pairedDifferences(own?.[what] ?? [], base?.[what] ?? []);
  return { p50: of('p50'), mean: of('mean'), cpu: of('cpu') };
}

async function compare(comparison: Comparison): Promise<void> {
  const { title, base, variants, goal, blocks, calls, redis, pauseMs } = comparison;
  // A process each, so that none is measured with what another has made of the engine.
  await using child = startChild('workers/limits.ts');
  const asked = { variants: [base, ...variants], blocks, calls, redis, pauseMs };
  const times = await child.ask<Readonly<Record<string, LimitTimes>>>('measure', asked);
  const rows = variants.map((variant) => {
    const adds = added(times[variant], times[base]);
    const name = `limits: ${TITLES[variant]}, ${title}`;
    const isJudged = variant !== 'again';
    return [
      TITLES[variant],
      number(median(times[base]?.p50 ?? [])),
      number(median(times[variant]?.p50 ?? [])),
      number(median(adds.p50)),
      `±${number(medianDeviation(adds.p50))}`,
      number(median(adds.mean)),
      number(median(adds.cpu)),
      `±${number(medianDeviation(adds.cpu))}`,
      ...(isJudged ? judge(`${name}, p50`, median(adds.p50), goal) : ['', '']),
      // What a call costs whose process sleeps before it is the sleep's.
      ...(isJudged && pauseMs === undefined
        ? judge(`${name}, CPU`, median(adds.cpu), CPU)
        : ['', '']),
    ];
  });
  printTable(`${title}: µs a call, ${blocks} blocks of ${calls} by turns`, COLUMNS, rows);
}

async function throughput(calls: number): Promise<void> {
  const rows: string[][] = [];
  for (const variant of ['none', 'all', 'waiting'] as const) {
    await using child: Child = startChild('workers/limits.ts');
    const asked: Throughput = { variant, calls, width: 64 };
    const perSecond = await child.ask<number>('throughput', asked);
    const goal = { atLeast: 5_000, unit: ' calls/s' };
    const judged = judge(`limits: calls a second, ${TITLES[variant]}`, perSecond, goal);
    rows.push([TITLES[variant], number(perSecond), ...(variant === 'none' ? ['', ''] : judged)]);
  }
  const title = `Calls a second of one process, SDK and all: ${number(calls)}, 64 at once`;
  printTable(title, ['', 'calls/s', 'goal', ''], rows);
}

const MEMORY: Comparison = {
  title: 'Limits that nobody waits for',
  base: 'none',
  variants: ['again', 'requests', 'tokens', 'all', 'budget'],
  goal: { atMost: 300, unit: ' µs' },
  blocks: 400,
  calls: 100,
};
const LONG: Comparison = {
  title: 'A text of 10,000 characters is estimated',
  base: 'long-requests',
  variants: ['long-tokens'],
  goal: { atMost: 200, unit: ' µs' },
  blocks: 400,
  calls: 50,
};
const SHARED: Comparison = {
  title: 'Over Redis on loopback, one call after the other',
  base: 'none',
  variants: ['shared', 'shared-all'],
  goal: { atMost: 1_500, unit: ' µs' },
  blocks: 200,
  calls: 100,
};
/** What was taken ahead has gone back before the next call: each asks Redis. */
const ASKING: Comparison = {
  ...SHARED,
  title: 'Over Redis on loopback, 120 ms between calls, so that each asks',
  blocks: 10,
  calls: 10,
  pauseMs: 120,
};

/** Limits and budgets beside none; over Redis, too. */
export async function limits(quick: boolean): Promise<void> {
  const scaled = (comparison: Comparison): Comparison => ({
    ...comparison,
    blocks: quick ? Math.max(3, comparison.blocks / 10) : comparison.blocks,
  });
  await compare(scaled(MEMORY));
  await compare(scaled(LONG));
  await throughput(quick ? 4_000 : 40_000);
  if (!isRedisInstalled()) {
    console.log('\nlimits over Redis: SKIPPED, redis-server is not installed');
    return;
  }
  await using redis = await startRedis();
  for (const comparison of [SHARED, ASKING])
    await compare({ ...scaled(comparison), redis: redis.url });
}
