import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CacheStatus, type GatewayOptions, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { recordMetrics, recordSpans } from '../telemetry/support/recording.js';
import {
  ask,
  askStream,
  type Bench,
  chat,
  heldReply,
  type Seen,
  setUp,
  withCache,
} from './support/bench.js';

const usage = { inputTokens: 3, outputTokens: 2 };
/** 3 × $1 and 2 × $0.5. */
const COST = 4;
const pricing = { models: { [chat.model]: { input: 1_000_000, output: 500_000 } } };
const HOUR = 3_600_000;

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ reply: { text: 'one two', usage } });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

type Call = typeof ask | typeof askStream;

/** How a call comes to each status. */
const ways: Readonly<Record<CacheStatus, (bench: Bench, call: Call) => Promise<Seen>>> = {
  MISS: ({ client }, call) => call(client),
  async HIT({ client, clock }, call) {
    await call(client);
    clock.advance(40_000);
    return call(client);
  },
  async STALE({ client, clock, gateway }, call) {
    const options = withCache({ ttl: '1m', staleWhileRevalidate: '1d' });
    await call(client, chat, options);
    clock.advance(120_000);
    provider.enqueue({ status: 400 });
    const seen = await call(client, chat, options);
    await gateway.flush();
    return seen;
  },
  async REFRESH({ client }, call) {
    await call(client);
    return call(client, chat, withCache({ mode: 'refresh' }));
  },
  BYPASS: ({ client }, call) => call(client, chat, withCache({ mode: 'off' })),
  async COALESCED({ client }, call) {
    const { reply, release } = heldReply('one two');
    provider.enqueue(async () => ({ ...(await reply()), usage }));
    const first = call(client);
    await provider.waitForRequest(1);
    const second = call(client);
    // By the time this is over, the second one has come as far as to share.
    await call(client, chat, withCache({ mode: 'off' }));
    release();
    await first;
    return second;
  },
};

/** A call that came to `status`, and all that was heard of it. */
async function watch(status: CacheStatus, call: Call, options: GatewayOptions = {}) {
  const { tracerProvider, spans } = recordSpans();
  const { meterProvider, points } = recordMetrics();
  const telemetry = { tracerProvider, meterProvider };
  const bench = setUp(provider, { pricing, stats: true, telemetry, ...options });
  const seen = await ways[status](bench, call);
  await bench.gateway.flush();
  return {
    ...bench,
    seen,
    points,
    settlement: bench.settlements.find(({ cache }) => cache?.status === status),
    row: bench.rows.find(({ cacheStatus }) => cacheStatus === status),
    spans: spans(),
    span: spans().find(({ attributes }) => attributes['zerohop.cache.status'] === status),
  };
}

/** What is to be seen of a status, in the words of each place; the same for JSON and streams. */
interface Expectation {
  readonly status: CacheStatus;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly age: string | null;
  readonly ttl: string | null;
  readonly isFree: boolean;
}

const key = expect.stringMatching(/^[\da-f]{64}$/);
const producer = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
const saved = { savedInputTokens: 3, savedOutputTokens: 2, savedCost: COST };
const expectations: readonly Expectation[] = [
  { status: 'MISS', facts: { key, ttlMs: HOUR }, age: null, ttl: '3600', isFree: false },
  {
    status: 'HIT',
    facts: { key, producer, ageMs: 40_000, ttlMs: HOUR - 40_000, ...saved },
    age: '40',
    ttl: '3560',
    isFree: true,
  },
  {
    status: 'STALE',
    facts: { key, producer, ageMs: 120_000, ttlMs: -60_000, ...saved },
    age: '120',
    ttl: '-60',
    isFree: true,
  },
  { status: 'REFRESH', facts: { key, ttlMs: HOUR }, age: null, ttl: '3600', isFree: false },
  { status: 'BYPASS', facts: { reason: 'off' }, age: null, ttl: null, isFree: false },
  { status: 'COALESCED', facts: { key, producer, ...saved }, age: null, ttl: null, isFree: true },
];

