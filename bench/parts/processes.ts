import type { RateLimitOptions } from '../../src/pipeline/limit-types.js';
import { FAULTS, type Fault } from '../../test/integration/limits/support/faults.js';
import type { Report } from '../../test/integration/limits/support/limit-child.js';
import {
  allSettled,
  type Child,
  haveArrived,
  startProcess,
  usageOf,
} from '../../test/integration/limits/support/processes.js';
import { isRedisInstalled, startRedis } from '../../test/support/redis-server.js';
import { judge, mustHold, number, printTable } from '../support/print.js';

const PROCESSES = 4;
/** What the words of a call are thought to be, and are: what passes at once goes by what is thought. */
const INPUT_TOKENS = 8;
const GIVE_UP_MS = 400_000;
const COLUMNS = [
  ...['', 'calls', 'most', 'used', 'stood still, ms', 'slowest answer, ms', 'went alone'],
  ...['goal', ''],
];

interface Limit {
  readonly title: string;
  readonly limits: RateLimitOptions;
  readonly amount: number;
  readonly intervalMs: number;
  /** Of each call. */
  readonly weight: number;
  /** Of each process. */
  readonly calls: number;
}

const requests = (calls: number): Limit => ({
  title: '100 requests a second',
  limits: { requestsPerSecond: 100 },
  ...{ amount: 100, intervalMs: 1_000, weight: 1, calls },
});
const tokens = (calls: number, weight: number): Limit => ({
  title: '50,000 tokens a minute',
  limits: { tokensPerMinute: 50_000 },
  ...{ amount: 50_000, intervalMs: 60_000, weight, calls },
});

/** What came of all calls of all processes. */
async function outcomeOf(limit: Limit, fault?: Fault): Promise<readonly Report[]> {
  await using redis = await startRedis();
  const settings = {
    limits: { ...limit.limits, redis: redis.url, processes: PROCESSES },
    usage: {
      inputTokens: INPUT_TOKENS,
      outputTokens: Math.max(0, limit.weight - INPUT_TOKENS),
    },
    takesMs: 0,
  };
  const children = await Promise.all(
    Array.from({ length: PROCESSES }, () => startProcess(settings)),
  );
  try {
    return await callAll(children, limit, fault && (() => fault.happen(redis)));
  } finally {
    await Promise.all(children.map(({ kill }) => kill()));
  }
}

async function callAll(
  children: readonly Child[],
  { calls }: Limit,
  inTheMiddle?: () => Promise<void>,
): Promise<readonly Report[]> {
  const count = children.length * calls;
  await Promise.all(children.map((child, index) => child.call(`${index}-`, calls)));
  if (inTheMiddle) {
    await haveArrived(children, count / 2);
    await inTheMiddle();
  }
  return allSettled(children, count, GIVE_UP_MS);
}

/** To a tenth, whatever the last digit of a product is. */
const percentOf = (share: number): number => Math.round(1_000 * share) / 10;
const percent = (share: number): string => `${percentOf(share)} %`;

async function rowsOf(limit: Limit, fault?: Fault): Promise<string[][]> {
  const what = fault ? `Redis ${fault.fault}` : limit.title;
  const reports = await outcomeOf(limit, fault);
  const arrivals = reports.flatMap((report) => report.arrivals);
  const { most, used } = usageOf(arrivals, limit);
  const failures = reports.flatMap((report) => [...report.failures, ...report.crashes]);
  const names = new Set(arrivals.map(({ name }) => name));
  const isOnce = arrivals.length === PROCESSES * limit.calls && names.size === arrivals.length;
  const held = isOnce && failures.length === 0;
  const detail = `${arrivals.length} arrivals of ${names.size}, ${failures.length} failures`;
  const row = [
    what,
    number(arrivals.length),
    percent(most),
    percent(used),
    number(Math.max(...reports.map((report) => report.stoodStillMs))),
    number(Math.max(...reports.map((report) => report.slowestMs))),
    String(reports.filter(({ warnings }) => warnings.length > 0).length),
  ];
  if (fault) return [[...row, ...mustHold(`processes: ${what}`, held, detail)]];
  const rows = [[...row, ...mustHold(`processes: ${what}, each once`, held, detail)]];
  // A few calls do not fill a window.
  if (PROCESSES * limit.calls * limit.weight < limit.amount) return rows;
  return [
    ...rows,
    [
      'most in a window',
      '',
      percent(most),
      ...['', '', '', ''],
      ...judge(`processes: ${what}, most`, percentOf(most), { atMost: 110, unit: ' %' }),
    ],
    [
      'used',
      ...['', ''],
      percent(used),
      ...['', '', ''],
      ...judge(`processes: ${what}, used`, percentOf(used), { atLeast: 90, unit: ' %' }),
    ],
  ];
}

/** Four processes that share limits in a real Redis, also while it fails. Runs against the sources. */
export async function processes(quick: boolean): Promise<void> {
  if (!isRedisInstalled()) {
    console.log('\nprocesses: SKIPPED, redis-server is not installed');
    return;
  }
  const calls = quick ? 150 : 500;
  for (const limit of [requests(calls), tokens(calls, quick ? 14 : 40)]) {
    const rows = await rowsOf(limit);
    for (const fault of FAULTS) rows.push(...(await rowsOf(limit, fault)));
    printTable(
      `${limit.title}, shared by ${PROCESSES} processes of ${limit.calls} calls each`,
      COLUMNS,
      rows,
    );
  }
}
