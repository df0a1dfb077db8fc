import OpenAI from 'openai';
import { expect, it } from 'vitest';
import { createGateway, type Interceptor } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';

const CALLS = 10_000;
const AT_ONCE = 32;
const text = 'one two three four';
const messages = [{ role: 'user' as const, content: 'hi' }];

/** How a call ends; each as often as the others. */
const kinds = [
  'answer',
  'stream',
  'error',
  'retried',
  'error in a stream',
  'cut',
  'timeout',
  'stall',
  'abort',
  'abort in a stream',
  'break',
  'throws before',
  'throws after',
  'throws in the call ring',
  'late in line',
  'left the line',
] as const;
type Kind = (typeof kinds)[number];

const FAULTS: Partial<Record<Kind, object>> = {
  error: { status: 400 },
  'error in a stream': { fault: 'error-event;after=2' },
  cut: { fault: 'reset;after=2' },
  timeout: { fault: 'hang' },
  abort: { fault: 'hang' },
  stall: { fault: 'hang;after=2' },
  'abort in a stream': { fault: 'hang;after=3' },
};
const STREAMS: ReadonlySet<Kind> = new Set([
  'stream',
  'error in a stream',
  'cut',
  'stall',
  'abort in a stream',
  'break',
]);

function setUp() {
  const failed = new Set<unknown>();
  const fetch = createInMemoryFetch(
    ({ json }) => {
      const { user, seed } = json as { user: Kind; seed: number };
      if (user === 'retried' && !failed.has(seed)) {
        failed.add(seed);
        return { status: 500, headers: { 'retry-after-ms': '0' } };
      }
      return { text, ...FAULTS[user] };
    },
    { keepRequests: 1 },
  );
  const kindIn = (body: unknown) => (body as { user: Kind }).user;
  const around: Interceptor = async function around(request, next) {
    if (kindIn(request.body) === 'throws in the call ring') throw new Error('of the user');
    return next(request);
  };
  const each: Interceptor = async function each(request, next) {
    const kind = kindIn(request.body);
    if (kind === 'throws before') throw new Error('of the user');
    const response = await next(request);
    if (kind === 'throws after') throw new Error('of the user');
    return response;
  };
  const gateway = createGateway({
    stats: true,
    pricing: false,
    interceptors: [around],
    attemptInterceptors: [each],
    timeouts: { idle: 20 },
    rateLimit: {
      ...{ concurrency: 8, requestsPerSecond: 1e6, tokensPerMinute: 1e9 },
      maxQueue: AT_ONCE,
      by: ({ metadata }) => metadata.tenant as string | undefined,
    },
  });
  const baseURL = 'http://provider.test/v1';
  const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL, fetch, maxRetries: 1 }));
  return { gateway, client };
}

/** Makes one call, which ends as its kind says. */
async function call(client: OpenAI, seed: number): Promise<unknown> {
  const kind = kinds[seed % kinds.length] ?? 'answer';
  const controller = new AbortController();
  const { signal } = controller;
  const body = { model: 'm', messages, user: kind, seed };
  const settings = {
    signal,
    ...((kind === 'timeout' || kind === 'late in line') && { timeout: 20, maxRetries: 0 }),
  };
  if (kind === 'abort') setTimeout(() => controller.abort(), 2);
  if (kind === 'left the line') setImmediate(() => controller.abort());
  if (!STREAMS.has(kind)) return client.chat.completions.create(body, settings);
  const stream = await client.chat.completions.create({ ...body, stream: true }, settings);
  let events = 0;
  for await (const _ of stream) {
    events += 1;
    if (events === 2 && kind === 'break') break;
    if (events === 2 && kind === 'abort in a stream') controller.abort();
  }
  return undefined;
}

it(`${CALLS} calls that end in all ways leave no slot taken and nobody in line`, {
  timeout: 120_000,
}, async () => {
  const { gateway, client } = setUp();
  const settled: Record<string, number> = { success: 0, error: 0, aborted: 0 };
  gateway.on('settled', ({ outcome }) => {
    settled[outcome] = (settled[outcome] ?? 0) + 1;
  });
  let next = 0;
  const worker = async () => {
    while (next < CALLS) await call(client, next++).catch(() => undefined);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await gateway.flush();
  const [limit] = gateway.stats().limits;
  const waitedBefore = limit?.heldUp.concurrency?.waited ?? 0;

  const full = await Promise.all(Array.from({ length: 8 }, () => call(client, 0)));

  expect(limit).toMatchObject({ running: 0, queued: 0 });
  expect(waitedBefore, 'calls that had to wait').toBeGreaterThan(CALLS / 10);
  expect(limit?.heldUp.concurrency?.left, 'calls that left the line').toBeGreaterThan(0);
  // All slots are there at once, and nobody waits for one.
  expect(full).toHaveLength(8);
  expect(gateway.stats().limits[0]?.heldUp.concurrency?.waited).toBe(waitedBefore);
  const { success = 0, error = 0, aborted = 0 } = settled;
  expect(success + error + aborted).toBe(CALLS + 8);
  expect(Math.min(success, error, aborted)).toBeGreaterThan(CALLS / 10);
});
