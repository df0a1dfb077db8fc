import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type GatewayOptions,
  type RateLimitOptions,
  target,
} from 'zerohop';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';

const LIMIT = 10;
const MINUTE_MS = 60_000;

let limited: FakeProvider;
let other: FakeProvider;
let clock: ReturnType<typeof handClock>;
/** What is left at the provider, which fills evenly in a minute. */
let level: number;
let levelAt: number;
let refused: number;
let headersOf: (remaining: number, resetMs: number) => Record<string, string>;

function answer(): Reply {
  const now = clock.now();
  level = Math.min(LIMIT, level + ((now - levelAt) * LIMIT) / MINUTE_MS);
  levelAt = now;
  const isThere = level >= 1;
  if (isThere) level -= 1;
  else refused += 1;
  const headers = headersOf(Math.floor(level), ((LIMIT - level) * MINUTE_MS) / LIMIT);
  return isThere ? { text: 'limited', headers } : { status: 429, headers };
}

const openaiHeaders = (remaining: number, resetMs: number) => ({
  'x-ratelimit-limit-requests': String(LIMIT),
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': `${Math.round(resetMs)}ms`,
});
const anthropicHeaders = (remaining: number, resetMs: number) => ({
  'anthropic-ratelimit-requests-limit': String(LIMIT),
  'anthropic-ratelimit-requests-remaining': String(remaining),
  'anthropic-ratelimit-requests-reset': new Date(clock.wallNow() + resetMs).toISOString(),
});

beforeAll(async () => {
  limited = await startFakeProvider({ reply: answer });
  other = await startFakeProvider({ reply: { text: 'other' } });
});
beforeEach(() => {
  limited.reset();
  other.reset();
  clock = handClock();
  level = LIMIT;
  levelAt = 0;
  refused = 0;
  headersOf = openaiHeaders;
});
afterAll(() => Promise.all([limited.close(), other.close()]));

const openaiAt = ({ baseURL }: FakeProvider) => new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'hi' }];
/** Far above what the provider allows. */
const OWN: RateLimitOptions = { requestsPerMinute: 10_000, burst: 1, maxQueue: 1_000 };

function setUp(rateLimit: RateLimitOptions | undefined, options: GatewayOptions = {}) {
  const to = target({ name: 'limited', client: openaiAt(limited), rateLimit });
  const beside = target({ name: 'other', client: openaiAt(other) });
  const route = options.route ?? (rateLimit?.onLimit === 'next-target' ? fallback(to, beside) : to);
  const gateway = createGateway({ clock, stats: true, pricing: false, ...options, route });
  const client = gateway.wrap(openaiAt(limited));
  const ask = async (): Promise<string | null | undefined> => {
    const { choices } = await client.chat.completions.create({ model: 'm', messages });
    return choices[0]?.message.content;
  };
  const queued = () => gateway.stats().limits[0]?.queued;
  return { gateway, client, ask, queued };
}

