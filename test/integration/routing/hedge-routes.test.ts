import { describe, expect, it } from 'vitest';
import {
  canary,
  createGateway,
  fallback,
  hedge,
  type Interceptor,
  loadBalance,
  perCall,
  primary,
  target,
  when,
} from 'zerohop';
import { settle } from '../cache/gated-provider.js';
import {
  always,
  DELAY_MS,
  type HedgeBench,
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
const requests = () =>
  [providers.first, providers.second, providers.third].map((provider) => provider.requests.length);
const kindsOf = ({ rows }: HedgeBench) =>
  rows.flatMap(({ decisions }) => decisions.map(({ kind }) => kind));

const noClient = () => Promise.reject(new Error('none'));

describe('a hedge in a route', () => {
  it('is one of a balanced group', async () => {
    const bench = setUp(json, providers, {
      routeOf: ({ first, second, third }) =>
        loadBalance([always(first, second), third], { strategy: (all) => all }),
    });
    providers.first.enqueue({ fault: 'hang' });
    expect(await bench.askSlowly()).toMatchObject({ text: 'second', attempts: '2' });

    providers.first.enqueue({ status: 500 });
    providers.second.enqueue({ status: 500 });
    expect(await bench.ask()).toMatchObject({ text: 'third', attempts: '3' });
    expect(inFlight(bench.gateway)).toEqual([0, 0, 0]);
  });

  it('has a balanced group for its first, each of which may be slow', async () => {
    providers.first.enqueue({ status: 500 });
    providers.second.enqueue({ fault: 'hang' });
    const bench = setUp(json, providers, {
      routeOf: ({ first, second, third }) =>
        always(loadBalance([first, second], { strategy: (all) => all }), third),
    });
    const asking = bench.ask();
    await providers.second.waitForRequest();
    bench.clock.advance(DELAY_MS);

    expect(await asking).toMatchObject({ text: 'third', attempts: '3' });
    expect(bench.rows.map(tried)).toEqual([
      ['first: status', 'second: aborted hedge_lost', 'third: answered'],
    ]);
  });

  it('has a fallback for its second, which is asked in turn', async () => {
    providers.first.enqueue({ fault: 'hang' });
    providers.second.enqueue({ status: 500 });
    const { askSlowly, rows } = setUp(json, providers, {
      routeOf: ({ first, second, third }) => always(first, fallback(second, third)),
    });

    expect(await askSlowly()).toMatchObject({ text: 'third', target: 'third', attempts: '3' });
    expect(rows[0]?.decisions).toContainEqual({
      kind: 'hedge-answered',
      detail: { target: 'third' },
    });
  });

  it('asks its second once, however many of the first are slow', async () => {
    const slow = held({ status: 500 });
    providers.first.enqueue(slow.reply);
    providers.second.enqueue({ status: 500 });
    providers.third.enqueue({ fault: 'hang;after=headers' });
    const abort = new AbortController();
    const { ask, clock, rows } = setUp(json, providers, {
      routeOf: ({ first, second, third }) =>
        always(loadBalance([first, third], { strategy: (all) => all }), second),
    });
    const asking = ask({ signal: abort.signal }).catch(() => 'aborted');
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    await (await providers.second.waitForRequest()).settled;
    slow.release();
    await providers.third.waitForRequest();
    clock.advance(DELAY_MS);
    abort.abort();

    expect(await asking).toBe('aborted');
    expect(requests()).toEqual([1, 1, 1]);
    expect(
      rows[0]?.decisions.filter(({ kind }) => kind === 'hedge').map(({ detail }) => detail?.asked),
    ).toEqual([true, false]);
  });

  it('asks the second alone where the first is known to fail', async () => {
    const bench = setUp(json, providers);
    await bench.ask();
    bench.gateway.targets.disable(bench.gateway.targets.list()[0]?.name ?? '');

    expect(await bench.ask()).toMatchObject({ text: 'second', attempts: '1' });
    expect(kindsOf(bench)).not.toContain('hedge');
  });

  it('waits on for the first where the second cannot be asked', async () => {
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    const bench = setUp(json, providers);
    bench.gateway.targets.disable('second');
    const asking = bench.ask();
    await providers.first.waitForRequest();
    bench.clock.advance(DELAY_MS);
    slow.release();

    expect(await asking).toMatchObject({ text: 'first', attempts: '1' });
    expect(requests()).toEqual([1, 0, 0]);
  });

  it('waits on for the first where the second has no client', async () => {
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    const bench = setUp(json, providers, {
      routeOf: ({ first }) => always(first, target({ name: 'none', client: noClient })),
    });
    const asking = bench.ask();
    await providers.first.waitForRequest();
    bench.clock.advance(DELAY_MS);
    slow.release();

    expect(await asking).toMatchObject({ text: 'first', attempts: '1' });
    expect(kindsOf(bench)).toContain('target-skipped');
  });

  it('is left as a canary for the stable one where both of it fail', async () => {
    providers.second.enqueue({ status: 500 });
    providers.third.enqueue({ status: 500 });
    const { ask } = setUp(json, providers, {
      routeOf: ({ second, third }) => canary(1, always(second, third)),
    });

    expect(await ask()).toMatchObject({ text: 'first', attempts: '3' });
  });

  it('lists why nobody could be asked, of both its ways', async () => {
    const { ask, gateway } = setUp(json, providers, {
      routeOf: ({ third }) => always(target({ name: 'none', client: noClient }), third),
    });
    gateway.targets.disable('third');
    const error = await ask().catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ status: 503, code: 'zerohop_no_target' });
    expect(String(error)).toMatch(/none: \w+; third: disabled/);
  });
});

