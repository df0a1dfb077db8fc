import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type GatewayOptions,
  perCall,
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
