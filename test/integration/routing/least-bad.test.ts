import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { fallback, type GatewayOptions, loadBalance, type Route } from 'zerohop';
import { always, DELAY_MS, held, inFlight, setUp, tried, useProviders } from './support/hedging.js';
import { wayOf, ways } from './support/ways.js';

const providers = useProviders();
const json = wayOf('JSON, chat, openai 7');

const inTurn = ({ first, second, third }: { first: Route; second: Route; third: Route }) =>
  fallback(first, second, third);
const leastBad: GatewayOptions = { breaker: { allOpen: 'least-bad', jitter: 0 } };

/** Three targets, whose breakers were opened a second apart: the second’s, the first’s, the third’s. */
async function allOpen(way = json, options: GatewayOptions = leastBad) {
  const bench = setUp(way, providers, { routeOf: inTurn, ...options });
  await bench.ask();
  const { targets } = bench.gateway;
  const names = targets.list().map(({ name }) => name);
  const order = [
    [providers.second, 'second'],
    [providers.first, names[0] ?? ''],
    [providers.third, 'third'],
  ] as const;
  for (const [provider, only] of order) {
    for (const name of names) targets[name === only ? 'enable' : 'disable'](name);
    provider.enqueue({ status: 500 }, { times: 5 });
    for (let call = 0; call < 5; call += 1) await bench.ask().catch(() => undefined);
    bench.clock.advance(1_000);
  }
  for (const name of names) targets.enable(name);
  for (const [provider] of order) provider.reset();
  const states = () => targets.list().map(({ state }) => state);
  expect(states()).toEqual(['open', 'open', 'open']);
  return { ...bench, states, names };
}
const asked = () =>
  [providers.first, providers.second, providers.third].map(({ requests }) => requests.length);

describe.each(ways)('where every breaker is open: $name', (way) => {
  it('asks the one that would be asked again first, whose success closes its breaker', async () => {
    const { ask, states, rows } = await allOpen(way);

    expect(await ask()).toMatchObject({ text: 'second', target: 'second', attempts: '1' });
    expect(states()).toEqual(['open', 'closed', 'open']);
    expect(rows.at(-1)?.decisions.map(({ kind }) => kind)).toEqual([
      'target-skipped',
      'target-skipped',
      'target-skipped',
      'target-chosen',
      'least-bad',
    ]);
    expect(await ask()).toMatchObject({ text: 'second' });
    expect(asked()).toEqual([0, 2, 0]);
  });

  it('is told its error, where that one fails, and asks nobody else', async () => {
    const { ask, states, gateway, rows } = await allOpen(way);
    providers.second.enqueue({ status: 418 });
    const error = await ask().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(way.errors.APIError);
    expect(error).toMatchObject({ status: 418 });
    expect(asked()).toEqual([0, 1, 0]);
    expect(states()).toEqual(['open', 'open', 'open']);
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
    expect(rows.slice(-1).map(tried)).toEqual([['second: status']]);
  });

  it('holds nothing of a target that a limit keeps it from', async () => {
    // As many as are made until here: the one that all start with, and fifteen that fail.
    const rateLimit = { requestsPerDay: 16, burst: 1, onLimit: 'reject' } as const;
    const { ask, gateway } = await allOpen(way, { ...leastBad, rateLimit });

    await expect(ask()).rejects.toMatchObject({ status: 429, code: 'zerohop_rate_limited' });
    expect(asked()).toEqual([0, 0, 0]);
    expect(inFlight(gateway)).toEqual([0, 0, 0]);
  });

  it('is told why, unless it is asked for, and nobody is asked', async () => {
    const { ask, rows, clock } = await allOpen(way, { breaker: { jitter: 0 } });
    clock.advance(1_000);
    const error = await ask().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(way.errors.APIError);
    expect(error).toMatchObject({
      status: 503,
      code: 'zerohop_no_target',
      cause: {
        // The second was the first to open, four seconds ago.
        retryAfterMs: 26_000,
        targets: [
          { reason: 'open', retryAfterMs: 27_000 },
          { target: 'second', reason: 'open', retryAfterMs: 26_000 },
          { target: 'third', reason: 'open', retryAfterMs: 28_000 },
        ],
      },
    });
    expect(Object(error).headers.get('retry-after-ms')).toBe('26000');
    expect(String(error)).toContain('second: open, again in 26000 ms');
    expect(asked()).toEqual([0, 0, 0]);
    expect(rows.at(-1)?.attempts).toEqual([]);
  });
});