const calls = [
  ['JSON', ask],
  ['a stream', askStream],
] as const;

describe.each(expectations)('$status', ({ status, facts, age, ttl, isFree }) => {
  it.each(calls)('in the headers of %s', async (_name, call) => {
    const { seen } = await watch(status, call);

    const isStream = call === askStream;
    expect(seen).toMatchObject({ cache: status, age, ttl, text: 'one two' });
    expect(seen.headers.get('x-zerohop-cache-key')).toEqual(facts.key ?? null);
    expect(seen.headers.get('x-zerohop-attempts')).toBe(isFree ? '0' : '1');
    // A stream's cost is not known when its headers are read; what is saved by one that is stored, is.
    expect(seen.headers.get('x-zerohop-cost')).toBe(isStream ? null : isFree ? '0' : '4');
    const knowsSaved = isFree && (status !== 'COALESCED' || !isStream);
    expect(seen.headers.get('x-zerohop-saved-cost')).toBe(knowsSaved ? '4' : null);
  });

  it.each(calls)('in the settlement of %s', async (_name, call) => {
    const { settlement } = await watch(status, call);

    expect(settlement?.cache).toEqual({ status, ...facts });
    expect(settlement).toMatchObject({
      outcome: 'success',
      operation: 'chat',
      stream: call === askStream,
      status: 200,
      requestId: expect.stringMatching(/^req_/),
      model: chat.model,
      choices: [{ text: 'one two', finishReason: 'stop' }],
      cost: { amount: isFree ? 0 : COST, currency: 'USD' },
      usageMissing: isFree ? 'cached' : undefined,
    });
    expect(settlement?.usage?.inputTokens).toBe(isFree ? undefined : 3);
    expect(settlement?.attempts).toHaveLength(isFree ? 0 : 1);
    expect(settlement?.bytesReceived === 0).toBe(isFree);
  });

  it.each(calls)('in the row of %s', async (_name, call) => {
    const { row } = await watch(status, call);

    expect(row).toMatchObject({
      outcome: 'success',
      status: 200,
      cacheStatus: status,
      cacheKey: facts.key ?? null,
      cacheAgeMs: facts.ageMs ?? null,
      savedInputTokens: facts.savedInputTokens ?? null,
      savedOutputTokens: facts.savedOutputTokens ?? null,
      savedCost: facts.savedCost ?? null,
      target: producer,
      responseModel: chat.model,
      finishReasons: ['stop'],
      cost: isFree ? 0 : COST,
      unpriced: null,
    });
    expect(row?.usage?.inputTokens ?? null).toBe(isFree ? null : 3);
    expect(row?.usageMissing ?? null).toBe(isFree ? 'cached' : null);
  });

  it.each(calls)('in the spans of %s', async (_name, call) => {
    const { span, spans, seen } = await watch(status, call);

    const { ageMs, ttlMs } = facts;
    const inSeconds = (ms: unknown) => (typeof ms === 'number' ? ms / 1_000 : undefined);
    expect(span).toMatchObject({ name: 'gateway chat gpt-5-mini', kind: 0, status: { code: 0 } });
    expect(span?.attributes).toEqual(
      withoutAbsent({
        'zerohop.call.id': seen.headers.get('x-zerohop-call-id'),
        'zerohop.operation': 'chat',
        'zerohop.outcome': 'success',
        'zerohop.attempts': isFree ? 0 : 1,
        'zerohop.cache.status': status,
        'zerohop.cache.bypass_reason': facts.reason,
        'zerohop.cache.key': facts.key,
        'zerohop.cache.age': inSeconds(ageMs),
        'zerohop.cache.ttl': inSeconds(ttlMs),
        'zerohop.cache.saved.input_tokens': facts.savedInputTokens,
        'zerohop.cache.saved.output_tokens': facts.savedOutputTokens,
        'zerohop.cache.saved.cost': facts.savedCost,
      }),
    );
    const children = spans.filter(
      ({ parentSpanContext }) => parentSpanContext?.spanId === span?.spanContext().spanId,
    );
    expect(children.map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual(
      isFree ? [] : [3],
    );
    const linked = spans.filter((other) =>
      span?.links.some((link) => link.context.spanId === other.spanContext().spanId),
    );
    expect(linked.map(({ name, kind }) => [name, kind])).toEqual(
      status === 'COALESCED' ? [['chat gpt-5-mini', 2]] : [],
    );
  });

  it.each(calls)('in the metrics of %s', async (_name, call) => {
    const { points, rows } = await watch(status, call);

    const all = await points();
    const sum = (metric: string, attributes: Record<string, unknown> = {}) =>
      all
        .filter((point) => point.metric === metric)
        .filter((point) =>
          Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
        )
        .reduce((total, point) => total + (point.count ?? point.sum), 0);
    const ofStatus = { 'zerohop.cache.status': status, 'zerohop.operation': 'chat' };
    const input = { 'gen_ai.token.type': 'input' };
    const output = { 'gen_ai.token.type': 'output' };
    expect(sum('zerohop.cache.requests', ofStatus)).toBe(1);
    expect(sum('zerohop.cache.requests')).toBe(rows.length);
    expect(sum('zerohop.cache.saved.cost', ofStatus)).toBe(isFree ? COST : 0);
    expect(sum('zerohop.cache.saved.tokens', { ...ofStatus, ...input })).toBe(isFree ? 3 : 0);
    expect(sum('zerohop.cache.saved.tokens', { ...ofStatus, ...output })).toBe(isFree ? 2 : 0);
    expect(sum('gen_ai.client.operation.duration')).toBe(provider.requests.length);
    const answered = rows.filter(({ cost }) => cost !== null && cost > 0);
    expect(sum('zerohop.cost')).toBe(answered.length * COST);
    expect(sum('gen_ai.client.token.usage', input)).toBe(answered.length);
  });

  it.each(calls)('in stats(), for %s', async (_name, call) => {
    const { gateway, rows } = await watch(status, call);

    const { total, byTargetAndModel } = gateway.stats();
    const paid = rows.filter(({ cost }) => cost !== null && cost > 0).length;
    expect(total).toMatchObject({
      calls: rows.length,
      cacheHits: status === 'HIT' || status === 'STALE' ? 1 : 0,
      coalesced: status === 'COALESCED' ? 1 : 0,
      savedCost: isFree ? COST : 0,
      savedInputTokens: isFree ? 3 : 0,
      savedOutputTokens: isFree ? 2 : 0,
      cost: paid * COST,
      inputTokens: paid * 3,
      unpriced: 0,
    });
    expect(byTargetAndModel).toMatchObject([{ target: producer, model: chat.model }]);
  });
});

function withoutAbsent(attributes: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

describe('what a cached answer says by itself', () => {
  it('is what it said at first: usage, model, fingerprint and ids', async () => {
    const { client } = setUp(provider);
    const direct = await client.chat.completions.create(chat).withResponse();

    const hit = await client.chat.completions.create(chat).withResponse();

    expect(hit.data).toEqual(direct.data);
    expect(hit.data.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 });
    expect(hit.request_id).toBe(direct.request_id);
  });

  it('has usage in a stream only where it was asked for', async () => {
    const { client } = setUp(provider);
    const read = async (options: object) => {
      const stream = await client.chat.completions.create({ ...chat, stream: true, ...options });
      const seen: unknown[] = [];
      for await (const chunk of stream) if ('usage' in chunk) seen.push(chunk.usage);
      return seen.filter((found) => found !== null).length;
    };
    const asked = { stream_options: { include_usage: true } };

    const seen = [await read({}), await read({}), await read(asked), await read(asked)];

    expect(seen).toEqual([0, 0, 1, 1]);
    expect(provider.requests).toHaveLength(1);
  });

  it('has no headers of the first exchange but its id and type', async () => {
    const ours = /^(?:x-zerohop-.*|content-type|x-request-id|openai-version)$/;
    const { client } = setUp(provider);
    provider.enqueue({ headers: { 'set-cookie': 'a=b', 'openai-organization': 'org' } });
    await ask(client);

    for (const call of [ask, askStream]) {
      const { headers } = await call(client);
      expect([...headers.keys()].filter((name) => !ours.test(name))).toEqual([]);
      expect(headers.get('content-type')).toMatch(
        call === ask ? /^application\/json/ : /^text\/event-stream/,
      );
    }
  });
});

describe('why the cache had no part in a call', () => {
  const rows = [
    ['off', chat, { mode: 'off' }],
    ['stateful', { ...chat, store: true }, {}],
    ['not_deterministic', chat, { only: 'deterministic' }],
    ['uncanonical', chat, { vary: ['odd'] }],
  ] as const;

  it.each(rows)('%s, everywhere', async (reason, body, cache) => {
    const { tracerProvider, spans } = recordSpans();
    const { client, settlements, rows } = setUp(provider, { telemetry: { tracerProvider } });

    const { headers } = await ask(client, body, perCall({ cache, metadata: { odd: 1n } }));

    expect(headers.get('x-zerohop-cache')).toBe('BYPASS');
    expect(settlements[0]?.cache).toEqual({ status: 'BYPASS', reason });
    expect(rows[0]).toMatchObject({ cacheStatus: 'BYPASS', cacheKey: null });
    expect(spans().at(-1)?.attributes).toMatchObject({
      'zerohop.cache.status': 'BYPASS',
      'zerohop.cache.bypass_reason': reason,
    });
  });
});

describe('what is not known', () => {
  it('of a cost that nobody could work out is absent, and not 0', async () => {
    const { seen, settlement, row } = await watch('HIT', ask, { pricing: false });

    expect(seen.headers.get('x-zerohop-saved-cost')).toBeNull();
    expect(settlement?.cache).toMatchObject({ savedInputTokens: 3, savedOutputTokens: 2 });
    expect(settlement?.cache?.savedCost).toBeUndefined();
    expect(row).toMatchObject({ savedCost: null, savedInputTokens: 3 });
  });

  it('of a usage that was not reported is absent, and not 0', async () => {
    provider.enqueue({ usage: null });

    const { row } = await watch('HIT', ask);

    expect(row).toMatchObject({ savedCost: null, savedInputTokens: null, savedOutputTokens: null });
  });

  it('is nothing where no cache is on', async () => {
    const { tracerProvider, spans } = recordSpans();
    const { meterProvider, points } = recordMetrics();
    const telemetry = { tracerProvider, meterProvider };
    const { client, settlements, rows } = setUp(provider, { cache: false, telemetry });

    const { headers } = await ask(client);

    expect([...headers.keys()].filter((name) => name.includes('cache'))).toEqual([]);
    expect(settlements[0]?.cache).toBeUndefined();
    expect(rows[0]).toMatchObject({ cacheStatus: null, cacheKey: null, savedCost: null });
    expect(spans().map(({ kind }) => kind)).toEqual([2]);
    expect(JSON.stringify([spans()[0]?.attributes, await points()])).not.toContain('zerohop.cache');
  });
});

describe('gateway.cache.counters', () => {
  it('tells what was stored, what is held and what had to go', async () => {
    const { client, gateway } = setUp(provider, { cache: { maxEntries: 2 } });
    for (const seed of [1, 2, 3]) await ask(client, { ...chat, seed });
    await ask(client, { ...chat, seed: 3 });
    await gateway.flush();

    expect(gateway.cache.counters).toMatchObject({
      stored: 3,
      entries: 2,
      evicted: 1,
      corrupt: 0,
      failures: 0,
      timeouts: 0,
      skipped: 0,
    });
    expect(gateway.cache.counters.bytes).toBeGreaterThan(2_000);
  });
});
