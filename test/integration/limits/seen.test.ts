import { SpanKind } from '@opentelemetry/api';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  type GatewayOptions,
  type LogRow,
  perCall,
  type RateLimitOptions,
  target,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';
import { recordMetrics, recordSpans, type SeenPoint } from '../telemetry/support/recording.js';

let provider: FakeProvider;
beforeAll(async () => {
  const usage = { inputTokens: 20, outputTokens: 30 };
  provider = await startFakeProvider({ reply: { text: 'hi', usage } });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const TENANT = 'tenant-nobody-is-to-read';
const messages = [{ role: 'user' as const, content: 'hi' }];
const body = { model: 'gpt-5-mini', messages, max_tokens: 30 };
const bare = () => new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 0 });
const tenth: RateLimitOptions = {
  requestsPerSecond: 10,
  by: ({ metadata }) => metadata.tenant as string | undefined,
};

function setUp(options: GatewayOptions) {
  const clock = handClock();
  const { meterProvider, points } = recordMetrics();
  const spans = recordSpans();
  const rows: LogRow[] = [];
  const gateway = createGateway({
    ...{ clock, stats: true, log: (row) => void rows.push(row) },
    telemetry: { meterProvider, tracerProvider: spans.tracerProvider },
    ...options,
  });
  const client = gateway.wrap(bare());
  const own = perCall({ metadata: { tenant: TENANT } });
  const ask = (signal?: AbortSignal) => client.chat.completions.create(body, { ...own, signal });
  const explain = (more: object = {}) =>
    gateway.explain({
      client,
      operation: 'chat',
      body: { ...body, ...more },
      options: { metadata: { tenant: TENANT } },
    });
  /** Waits for what does not wait for the clock. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };
  const queued = () => gateway.stats().limits.reduce((sum, limit) => sum + limit.queued, 0);
  return { clock, gateway, ask, explain, points, spans, rows, until, queued };
}

/** One call that passes, one that waits for 100 ms, one that leaves the line, and one that is refused. */
async function oneOfEach(options: GatewayOptions) {
  const all = setUp(options);
  const { ask, clock, until, queued } = all;
  const controller = new AbortController();
  await ask();
  const waiting = ask();
  await until(() => queued() === 1);
  const leaving = ask(controller.signal).catch(() => undefined);
  await until(() => queued() === 2);
  const during = { points: await all.points(), stats: all.gateway.stats() };
  await ask().catch(() => undefined);
  clock.advance(50);
  controller.abort();
  await leaving;
  clock.advance(50);
  await waiting;
  return { ...all, during };
}

const limits = (points: readonly SeenPoint[]) =>
  points
    .filter(({ metric }) => metric.startsWith('zerohop.limit.'))
    .map(({ metric, attributes, count, sum }) => [
      metric.slice('zerohop.limit.'.length),
      ...Object.values(attributes),
      ...(count === undefined ? [] : [count]),
      sum,
    ]);

describe('what a rate limit does is seen', () => {
  const rateLimit: RateLimitOptions = { ...tenth, maxQueue: 2 };

  it('in the trail of each call, its row and its span', async () => {
    const { rows, spans } = await oneOfEach({ rateLimit });
    const limit = 'requestsPerSecond';
    const gatewaySpans = spans.spans().filter(({ name }) => name.startsWith('gateway'));

    expect(rows.map(({ decisions }) => decisions[0])).toEqual([
      undefined,
      { kind: 'limit-refused', detail: { limit, reason: 'queue_full' } },
      { kind: 'limit-left', detail: { limit, waitedMs: 50 } },
      { kind: 'limit-waited', detail: { limit, waitedMs: 100 } },
    ]);
    const waits = gatewaySpans.map(({ attributes }) => attributes['zerohop.limit.wait']);
    expect(waits).toEqual([undefined, undefined, 0.05, 0.1]);
    expect(gatewaySpans[3]?.events.map(({ name }) => name)).toEqual(['zerohop.decision']);
  });

  it('but not in the spans of targets, which begin when something is sent', async () => {
    const { spans, points } = await oneOfEach({ rateLimit });
    const clientSpans = spans.spans().filter(({ kind }) => kind === SpanKind.CLIENT);
    const durations = (await points()).filter(
      ({ metric }) => metric === 'gen_ai.client.operation.duration',
    );

    expect(clientSpans).toHaveLength(2);
    expect(durations.map(({ count, sum }) => [count, sum])).toEqual([[2, 0]]);
  });

  it('in metrics, which name no tenant', async () => {
    const { points, during } = await oneOfEach({ rateLimit });
    const after = await points();

    expect(limits(during.points)).toEqual([
      ['running', 0],
      ['queued', 2],
    ]);
    expect(limits(after)).toEqual([
      ['wait.duration', 'requestsPerSecond', 'left', 1, 0.05],
      ['wait.duration', 'requestsPerSecond', 'passed', 1, 0.1],
      ['rejections', 'requestsPerSecond', 'queue_full', 1],
      ['running', 0],
      ['queued', 0],
    ]);
    const units = Object.fromEntries(after.map(({ metric, unit }) => [metric, unit]));
    expect(units).toMatchObject({
      'zerohop.limit.wait.duration': 's',
      'zerohop.limit.rejections': '{request}',
      'zerohop.limit.queued': '{request}',
    });
    expect(JSON.stringify(after)).not.toContain(TENANT);
  });

  it('in stats(), which name no tenant either', async () => {
    const { gateway, during } = await oneOfEach({ rateLimit });

    expect(during.stats.limits).toMatchObject([{ running: 0, queued: 2, keys: 1, heldUp: {} }]);
    expect(gateway.stats().limits).toEqual([
      {
        ...{ running: 0, queued: 0, keys: 1 },
        heldUp: { requestsPerSecond: { waited: 1, left: 1, refused: 1, waitedMs: 150 } },
      },
    ]);
    expect(JSON.stringify(gateway.stats())).not.toContain(TENANT);
  });

  it('with the name of the target whose limit it is', async () => {
    const { gateway, rows, points } = await oneOfEach({
      route: target({ name: 'one', client: bare(), rateLimit }),
    });

    expect(rows.flatMap(({ decisions }) => decisions)).toContainEqual({
      kind: 'limit-waited',
      detail: { limit: 'requestsPerSecond', waitedMs: 100, target: 'one' },
    });
    expect(gateway.stats().limits).toMatchObject([
      { target: 'one', heldUp: { requestsPerSecond: { waited: 1 } } },
    ]);
    const found = (await points()).filter(({ metric }) => metric.startsWith('zerohop.limit.'));
    expect(found.map(({ attributes }) => attributes['zerohop.target'])).toEqual(
      Array(found.length).fill('one'),
    );
  });

  it('nowhere where there is none', async () => {
    const { gateway, ask, points, explain } = setUp({});
    await ask();

    expect(limits(await points())).toEqual([]);
    expect(gateway.stats()).toMatchObject({ limits: [], budgets: [] });
    expect(await explain()).toMatchObject({ limits: [], budgets: [] });
  });
});

describe('explain() tells', () => {
  it('what holds a call up, for how long, and what would be done with it', async () => {
    const { ask, explain, gateway, until, queued } = setUp({
      rateLimit: { ...tenth, onLimit: ({ queued: others }) => (others < 1 ? 'wait' : 'reject') },
    });
    const before = await explain();
    await ask();
    const next = await explain();
    void ask();
    await until(() => queued() === 1);
    const third = await explain();

    const limit = { key: TENANT, running: 0 };
    const heldUpBy = 'requestsPerSecond';
    expect(before.limits).toEqual([{ ...limit, queued: 0 }]);
    expect(next.limits).toEqual([{ ...limit, queued: 0, heldUpBy, waitMs: 100, does: 'wait' }]);
    expect(third.limits).toEqual([{ ...limit, queued: 1, heldUpBy, waitMs: 200, does: 'reject' }]);
    expect(gateway.stats().limits).toMatchObject([{ queued: 1, keys: 1 }]);
  });

  it('of slots only that they are taken', async () => {
    provider.enqueue({ fault: 'hang' });
    const { ask, explain, until } = setUp({ rateLimit: { concurrency: 1 } });
    const controller = new AbortController();
    const hanging = ask(controller.signal).catch(() => undefined);
    await until(() => provider.requests.length === 1);
    const { limits: taken } = await explain();
    controller.abort();
    await hanging;

    expect(taken).toEqual([
      {
        ...{ key: 'default', running: 1, queued: 0 },
        ...{ heldUpBy: 'concurrency', waitMs: undefined, does: 'wait' },
      },
    ]);
    expect((await explain()).limits).toEqual([{ key: 'default', running: 0, queued: 0 }]);
  });

  it('of the application’s own limit and of those of the targets, with the model that each is asked for', async () => {
    const { explain } = setUp({
      rateLimit: { requestsPerSecond: 1, perModel: true },
      route: target({
        ...{ name: 'one', client: bare(), model: 'gpt-5' },
        rateLimit: { tokensPerMinute: 1, perModel: true },
      }),
    });

    expect((await explain()).limits.map(({ target: name, key }) => [name, key])).toEqual([
      [undefined, 'default\ngpt-5'],
      ['one', 'default\ngpt-5'],
    ]);
  });

  it('which budgets it would go over', async () => {
    const { ask, explain, gateway } = setUp({
      budgets: [
        { name: 'small', tokens: 60, period: '1h' },
        { name: 'large', tokens: 1_000_000, period: '1h', onExceeded: () => 'allow' },
        { name: 'another', model: 'gpt-5', tokens: 1, period: '1h' },
      ],
    });
    await ask();
    await gateway.flush();
    const { budgets } = await explain({ max_tokens: 10 });
    const roomy = await explain({ max_tokens: 1 });

    expect(budgets).toMatchObject([
      { name: 'small', tokens: { spent: 50, reserved: 0 }, exceeds: true, onExceeded: 'reject' },
      { name: 'large', tokens: { spent: 50 }, exceeds: false, onExceeded: undefined },
    ]);
    expect(roomy.budgets[0]?.exceeds).toBe(false);
    expect(gateway.stats().budgets).toMatchObject([
      { name: 'small', keys: 1, tokens: { spent: 50, reserved: 0 }, exceeded: 0 },
      { name: 'large' },
      { name: 'another', keys: 0, tokens: { spent: 0, reserved: 0 } },
    ]);
  });
});

describe('stats() of budgets', () => {
  it('tell what is spent over all keys, and how often calls went over', async () => {
    const { gateway, ask } = setUp({
      budgets: [
        { name: 'each', tokens: 50, period: '1h', by: ({ metadata }) => String(metadata.tenant) },
      ],
    });
    await ask();
    await ask().catch(() => undefined);
    await gateway.budgets.add('each', 'another', 7);
    const [each] = gateway.stats().budgets;

    expect(each).toEqual({
      ...{ name: 'each', keys: 2, exceeded: 1 },
      tokens: { spent: 57, reserved: 0 },
    });
    expect(JSON.stringify(gateway.stats())).not.toContain(TENANT);
  });
});