describe('the least bad', () => {
  it('is not retried', async () => {
    const { ask } = await allOpen();
    providers.second.enqueue({ status: 500 }, { times: 5 });
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.InternalServerError);

    expect(asked()).toEqual([0, 1, 0]);
  });

  it('is none that is disabled', async () => {
    const { ask, gateway, names } = await allOpen();
    gateway.targets.disable('second');
    expect(await ask()).toMatchObject({ text: 'first' });
    for (const name of names) gateway.targets.disable(name);

    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'zerohop_no_target' });
  });

  it('is one whose key was refused, where there is nobody else', async () => {
    const { ask, gateway } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ second }) => second,
    });
    providers.second.enqueue({ status: 401 });
    await ask().catch(() => undefined);
    expect(gateway.targets.list()[0]?.state).toBe('dead');

    expect(await ask()).toMatchObject({ text: 'second' });
    expect(gateway.targets.list()[0]?.state).toBe('closed');
  });

  it('is nobody who asked to be left alone', async () => {
    const headers = { 'retry-after': '200' };
    const { ask, gateway } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ second }) => second,
    });
    providers.second.enqueue({ status: 429, headers });
    await ask().catch(() => undefined);

    expect(gateway.targets.list()[0]?.state).toBe('closed');
    await expect(ask()).rejects.toMatchObject({
      status: 503,
      code: 'zerohop_no_target',
      cause: { targets: [{ target: 'second', reason: 'not_before', retryAfterMs: 200_000 }] },
    });
    expect(asked()).toEqual([0, 1, 0]);
  });

  it('is nobody who asked to be left alone, and whose breaker is open', async () => {
    const { ask, gateway } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ second }) => second,
    });
    providers.second.enqueue({ status: 500 }, { times: 4 });
    providers.second.enqueue({ status: 503, headers: { 'retry-after': '200' } });
    for (let call = 0; call < 5; call += 1) await ask().catch(() => undefined);
    expect(gateway.targets.list()[0]?.state).toBe('open');

    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'zerohop_no_target' });
  });

  it('is asked on either way of a hedge', async () => {
    const { ask, gateway, clock } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ first, second }) => always(first, second),
    });
    for (const provider of [providers.first, providers.second]) {
      provider.enqueue({ status: 500 }, { times: 5 });
    }
    for (let call = 0; call < 5; call += 1) await ask().catch(() => undefined);
    expect(gateway.targets.list().map(({ state }) => state)).toEqual(['open', 'open']);
    clock.advance(DELAY_MS);

    expect(await ask()).toMatchObject({ text: 'first', attempts: '1' });
  });

  it('is not asked beside a first that is only slow', async () => {
    const slow = held({ text: 'first' });
    const { ask, clock, gateway } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ first, second }) => always(first, second),
    });
    providers.first.enqueue({ status: 500 });
    providers.second.enqueue({ status: 401 });
    await ask().catch(() => undefined);
    expect(gateway.targets.list().map(({ state }) => state)).toEqual(['closed', 'dead']);
    providers.first.enqueue(slow.reply);
    const asking = ask();
    await providers.first.waitForRequest(2);
    clock.advance(DELAY_MS);
    slow.release();

    expect(await asking).toMatchObject({ text: 'first', attempts: '1' });
    expect(asked()).toEqual([2, 1, 0]);
  });

  it('is one of a balanced group', async () => {
    const { ask, gateway } = setUp(json, providers, {
      ...leastBad,
      routeOf: ({ second, third }) => loadBalance([second, third], { strategy: 'weighted' }),
    });
    for (const provider of [providers.second, providers.third]) {
      provider.enqueue({ status: 500 }, { times: 5 });
    }
    for (let call = 0; call < 5; call += 1) await ask().catch(() => undefined);
    expect(gateway.targets.list().map(({ state }) => state)).toEqual(['open', 'open']);

    expect((await ask()).attempts).toBe('1');
  });
});