async function turns(isSo: () => boolean, most = 5_000): Promise<void> {
  for (let turn = 0; turn < most && !isSo(); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what a provider says is left of its limits', () => {
  it('slows calls down before it has to refuse any', async () => {
    const { ask, queued, gateway } = setUp(OWN);
    await ask();
    const calls = Array.from({ length: 30 }, () => ask());
    await turns(() => limited.requests.length === LIMIT && queued() === 21);
    const atOnce = limited.requests.length;
    let isOver = false;
    const answers = Promise.all(calls).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      clock.advance(500);
      await turns(() => isOver, 100);
    }

    expect(atOnce).toBe(LIMIT);
    expect(await answers).toEqual(Array(30).fill('limited'));
    // One comes back every six seconds.
    expect(clock.now()).toBeLessThan(1.25 * 21 * 6_000);
    expect(refused).toBe(0);
    expect(gateway.stats().limits).toMatchObject([
      { target: 'limited', heldUp: { provider: { waited: 21 } } },
    ]);
  });

  it('sends calls elsewhere before it has to refuse any', async () => {
    const { ask } = setUp({ ...OWN, onLimit: 'next-target' });
    await ask();
    const answers = await Promise.all(Array.from({ length: 30 }, ask));

    expect(answers.filter((text) => text === 'limited')).toHaveLength(LIMIT - 1);
    expect(answers.filter((text) => text === 'other')).toHaveLength(30 - LIMIT + 1);
    expect(refused).toBe(0);
  });

  it('is read from the headers of Anthropic, too', async () => {
    headersOf = anthropicHeaders;
    const bare = new Anthropic({ apiKey: 'k', baseURL: limited.url, maxRetries: 0 });
    const rateLimit = { ...OWN, onLimit: 'reject' } as const;
    const gateway = createGateway({
      clock,
      route: target({ name: 'limited', client: bare, rateLimit }),
    });
    const client = gateway.wrap(bare);
    const ask = () => client.messages.create({ model: 'm', max_tokens: 5, messages });
    await ask();
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, ask));
    const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));

    expect(limited.requests).toHaveLength(LIMIT);
    expect(errors).toHaveLength(30 - LIMIT + 1);
    expect(errors[0]).toBeInstanceOf(Anthropic.RateLimitError);
    expect(errors[0]).toMatchObject({ status: 429, message: expect.stringMatching(/provider's/) });
    expect(errors[0].headers.get('retry-after')).toBe('6');
    expect(refused).toBe(0);
  });

  it.each([
    { what: 'with what is left', more: {}, waitMs: 6_000 },
    { what: 'with when to come back', more: { 'retry-after': '30' }, waitMs: 30_000 },
  ])('is told by an answer that refuses, $what', async ({ more, waitMs }) => {
    headersOf = (...given) => ({ ...openaiHeaders(...given), ...more });
    const { ask, gateway, client } = setUp(OWN);
    level = 0;
    await ask().catch(() => undefined);
    const body = { model: 'm', messages };
    const { limits } = await gateway.explain({ client, operation: 'chat', body });

    expect(refused).toBe(1);
    expect(limits).toMatchObject([{ heldUpBy: 'provider', waitMs, running: 0 }]);
  });

  it('is told by a stream when its headers come, and not when it ends', async () => {
    const { client, gateway } = setUp({ ...OWN, onLimit: 'reject' });
    level = 1;
    const stream = await client.chat.completions.create({ model: 'm', messages, stream: true });
    const during = await gateway.explain({
      client,
      operation: 'chat',
      body: { model: 'm', messages },
    });
    clock.advance(6_000);
    for await (const _ of stream);
    const after = await gateway.explain({
      client,
      operation: 'chat',
      body: { model: 'm', messages },
    });

    expect(during.limits).toMatchObject([
      { target: 'limited', heldUpBy: 'provider', waitMs: 6_000, does: 'reject' },
    ]);
    expect(after.limits[0]?.heldUpBy).toBeUndefined();
  });

  it('is no more than what the others have left of it: the lower count holds', async () => {
    const { ask, queued } = setUp(OWN);
    await ask();
    // Another process has used nearly all of it.
    level = 2;
    await ask();
    const calls = Array.from({ length: 5 }, ask);
    await Promise.race(calls);
    await turns(() => queued() === 4);
    const sent = limited.requests.length;
    clock.advance(MINUTE_MS);
    await Promise.all(calls);

    expect(sent).toBe(3);
    expect(refused).toBe(0);
  });

  it('never lets more through than the limit of one’s own', async () => {
    level = 9;
    const { ask } = setUp({ requestsPerMinute: 2, burst: 1, onLimit: 'reject' });
    const outcomes = await Promise.allSettled([ask(), ask(), ask()]);

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('holds beside a limit of the application, too', async () => {
    const { ask } = setUp(
      { ...OWN, onLimit: 'reject' },
      { rateLimit: { requestsPerMinute: 9_999 } },
    );
    level = 1;
    await ask();

    expect(await ask().catch((error: unknown) => error)).toMatchObject({ status: 429 });
    expect(refused).toBe(0);
  });

  it('counts for its model alone', async () => {
    const { client, ask } = setUp({ ...OWN, onLimit: 'reject' });
    level = 1;
    await ask();
    const refusal = await ask().catch((error: unknown) => error);
    level = LIMIT;
    const answered = await client.chat.completions.create({ model: 'another', messages });

    expect(refusal).toMatchObject({ code: 'zerohop_rate_limited' });
    expect(answered.choices[0]?.message.content).toBe('limited');
  });

  it('is nobody’s where each call may bring a key of its own', async () => {
    const client = openaiAt(limited);
    const rateLimit = { ...OWN, onLimit: 'reject' } as const;
    const route = target({ name: 'limited', client: () => client, rateLimit });
    const { ask } = setUp(undefined, { route });
    level = 1;
    await ask();
    level = LIMIT;

    expect(await ask()).toBe('limited');
  });
});
