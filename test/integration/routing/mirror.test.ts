import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type Interceptor,
  loadBalance,
  mirror,
  perCall,
  primary,
  type Route,
  target,
} from 'zerohop';
import { until } from '../../contract/faults/harness/origin.js';
import { ProcessGuard } from '../../contract/faults/harness/process-guard.js';
import { recordSpans } from '../telemetry/support/recording.js';
import {
  always,
  DELAY_MS,
  type HedgeBench,
  type HedgeSetUp,
  hedgeClock,
  held,
  inFlight,
  setUp,
  tried,
  useProviders,
} from './support/hedging.js';
import { wayOf, ways } from './support/ways.js';

const providers = useProviders();
const json = wayOf('JSON, chat, openai 7');

const mirrored: Pick<HedgeSetUp, 'routeOf'> = {
  routeOf: ({ first, second }) => mirror(first, second),
};
const rowsOf = async ({ rows }: HedgeBench, count: number) => {
  await until(() => rows.length === count);
  return rows;
};
const mirrorOf = ({ decisions }: HedgeBench['rows'][number]) =>
  decisions.find(({ kind }) => kind === 'mirror')?.detail?.of;

describe.each(ways)('a mirror: $name', (way) => {
  it('sends the shadow the same, to its model and with its key', async () => {
    const client = way.client(providers.second, { apiKey: 'shadow-key' });
    const shadow = target({ name: 'shadow', client, model: 'shadow-model' });
    const bench = setUp(way, providers, { routeOf: ({ first }) => mirror(first, shadow) });
    const headers = { 'x-own': 'caller' };

    expect(await bench.ask({ options: { headers } })).toMatchObject({
      text: 'first',
      attempts: '1',
    });
    await rowsOf(bench, 2);
    const [own, copy] = [providers.first.requests[0], providers.second.requests[0]];
    expect(copy?.json).toEqual({ ...Object(own?.json), model: 'shadow-model' });
    expect(copy?.path).toBe(own?.path);
    expect(JSON.stringify(copy?.rawHeaders)).toContain('shadow-key');
    expect(copy?.headers['x-own']).toBeUndefined();
    expect(own?.headers['x-own']).toBe('caller');
  });

  it.each([
    ['hangs', { fault: 'hang' }],
    ['hangs after its headers', { fault: 'hang;after=headers' }],
    ['fails', { status: 500 }],
    ['refuses the key', { status: 401 }],
    ['breaks', { fault: 'reset' }],
    ['breaks in its body', { fault: 'reset;bytes=20' }],
    ['answers with a page', { fault: 'html;code=200' }],
  ])('is nothing to its caller, where the shadow %s', async (_, reply) => {
    const guard = new ProcessGuard();
    providers.second.enqueue(reply);
    const bench = setUp(way, providers, mirrored);

    expect(await bench.ask()).toMatchObject({ text: 'first', attempts: '1' });
    await providers.second.waitForRequest();
    const closing = bench.gateway.close({ timeoutMs: 50 });
    if (Object(reply).fault?.startsWith('hang')) bench.clock.advance(50);
    await closing;
    await rowsOf(bench, 2);
    expect(bench.rows.map(({ outcome }) => outcome).sort()).toEqual(['error', 'success']);
    expect(bench.rows.map(tried)).toContainEqual(['first: answered']);
    expect(inFlight(bench.gateway)).toEqual([0, 0]);
    expect(await guard.stop()).toEqual([]);
  });

  it('has a row and a settlement of its own, that name the call', async () => {
    const { tracerProvider, spans, allEnded } = recordSpans();
    const bench = setUp(way, providers, { ...mirrored, telemetry: { tracerProvider } });
    await bench.ask({ options: perCall<object>({ metadata: { user: 'u' } }) });
    const rows = await rowsOf(bench, 2);
    await allEnded();
    const shadow = rows.find((row) => mirrorOf(row) !== undefined);
    const own = rows.find((row) => row !== shadow);

    expect(own?.id).toBe(shadow && mirrorOf(shadow));
    expect([own, shadow]).toMatchObject([
      { outcome: 'success', metadata: { user: 'u' } },
      { outcome: 'success', target: 'second', metadata: { user: 'u' } },
    ]);
    expect(shadow?.usage?.outputTokens).toBeGreaterThan(0);
    expect(bench.settled.map(({ callId }) => callId).sort()).toEqual([own?.id, shadow?.id].sort());
    const roots = spans().filter((span) => span.parentSpanContext === undefined);
    const linked = roots.filter(({ links }) => links.length > 0);
    expect([roots.length, linked.length]).toEqual([2, 1]);
    expect(linked[0]?.links[0]?.context.spanId).toBe(
      roots.find((root) => root !== linked[0])?.spanContext().spanId,
    );
  });

  it('goes on where its caller gives up', async () => {
    const slow = held({ text: 'second' });
    providers.first.enqueue({ fault: 'hang' });
    providers.second.enqueue(slow.reply);
    const bench = setUp(way, providers, mirrored);
    const abort = new AbortController();
    const asking = bench.ask({ signal: abort.signal });
    asking.catch(() => undefined);
    await providers.first.waitForRequest();
    await providers.second.waitForRequest();
    abort.abort();
    await expect(asking).rejects.toBeInstanceOf(way.errors.APIUserAbortError);
    slow.release();

    expect((await rowsOf(bench, 2)).map(tried)).toEqual([['first: aborted'], ['second: answered']]);
    expect(await providers.second.requests[0]?.settled).toBe('finished');
  });

  it('keeps out of the cache, and is not asked for a hit', async () => {
    const bench = setUp(way, providers, { ...mirrored, cache: true });
    const asked = await Promise.all([bench.ask(), bench.ask(), bench.ask()]);
    await rowsOf(bench, 4);
    const hit = await bench.ask();
    await bench.gateway.flush();

    expect([...asked, hit].map(({ text }) => text)).toEqual(['first', 'first', 'first', 'first']);
    expect(providers.second.requests).toHaveLength(1);
    const statuses = bench.rows.map(
      (row) => `${row.cacheStatus}${mirrorOf(row) ? ', shadow' : ''}`,
    );
    expect(statuses.sort()).toEqual(['COALESCED', 'COALESCED', 'HIT', 'MISS', 'null, shadow']);
  });
});

