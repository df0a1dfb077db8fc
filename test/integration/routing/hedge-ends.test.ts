import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  attemptsOf,
  createGateway,
  fallback,
  hedge,
  type LogRow,
  perCall,
  primary,
  settlementOf,
  target,
} from 'zerohop';
import type { FakeProvider } from 'zerohop/testing';
import { until } from '../../contract/faults/harness/origin.js';
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
import { type Asking, type Told, type Way, wayOf, ways } from './support/ways.js';

const providers = useProviders();
const json = wayOf('JSON, chat, openai 7');

/** A call that two targets are asked for, neither of which answers. */
async function askBoth(
  way: Way,
  asking: Asking = {},
  options: HedgeSetUp = {},
): Promise<HedgeBench & { readonly asking: Promise<Told> }> {
  providers.first.enqueue({ fault: way.isStream ? 'hang;after=1' : 'hang' });
  providers.second.enqueue({ fault: 'hang;after=headers' });
  const bench = setUp(way, providers, options);
  const call = bench.ask(asking);
  // It is awaited by the test.
  call.catch(() => undefined);
  await providers.first.waitForRequest();
  bench.clock.advance(DELAY_MS);
  await providers.second.waitForRequest();
  return { ...bench, asking: call };
}

const outcomesOf = (all: readonly FakeProvider[]) =>
  Promise.all(all.flatMap(({ requests }) => requests.map(({ settled }) => settled)));
const bothGone = () => outcomesOf([providers.first, providers.second]);