describe.each(ways)('identical calls under way, with a cache: $name', (way) => {
  it('share one hedge, whose answer is a hit from then on', async () => {
    providers.first.enqueue({ fault: 'hang' });
    const { ask, clock, rows } = setUp(way, providers, { cache: true });
    const asking = Array.from({ length: 5 }, () => ask());
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    const texts = (await Promise.all(asking)).map(({ text }) => text);

    expect(texts).toEqual(Array.from({ length: 5 }, () => 'second'));
    expect(await ask()).toMatchObject({ text: 'second', target: 'second' });
    expect(requests()).toEqual([1, 1, 0]);
    expect(rows.map(({ cacheStatus }) => cacheStatus).sort()).toEqual([
      ...Array.from({ length: 4 }, () => 'COALESCED'),
      'HIT',
      'MISS',
    ]);
    expect(rows.flatMap(tried)).toEqual(['first: aborted hedge_lost', 'second: answered']);
  });

  it('have a hit of the first’s answer, too', async () => {
    const { ask } = setUp(way, providers, { cache: true });

    expect([await ask(), await ask()]).toMatchObject([{ text: 'first' }, { text: 'first' }]);
    expect(requests()).toEqual([1, 0, 0]);
  });

  it('go on with both for whoever is left', async () => {
    const abort = new AbortController();
    providers.first.enqueue({ fault: 'hang' });
    const slow = held({ text: 'second' });
    providers.second.enqueue(slow.reply);
    const { ask, clock } = setUp(way, providers, { cache: true });
    const leaving = ask({ signal: abort.signal });
    const staying = ask();
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    await providers.second.waitForRequest();
    abort.abort();
    await expect(leaving).rejects.toBeInstanceOf(way.errors.APIUserAbortError);
    slow.release();

    expect(await staying).toMatchObject({ text: 'second' });
    expect(requests()).toEqual([1, 1, 0]);
  });

  it('close both once nobody is left', async () => {
    const abort = new AbortController();
    providers.first.enqueue({ fault: 'hang' });
    providers.second.enqueue({ fault: 'hang' });
    const { ask, clock, gateway } = setUp(way, providers, { cache: true });
    const asking = [ask({ signal: abort.signal }), ask({ signal: abort.signal })];
    for (const one of asking) one.catch(() => undefined);
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    await providers.second.waitForRequest();
    abort.abort();

    for (const one of asking) {
      await expect(one).rejects.toBeInstanceOf(way.errors.APIUserAbortError);
    }
    expect(await providers.first.requests[0]?.settled).toBe('client-closed');
    expect(await providers.second.requests[0]?.settled).toBe('client-closed');
    expect(inFlight(gateway)).toEqual([0, 0]);
  });
});