describe('the share of a mirror', () => {
  it.each([
    [0, [0, 0, 0, 0]],
    [0.5, [1, 1, 0, 0]],
    [1, [1, 1, 1, 1]],
    [undefined, [1, 1, 1, 1]],
  ])('of %s is sent that often', async (share, expected) => {
    const draws = [0, 0.49, 0.5, 0.999];
    let draw = 0;
    const clock = { ...hedgeClock(), random: () => draws[draw++ % draws.length] ?? 0 };
    const bench = setUp(json, providers, {
      clock,
      routeOf: ({ first, second }) => mirror(first, second, { share }),
    });
    const seen: number[] = [];
    for (const _ of draws) {
      const before = providers.second.requests.length;
      await bench.ask();
      await until(() => bench.gateway.targets.list().every(({ inFlight: calls }) => calls === 0));
      seen.push(providers.second.requests.length - before);
    }

    expect(seen).toEqual(expected);
  });

  it.each([-0.1, 1.1, Number.NaN, '1' as never])('is none: %s', (share) => {
    expect(() => createGateway({ route: mirror(primary, 'groq/m', { share }) })).toThrow(
      /^gateway\.route\.share: must be from 0 to 1/,
    );
  });
});

describe('closing a gateway', () => {
  it('waits for a shadow', async () => {
    const slow = held();
    providers.second.enqueue(slow.reply);
    const bench = setUp(json, providers, mirrored);
    await bench.ask();
    await providers.second.waitForRequest();
    let isClosed = false;
    const closing = bench.gateway.close({ timeoutMs: 1_000 }).then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    slow.release();
    await closing;

    expect(bench.rows.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
  });

  it('ends a shadow that takes longer', async () => {
    providers.second.enqueue({ fault: 'hang' });
    const bench = setUp(json, providers, mirrored);
    await bench.ask();
    await providers.second.waitForRequest();
    const closing = bench.gateway.close({ timeoutMs: 1_000 });
    bench.clock.advance(1_000);
    await closing;

    expect(await providers.second.requests[0]?.settled).toBe('client-closed');
    expect(await rowsOf(bench, 2)).toMatchObject([{ outcome: 'success' }, { outcome: 'error' }]);
  });

  it('has the row of a shadow that it ended', async () => {
    providers.second.enqueue({ fault: 'hang' });
    const bench = setUp(json, providers, mirrored);
    await bench.ask();
    await providers.second.waitForRequest();
    const closing = bench.gateway.close({ timeoutMs: 1_000 });
    bench.clock.advance(1_000);
    await closing;

    expect(bench.rows).toHaveLength(2);
  });
});

const shadows = () => providers.third.requests.length;

describe('a mirror in a route', () => {
  it('sends nothing in a branch that is not taken', async () => {
    const routes: ((routes: { first: Route; second: Route; third: Route }) => Route)[] = [
      ({ first, second, third }) => fallback(first, mirror(second, third)),
      ({ first, second, third }) =>
        loadBalance([first, mirror(second, third)], { strategy: (all) => all }),
      ({ first, second, third }) => always(first, mirror(second, third)),
    ];
    for (const routeOf of routes) {
      const bench = setUp(json, providers, { routeOf });
      await bench.ask();
      bench.clock.advance(DELAY_MS);
      await bench.gateway.close();
      expect(bench.rows).toHaveLength(1);
    }

    expect(shadows()).toBe(0);
  });

  it('is sent where a fallback is taken', async () => {
    providers.first.enqueue({ status: 500 });
    const bench = setUp(json, providers, {
      routeOf: ({ first, second, third }) => fallback(first, mirror(second, third)),
    });

    expect(await bench.ask()).toMatchObject({ text: 'second' });
    await rowsOf(bench, 2);
    expect(shadows()).toBe(1);
  });

  it('is sent where a hedge is started', async () => {
    providers.first.enqueue({ fault: 'hang' });
    const bench = setUp(json, providers, {
      routeOf: ({ first, second, third }) => always(first, mirror(second, third)),
    });

    expect(await bench.askSlowly()).toMatchObject({ text: 'second' });
    await rowsOf(bench, 2);
    expect(shadows()).toBe(1);
  });

  it('may be around a hedge, and is sent once', async () => {
    providers.first.enqueue({ fault: 'hang' });
    const bench = setUp(json, providers, {
      routeOf: ({ first, second, third }) => mirror(always(first, second), third),
    });

    expect(await bench.askSlowly()).toMatchObject({ text: 'second', attempts: '2' });
    await rowsOf(bench, 2);
    expect(shadows()).toBe(1);
  });

  it.each(['JSON, chat, openai 7', 'a stream, chat, openai 7'])(
    'is sent once, whatever is tried: %s',
    async (name) => {
      const way = wayOf(name);
      providers.first.enqueue({ status: 500 });
      providers.first.enqueue(way.isStream ? { fault: 'reset;after=1' } : { fault: 'reset' });
      providers.first.enqueue({ status: 503 });
      const bench = setUp(way, providers, {
        clients: { first: { maxRetries: 2 } },
        routeOf: ({ first, second, third }) => mirror(fallback(first, second), third),
      });

      expect(await bench.ask()).toMatchObject({ text: 'second' });
      expect((await rowsOf(bench, 2)).map(({ attempts }) => attempts.length).sort()).toEqual([
        1, 4,
      ]);
      expect(shadows()).toBe(1);
    },
  );

  it('is sent to another where its first shadow fails, and does not count in the caller’s attempts', async () => {
    providers.second.enqueue({ status: 500 });
    const bench = setUp(json, providers, {
      maxAttempts: 2,
      routeOf: ({ first, second, third }) => mirror(first, fallback(second, third)),
    });

    expect(await bench.ask()).toMatchObject({ attempts: '1' });
    expect((await rowsOf(bench, 2)).map(tried)).toEqual([
      ['first: answered'],
      ['second: status', 'third: answered'],
    ]);
  });

  it('is nothing to its caller where the shadow has no client', async () => {
    const bench = setUp(json, providers, {
      routeOf: ({ first }) =>
        mirror(
          first,
          target({
            name: 'none',
            client: () => {
              throw new Error('no key');
            },
          }),
        ),
    });

    expect(await bench.ask()).toMatchObject({ text: 'first' });
    expect(await rowsOf(bench, 2)).toContainEqual(
      expect.objectContaining({ outcome: 'error', attempts: [] }),
    );
  });

  it('may have the caller’s own client for its shadow', async () => {
    const bench = setUp(json, providers, {
      routeOf: ({ first, second }) => mirror(second, first),
    });

    expect(await bench.ask()).toMatchObject({ text: 'second' });
    await rowsOf(bench, 2);
    expect(providers.first.requests).toHaveLength(1);
  });

  it('is not sent a body that can be sent once', async () => {
    const shadow = target({ name: 'shadow', client: json.client(providers.second) });
    const gateway = createGateway({ route: mirror(primary, shadow) });
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: providers.first.baseURL }));
    const bytes = new TextEncoder().encode('{"model":"m","messages":[]}');
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };
    let settlements = 0;
    gateway.on('settled', () => {
      settlements += 1;
    });
    await client.post('/chat/completions', { body, headers });
    await gateway.close();

    expect(settlements).toBe(1);
    expect(providers.second.requests).toHaveLength(0);
  });
});

