/**
 * A process of its own with a gateway whose limits others share: `fork(…, [settings])`. Its provider is in memory.
 * Takes orders by message, and answers each by message.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createGatewayClient } from '../../../../src/index.js';
import type { RateLimitOptions } from '../../../../src/pipeline/limit-types.js';
import { createInMemoryFetch } from '../../../../src/testing/index.js';

/** What a child is started with. */
export interface ChildSettings {
  readonly limits: RateLimitOptions;
  /** What each answer reports. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  /** How long each answer takes, in ms. */
  readonly takesMs: number;
}

/** What a child can be asked. Calls are named `<prefix><number>`. */
export type Order =
  | { readonly do: 'call'; readonly prefix: string; readonly count: number }
  | { readonly do: 'report' }
  | { readonly do: 'close' };

/** A request that the provider received. */
export interface Arrival {
  readonly name: string;
  /** In ms, on a clock that the processes of a machine share. */
  readonly at: number;
}

/** What came of the calls of a child so far. */
export interface Report {
  readonly arrivals: readonly Arrival[];
  readonly answered: number;
  /** The codes or messages of those that failed. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  /** What was never to happen. */
  readonly crashes: readonly string[];
  /** For how long the process stood still at most, in ms: so late a request may be. */
  readonly stoodStillMs: number;
  /** Longest time from a request's arrival to its caller having the answer, in ms. */
  readonly slowestMs: number;
}

const settings: ChildSettings = JSON.parse(process.argv[2] ?? '{}');
const arrivals: Arrival[] = [];
const failures: string[] = [];
const warnings: string[] = [];
const crashes: string[] = [];
const arrivedAt = new Map<string, number>();
let answered = 0;
let slowestMs = 0;

for (const event of ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning']) {
  process.on(event, (error: unknown) => crashes.push(`${event}: ${String(error)}`));
}

const delays = monitorEventLoopDelay({ resolution: 2 });
delays.enable();
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

const fetch = createInMemoryFetch(
  ({ json }) => {
    const { user } = json as { user: string };
    arrivals.push({ name: user, at: now() });
    arrivedAt.set(user, now());
    const { usage, takesMs } = settings;
    return { text: 'ok', usage, pacing: { headersDelayMs: takesMs } };
  },
  { keepRequests: 1 },
);
const client = createGatewayClient({
  apiKey: 'sk-test',
  fetch,
  gateway: {
    rateLimit: { maxQueue: 100_000, ...settings.limits },
    logger: { warn: (message, detail) => warnings.push(`${message} ${JSON.stringify(detail)}`) },
  },
});

async function call(name: string): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const body = { model: 'm', messages, user: name, max_tokens: settings.usage.outputTokens };
  try {
    await client.chat.completions.create(body);
    answered += 1;
    slowestMs = Math.max(slowestMs, now() - (arrivedAt.get(name) ?? 0));
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    failures.push(String(code ?? message));
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'call':
      for (let index = 0; index < order.count; index += 1) void call(`${order.prefix}${index}`);
      return undefined;
    case 'report':
      return {
        ...{ arrivals, answered, failures, warnings, crashes, slowestMs },
        stoodStillMs: delays.max / 1e6,
      } satisfies Report;
    case 'close':
      await client.gateway.close();
      // All that is left to keep this process alive.
      setImmediate(() => process.disconnect());
      return undefined;
  }
}

process.on('message', (order: Order) => {
  void obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ answer: 'ready' });
