import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type Gateway,
  type GatewayOptions,
  hedge,
  perCall,
  primary,
  type RateLimitOptions,
  target,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';

let first: FakeProvider;
let second: FakeProvider;
beforeAll(async () => {
  first = await startFakeProvider({ reply: { text: 'first' } });
  second = await startFakeProvider({ reply: { text: 'second' } });
});
beforeEach(() => {
  first.reset();
  second.reset();
});
afterAll(async () => {
  await first.close();
  await second.close();
});

const clientOf = (provider: FakeProvider, maxRetries = 0) =>
  new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries });
const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };

function setUp(options: GatewayOptions, maxRetries = 0) {
  const clock = handClock();
  const gateway = createGateway({ clock, ...options });
  const client = gateway.wrap(clientOf(first, maxRetries));
  const ask = async (given: Parameters<typeof perCall>[0] = {}, signal?: AbortSignal) => {
    const answer = await client.chat.completions.create(body, { ...perCall(given), signal });
    return answer.choices[0]?.message.content;
  };
  return { clock, gateway, client, ask };
}

/** Lets the limiter, its line and the provider do what they can do without the clock. */
async function untilAsked(provider: FakeProvider, count: number): Promise<void> {
  while (provider.requests.length < count) await new Promise((resolve) => setImmediate(resolve));
}

const runningIn = (gateway: Gateway) => gateway.stats().limits[0]?.running ?? 0;

async function untilQueued(gateway: Gateway, count: number): Promise<void> {
  const queued = () => gateway.stats().limits[0]?.queued;
  while (queued() !== count) await new Promise((resolve) => setImmediate(resolve));
}

/** How much a limit of 60,000 tokens a minute lacks of being full: as long as one that needs all of it would wait. */
async function missingIn(gateway: Gateway, client: OpenAI): Promise<number> {
  const all = { ...body, model: 'another', max_tokens: 1_000_000 };
  const { limits } = await gateway.explain({ client, operation: 'chat', body: all });
  return limits[0]?.waitMs ?? 0;
}

/** Fails, and is to be asked again at once. */
const again = { status: 500, headers: { 'retry-after-ms': '0' } };

/** Fails, and is not to be asked again. */
const final = { status: 500, headers: { 'x-should-retry': 'false' } };

const limited = (rateLimit: RateLimitOptions) => ({ rateLimit });