describe.each(ways)('a call that two are asked for: $name', (way) => {
  it('ends with its caller’s abort, at both', async () => {
    const abort = new AbortController();
    const { asking, rows, gateway } = await askBoth(way, { signal: abort.signal });
    abort.abort();

    await expect(asking).rejects.toBeInstanceOf(way.errors.APIUserAbortError);
    expect(await bothGone()).toEqual(['client-closed', 'client-closed']);
    expect(rows.map(tried)).toEqual([['first: aborted', 'second: aborted']]);
    expect(rows[0]?.outcome).toBe('aborted');
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('ends with its deadline, at both', async () => {
    const options = perCall<object>({ timeouts: { total: 10 * DELAY_MS } });
    const { asking, rows, gateway, clock } = await askBoth(way, { options });
    clock.advance(10 * DELAY_MS);
    const error = await asking.catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(way.errors.APIError);
    expect(attemptsOf(error).map(({ failure }) => failure?.kind)).toEqual(['deadline', 'deadline']);
    expect(await bothGone()).toEqual(['client-closed', 'client-closed']);
    expect(rows[0]?.outcome).toBe('error');
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('ends with its gateway, at both', async () => {
    const { asking, rows, gateway, clock } = await askBoth(way);
    const closing = gateway.close({ timeoutMs: DELAY_MS });
    clock.advance(DELAY_MS);

    await expect(asking).rejects.toMatchObject({ status: 503, code: 'zerohop_closed' });
    await closing;
    expect(await bothGone()).toEqual(['client-closed', 'client-closed']);
    expect(rows).toHaveLength(1);
  });
});

describe.each(ways.filter(({ isStream }) => isStream))('a hedged stream: $name', (way) => {
  const text = 'one two three four five six';

  it('is left by its caller, and nothing of it goes on', async () => {
    providers.first.enqueue({ fault: 'hang;after=headers' });
    providers.second.enqueue({ text, fault: 'hang;after=6' });
    const { askSlowly, rows, gateway } = setUp(way, providers);
    await askSlowly({ onText: () => 'break' });

    expect(await bothGone()).toEqual(['client-closed', 'client-closed']);
    expect(rows.map(tried)).toEqual([['first: aborted hedge_lost', 'second: aborted']]);
    expect(rows[0]?.outcome).toBe('aborted');
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('ends with its caller’s abort after it was handed over', async () => {
    const abort = new AbortController();
    providers.first.enqueue({ fault: 'hang;after=headers' });
    providers.second.enqueue({ text, fault: 'hang;after=6' });
    const { askSlowly } = setUp(way, providers);
    const onText = () => {
      abort.abort();
      return undefined;
    };
    const ended = askSlowly({ signal: abort.signal, onText }).then(
      () => 'ended',
      (error: unknown) => error,
    );

    // The SDKs end a loop whose stream was aborted.
    expect(await ended).toBe('ended');
    expect(await outcomesOf([providers.second])).toEqual(['client-closed']);
  });

  it('is closed and settled where nobody reads it, once it is collected', async () => {
    const rows: LogRow[] = [];
    const clock = hedgeClock();
    const second = target({ name: 'second', client: way.client(providers.second) });
    const log = (row: LogRow) => void rows.push(row);
    const gateway = createGateway({ clock, log, route: always(primary, second) });
    providers.first.enqueue({ fault: 'hang' });
    providers.second.enqueue({ text, fault: 'hang;after=6' });
    const leave = async () => {
      const leaving = way.leaver(way.client(providers.first), gateway)();
      await providers.first.waitForRequest();
      clock.advance(DELAY_MS);
      await leaving;
    };
    await leave();
    await until(() => {
      globalThis.gc?.();
      return rows.length === 1;
    });

    expect(rows.map(tried)).toEqual([['first: aborted hedge_lost', 'second: aborted']]);
    expect(await bothGone()).toEqual(['client-closed', 'client-closed']);
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('breaks with an error after its first content, and nobody else is asked', async () => {
    providers.first.enqueue({ fault: 'hang;after=headers' });
    providers.second.enqueue({ text, fault: 'reset;after=6' });
    const { askSlowly, rows } = setUp(way, providers, {
      routeOf: ({ first, second, third }) => fallback(always(first, second), third),
    });

    await expect(askSlowly()).rejects.toBeInstanceOf(way.errors.APIError);
    expect(providers.third.requests).toHaveLength(0);
    expect(rows[0]?.attempts).toHaveLength(2);
  });
});

describe('a hedge', () => {
  it('is not started where the call has made all the requests it may', async () => {
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    const { ask, clock } = setUp(json, providers, { maxAttempts: 1 });
    const asking = ask();
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    slow.release();

    expect(await asking).toMatchObject({ text: 'first', attempts: '1' });
    expect(providers.second.requests).toHaveLength(0);
  });

  it('is not started where the one request is still being prepared', async () => {
    const client = Promise.withResolvers<object>();
    const opening = Promise.withResolvers<void>();
    const { ask, clock } = setUp(json, providers, {
      maxAttempts: 1,
      routeOf: ({ second }) =>
        always(
          target({
            name: 'tenant',
            client: () => {
              opening.resolve();
              return client.promise;
            },
          }),
          second,
        ),
    });
    const asking = ask();
    await opening.promise;
    clock.advance(DELAY_MS);
    client.resolve(json.client(providers.first));

    expect(await asking).toMatchObject({ text: 'first', target: 'tenant', attempts: '1' });
    expect(providers.second.requests).toHaveLength(0);
  });

  it('does not wait for a client that never comes', async () => {
    const opening = Promise.withResolvers<void>();
    const never = target({
      name: 'tenant',
      client: () => {
        opening.resolve();
        return new Promise<object>(() => undefined);
      },
    });
    const { ask, clock, gateway, rows } = setUp(json, providers, {
      routeOf: ({ second }) => always(never, second),
    });
    const asking = ask();
    await opening.promise;
    clock.advance(DELAY_MS);

    expect(await asking).toMatchObject({ text: 'second', attempts: '1' });
    expect(rows.map(tried)).toEqual([['second: answered']]);
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('does not send a body twice that can be sent once', async () => {
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    const clock = hedgeClock();
    const second = target({ name: 'second', client: json.client(providers.second) });
    const gateway = createGateway({ clock, route: always(primary, second) });
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: providers.first.baseURL }));
    const bytes = new TextEncoder().encode('{"model":"m","messages":[]}');
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };
    const asking = client.post<OpenAI.ChatCompletion>('/chat/completions', { body, headers });
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    slow.release();

    expect((await settlementOf(await asking)).attempts).toHaveLength(1);
    expect(providers.second.requests).toHaveLength(0);
  });

  it('may ask the same client again, also while that still prepares the first', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let count = 0;
    class Preparing extends OpenAI {
      protected override async prepareOptions(): Promise<void> {
        const own = count;
        count += 1;
        begun[own]?.resolve();
        await gates[own]?.promise;
      }
    }
    const clock = hedgeClock();
    const gateway = createGateway({ clock, route: always(primary, primary) });
    const { baseURL } = providers.first;
    const client = gateway.wrap(new Preparing({ apiKey: 'k', baseURL, maxRetries: 0 }));
    providers.first.enqueue({ fault: 'hang' });
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const asking = client.chat.completions.create({ model: 'm', messages });
    asking.catch(() => undefined);
    await begun[0]?.promise;
    clock.advance(DELAY_MS);
    await begun[1]?.promise;
    gates[0]?.resolve();
    await providers.first.waitForRequest(1);
    gates[1]?.resolve();
    const settlement = await settlementOf(await asking);

    expect(tried(settlement)).toEqual(['first: aborted hedge_lost', 'first: answered']);
    expect(await outcomesOf([providers.first])).toEqual(['client-closed', 'finished']);
    expect(inFlight(gateway)).toEqual([0]);
  });

  it.each([
    [
      'a hedge within a hedge',
      () => hedge(hedge('groq/m', primary), primary),
      /^gateway\.route\.first: is a hedge within/,
    ],
    [
      'one deeper down',
      () => hedge(primary, fallback('groq/m', hedge(primary, 'groq/n'))),
      /^gateway\.route\.second\[1\]: is a hedge within/,
    ],
    [
      'a delay that is none',
      () => hedge(primary, 'groq/m', { after: -1 }),
      /^gateway\.route\.options\.after: /,
    ],
    [
      'a delay that no timer can wait',
      () => hedge(primary, 'groq/m', { after: 2 ** 31 }),
      /^gateway\.route\.options\.after: /,
    ],
    [
      'a share above 1',
      () => fallback(hedge(primary, 'groq/m', { share: 1.1 })),
      /^gateway\.route\[0\]\.options\.share: .*1\.1/,
    ],
    [
      'an unknown option',
      () => hedge(primary, 'groq/m', Object({ delay: 5 })),
      /^gateway\.route\.options\.delay: unknown option/,
    ],
    [
      'no second way',
      () => ({ ...hedge(primary, primary), second: undefined }) as never,
      /^gateway\.route\.second: must be/,
    ],
  ])('is refused with its path: %s', (_name, routeOf, message) => {
    expect(() => createGateway({ route: routeOf() })).toThrow(message);
  });

  it('may be beside another one', () => {
    const one = hedge(primary, 'groq/m');
    expect(() => createGateway({ route: fallback(one, hedge('groq/n', primary)) })).not.toThrow();
  });
});