describe('interceptors of the call ring', () => {
  const prompt: Interceptor = async function prompt(request, next) {
    const body = Object(request.body);
    const messages = [{ role: 'system', content: 'be kind' }, ...body.messages];
    return next({ ...request, headers: { 'x-by': 'prompt' }, body: { ...body, messages } });
  };

  it('have passed what a shadow is sent, once', async () => {
    let count = 0;
    const counted: Interceptor = async function counted(request, next, context) {
      count += 1;
      return prompt(request, next, context);
    };
    const bench = setUp(json, providers, { ...mirrored, interceptors: [counted] });
    await bench.ask();
    await rowsOf(bench, 2);

    expect(providers.second.requests[0]?.json).toEqual(providers.first.requests[0]?.json);
    expect(count).toBe(1);
  });

  it('have made of the body what a shadow is sent', async () => {
    let isFirst = true;
    const once: Interceptor = async function once(request, next, context) {
      if (!isFirst) return next(request);
      isFirst = false;
      return prompt(request, next, context);
    };
    const bench = setUp(json, providers, { ...mirrored, interceptors: [once] });
    await bench.ask();
    await rowsOf(bench, 2);

    expect(Object(providers.second.requests[0]?.json).messages).toHaveLength(2);
    expect(providers.second.requests[0]?.json).toEqual(providers.first.requests[0]?.json);
  });

  it('of attempts are run for a shadow’s, too', async () => {
    const seen: unknown[] = [];
    const watch: Interceptor = async function watch(request, next, context) {
      seen.push(context.id);
      return next(request);
    };
    const bench = setUp(json, providers, { ...mirrored, attemptInterceptors: [watch] });
    await bench.ask();
    const rows = await rowsOf(bench, 2);

    expect(seen.sort()).toEqual(rows.map(({ id }) => id).sort());
  });
});