describe('a rate limit of the application', () => {
  it('lets no more than its rate pass, in turn', async () => {
    const { clock, ask } = setUp(limited({ requestsPerSecond: 10 }));
    const order: number[] = [];
    const calls = Array.from({ length: 4 }, (_, index) => ask().then(() => order.push(index)));
    await untilAsked(first, 1);
    for (let passed = 2; passed <= 4; passed += 1) {
      clock.advance(99);
      expect(first.requests).toHaveLength(passed - 1);
      clock.advance(1);
      await untilAsked(first, passed);
    }
    await Promise.all(calls);

    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('lets a call that is aborted leave the line at once, and never sends it', async () => {
    const { clock, ask } = setUp(limited({ requestsPerSecond: 10 }));
    await ask();
    const controller = new AbortController();
    const waiting = ask({}, controller.signal);
    const next = ask();
    controller.abort();

    await expect(waiting).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    clock.advance(100);
    expect(await next).toBe('first');
    expect(first.requests).toHaveLength(2);
  });

  it('counts the wait into the call’s own deadline', async () => {
    const { clock, ask } = setUp(limited({ requestsPerMinute: 1 }));
    await ask();
    const waiting = ask({ timeouts: { total: 200 } });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(200);

    await expect(waiting).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect(first.requests).toHaveLength(1);
  });

  it('refuses what it need not let wait, as the SDK’s 429, and says when to come back', async () => {
    const { ask } = setUp(limited({ requestsPerMinute: 6, onLimit: 'reject' }));
    await ask();
    const refusal = await ask().catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(OpenAI.RateLimitError);
    expect(refusal).toMatchObject({ status: 429, code: 'zerohop_rate_limited' });
    const { headers } = refusal as InstanceType<typeof OpenAI.RateLimitError>;
    expect(headers?.get('retry-after')).toBe('10');
    expect(headers?.get('x-ratelimit-limit')).toBe('6');
  });

  it.each([
    { what: 'retries', replies: [again, again, {}], sent: [3, 0] },
    { what: 'fallbacks', replies: [final], sent: [1, 1] },
    { what: 'both', replies: [again, final], sent: [2, 1] },
  ])('is taken of by every attempt, $what too', async ({ replies, sent: [one = 0, other = 0] }) => {
    const attempts = one + other;
    const route = fallback(primary, target({ name: 'two', client: clientOf(second) }));
    const ask = (requestsPerMinute: number) => {
      first.reset();
      for (const reply of replies) first.enqueue(reply);
      const rateLimit = { requestsPerMinute, burst: 1, onLimit: 'reject' } as const;
      return setUp({ rateLimit, ...(other > 0 && { route }) }, 2).ask();
    };

    await ask(attempts);
    const asked = [first.requests.length, second.requests.length];
    const refusal = await ask(attempts - 1).catch((error: unknown) => error);

    expect(asked).toEqual([one, other]);
    expect(refusal).toMatchObject({ status: 429, code: 'zerohop_rate_limited' });
  });

  it('runs who waited in its own async context', async () => {
    const { clock, gateway } = setUp(limited({ requestsPerSecond: 10 }));
    const seen: unknown[] = [];
    gateway.on('settled', ({ metadata }) => seen.push(metadata.who));
    const client = gateway.wrap(clientOf(first));
    const calls = [1, 2, 3].map((who) =>
      gateway.run({ metadata: { who } }, async () => {
        await client.chat.completions.create(body);
      }),
    );
    await untilAsked(first, 1);
    for (let passed = 2; passed <= 3; passed += 1) {
      clock.advance(100);
      await untilAsked(first, passed);
    }
    await Promise.all(calls);

    expect(seen).toEqual([1, 2, 3]);
  });
});

/** What one stream is read with. */
interface Reading {
  readonly stream: AsyncIterable<object>;
  readonly controller: AbortController;
  readonly clock: ReturnType<typeof handClock>;
}

const text = 'one two three four five six';
const idle = { timeouts: { idle: 1_000 } };

const readAll = async ({ stream }: Reading) => {
  for await (const _ of stream);
};
/** Does something after the first three events, of more. */
const inTheMiddle = (act: (reading: Reading) => unknown) => async (reading: Reading) => {
  let events = 0;
  for await (const _ of reading.stream) {
    events += 1;
    if (events === 3 && act(reading) === 'break') break;
  }
};

describe('the slot of a stream comes back, and with it what it did not use', () => {
  it.each([
    { how: 'ends', reply: {}, read: readAll },
    { how: 'is refused', reply: { status: 400 }, read: readAll },
    { how: 'fails with its first event', reply: { fault: 'error-event;after=0' }, read: readAll },
    { how: 'fails in the middle', reply: { fault: 'error-event;after=3' }, read: readAll },
    { how: 'is cut before its first byte', reply: { fault: 'reset' }, read: readAll },
    { how: 'is cut in the middle', reply: { fault: 'reset;after=3' }, read: readAll },
    { how: 'lacks its end', reply: { fault: 'no-terminal' }, read: readAll },
    { how: 'is no JSON', reply: { fault: 'malformed;after=3' }, read: readAll },
    {
      how: 'stalls',
      reply: { fault: 'hang;after=3' },
      read: inTheMiddle(({ clock }) => void setImmediate(() => clock.advance(1_000))),
    },
    {
      how: 'is aborted',
      reply: { fault: 'hang;after=3' },
      read: inTheMiddle(({ controller }) => controller.abort()),
    },
    {
      how: 'is left by `break`',
      reply: { fault: 'hang;after=4' },
      read: inTheMiddle(() => 'break' as const),
    },
  ])('where it $how', async ({ reply, read }) => {
    const rateLimit = { concurrency: 1, tokensPerMinute: 60_000 };
    const { clock, gateway, client, ask } = setUp({ rateLimit, stats: true, ...idle });
    first.enqueue({ text, ...reply });
    const controller = new AbortController();
    const running: number[] = [];
    const opened = client.chat.completions.create(
      { ...body, stream: true, max_tokens: 6_000 },
      { signal: controller.signal },
    );
    await opened
      .then((stream) => {
        running.push(runningIn(gateway));
        return read({ stream, controller, clock });
      })
      .catch(() => undefined);

    expect(running.filter((count) => count !== 1)).toEqual([]);
    expect(gateway.stats().limits).toMatchObject([{ running: 0, queued: 0 }]);
    expect(await ask()).toBe('first');
  });

  it('where nobody reads it, once it is collected', async () => {
    const { gateway, client, ask } = setUp({ rateLimit: { concurrency: 1 }, stats: true });
    first.enqueue({ text, fault: 'hang;after=3' });
    const open = async () => {
      await client.chat.completions.create({ ...body, stream: true });
      return runningIn(gateway);
    };

    const before = await open();
    while (runningIn(gateway) > 0) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(before).toBe(1);
    expect(await ask()).toBe('first');
  });
});

describe('a hedge', () => {
  const hedged = (options: Pick<GatewayOptions, 'rateLimit'>, ofSecond?: RateLimitOptions) =>
    setUp({
      ...{ stats: true, ...options },
      route: hedge(
        primary,
        target({ name: 'two', client: clientOf(second), rateLimit: ofSecond }),
        { after: 100, share: 1 },
      ),
    });

  it('takes a slot of its own, and gives it back when it loses', async () => {
    const { clock, gateway, ask } = hedged({ rateLimit: { concurrency: 2 } });
    first.enqueue({ fault: 'hang' });
    const asked = ask();
    await untilAsked(first, 1);
    const before = runningIn(gateway);
    clock.advance(100);

    expect(before).toBe(1);
    expect(await asked).toBe('second');
    expect(gateway.stats().limits).toMatchObject([{ running: 0, queued: 0 }]);
  });

  it('that waits in line when the other one answers leaves it, and is not sent', async () => {
    const { clock, gateway, ask } = hedged({}, { requestsPerMinute: 1 });
    first.enqueue({ fault: 'hang' });
    const before = ask();
    await untilAsked(first, 1);
    clock.advance(100);
    await before;
    const gate = Promise.withResolvers<void>();
    first.enqueue(async () => {
      await gate.promise;
      return { text: 'first' };
    });
    const asked = ask();
    await untilAsked(first, 2);
    clock.advance(100);
    await untilQueued(gateway, 1);
    gate.resolve();

    expect([await before, await asked]).toEqual(['second', 'first']);
    await untilQueued(gateway, 0);
    clock.advance(60_000);
    expect(second.requests).toHaveLength(1);
    expect(runningIn(gateway)).toBe(0);
  });
});

describe('the tokens of a call', () => {
  it.each([
    { what: 'an answer', stream: false, maxTokens: 6_000, used: 70 },
    { what: 'a stream', stream: true, maxTokens: 6_000, used: 70 },
    {
      what: 'an answer that is longer than was thought',
      stream: false,
      maxTokens: 10,
      used: 9_000,
    },
    { what: 'a stream that is longer than was thought', stream: true, maxTokens: 10, used: 9_000 },
    { what: 'a stream of which nothing is known', stream: true, maxTokens: 6_000, used: 0 },
  ])('are what it reported, for $what', async ({ stream, maxTokens, used }) => {
    const { gateway, client } = setUp(limited({ tokensPerMinute: 60_000, burst: 1 }));
    const usage = { inputTokens: 20, outputTokens: used - 20 };
    first.enqueue({ text, ...(used > 0 ? { usage } : { fault: 'reset;after=3' }) });
    const asked = { ...body, max_tokens: maxTokens };
    const answered = stream
      ? client.chat.completions
          .create({ ...asked, stream: true })
          .then((events) =>
            readAll({ stream: events, controller: new AbortController(), clock: handClock() }),
          )
      : client.chat.completions.create(asked);
    await answered.catch(() => undefined);

    // All of it is there but what was used: a thousand come back each second.
    expect(await missingIn(gateway, client)).toBeCloseTo(used, 6);
  });
});

describe('a rate limit of a target', () => {
  it('goes on in the route where it is told to, and costs the target nothing', async () => {
    const one = target({
      name: 'one',
      client: clientOf(first),
      rateLimit: { requestsPerMinute: 1, onLimit: 'next-target' },
    });
    const two = target({ name: 'two', client: clientOf(second) });
    const { ask, gateway } = setUp({ route: fallback(one, two) });

    expect([await ask(), await ask(), await ask()]).toEqual(['first', 'second', 'second']);
    expect(gateway.targets.list().map(({ state, inFlight }) => [state, inFlight])).toEqual([
      ['closed', 0],
      ['closed', 0],
    ]);
  });

  it('is refused by its path where it is none', () => {
    const route = target({ client: clientOf(first), rateLimit: { requestsPerMinute: 0 } });
    expect(() => createGateway({ route })).toThrow(/rateLimit\.requestsPerMinute.*greater than 0/);
  });
});