describe.each(ways)('attempt interceptors around a hedge: $name', (way) => {
  it('see each attempt once, with a signal of its own', async () => {
    const seen: { attempt: number; signal: AbortSignal }[] = [];
    const watch: Interceptor = async function watch(request, next, context) {
      seen.push({ attempt: context.attempt, signal: context.signal });
      return next(request);
    };
    providers.first.enqueue({ fault: 'hang;after=headers' });
    const { askSlowly } = setUp(way, providers, { attemptInterceptors: [watch] });

    expect(await askSlowly()).toMatchObject({ text: 'second' });
    expect(seen.map(({ attempt, signal }) => [attempt, signal.aborted])).toEqual([
      [0, true],
      [1, false],
    ]);
  });

  it('may hang in the first, which is given up then', async () => {
    const entered = Promise.withResolvers<void>();
    const stuck: Interceptor = async function stuck(request, next, context) {
      if (context.attempt > 0) return next(request);
      entered.resolve();
      return new Promise<Response>(() => undefined);
    };
    const { ask, clock, rows, gateway } = setUp(way, providers, { attemptInterceptors: [stuck] });
    const asking = ask();
    await entered.promise;
    clock.advance(DELAY_MS);

    expect(await asking).toMatchObject({ text: 'second' });
    expect(rows.map(tried)).toEqual([['first: aborted hedge_lost', 'second: answered']]);
    expect(inFlight(gateway)).toEqual([0, 0]);
  });
});

describe('a hedge whose first waits its turn at a limit', () => {
  /** A hedge, one request at a time for each model, and a call that holds the first one's. */
  const waiting = async () => {
    const other = target({ name: 'other', client: json.client(providers.second), model: 'other' });
    const bench = setUp(json, providers, {
      rateLimit: { concurrency: 1, perModel: true },
      routeOf: ({ first }) =>
        when(
          ({ context }) => context.metadata.isHolding === true,
          first,
          hedge(first, other, { share: 1 }),
        ),
    });
    // By the clock of these tests they take no time.
    for (let call = 0; call < 20; call += 1) await bench.ask();
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    const options = perCall<object>({ metadata: { isHolding: true } });
    const holding = bench.ask({ options });
    await providers.first.waitForRequest(21);
    const askSlowly = async () => {
      const asking = bench.ask();
      await settle();
      bench.clock.advance(5_000);
      return asking;
    };
    const release = async () => {
      slow.release();
      await holding;
    };
    return { ...bench, askSlowly, release };
  };

  it('is answered by the second, and gives up its place', async () => {
    const { ask, askSlowly, release, rows, gateway } = await waiting();

    expect(await askSlowly()).toMatchObject({ text: 'second', attempts: '1' });
    expect(rows.slice(-1).map(tried)).toEqual([['other: answered']]);
    await release();
    expect(await ask()).toMatchObject({ text: 'first' });
    expect(inFlight(gateway)).toEqual([0, 0]);
    expect(providers.first.requests).toHaveLength(22);
  });

  it('does not take that for the time of an answer', async () => {
    const { ask, askSlowly, release, clock } = await waiting();
    for (let call = 0; call < 10; call += 1) await askSlowly();
    await release();
    providers.first.enqueue({ fault: 'hang' });
    const asking = ask();
    await providers.first.waitForRequest(22);
    clock.advance(DELAY_MS);

    expect(await asking).toMatchObject({ text: 'second', attempts: '2' });
  });
});

it('an interceptor that hangs in the first ends the call, once the second has failed', async () => {
  const stuckIn = Promise.withResolvers<void>();
  const stuck: Interceptor = async function stuck(request, next, context) {
    if (context.attempt > 0) return next(request);
    stuckIn.resolve();
    return new Promise<Response>(() => undefined);
  };
  const timeout = 10 * DELAY_MS;
  providers.second.enqueue({ status: 500 });
  const { ask, clock } = setUp(json, providers, {
    attemptInterceptors: [stuck],
    clients: { first: { timeout }, second: { timeout } },
  });
  const ended = ask().catch((error: unknown) => error);
  await stuckIn.promise;
  clock.advance(DELAY_MS);
  await (await providers.second.waitForRequest()).settled;
  await settle();
  for (let times = 0; times < 5; times += 1) clock.advance(timeout);

  expect(await Promise.race([ended, settle()])).toMatchObject({ code: 'zerohop_interceptor' });
});

describe('a hedge at the second door', () => {
  it.each([false, true])('is answered by the second; as a stream: %s', async (stream) => {
    const clock = hedgeClock();
    const second = target({ name: 'second', client: json.client(providers.second) });
    const gateway = createGateway({ clock, route: always(primary, second) });
    providers.first.enqueue({ fault: 'hang' });
    const body = { model: 'm', stream, messages: [{ role: 'user', content: 'hi' }] };
    const asking = gateway.fetch(`${providers.first.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer k' },
      body: JSON.stringify(body),
    });
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    const response = await asking;

    expect(await response.text()).toContain('second');
    expect(response.headers.get('x-zerohop-target')).toBe('second');
    expect(await providers.first.requests[0]?.settled).toBe('client-closed');
  });
});
