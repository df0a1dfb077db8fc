import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, type RateLimitOptions, type Usage } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';
import { seeded } from '../routing/support/seeded.js';

const CALLS = 1_000;
const AT_ONCE = 16;
const PER_MINUTE = 60_000_000;
const PER_MS = PER_MINUTE / 60_000;
/** Is counted as more than there ever is. */
const ALL = 'all of it';

const countTokens = (text: string) => (text === ALL ? 10 * PER_MINUTE : text.length);
const sumOf = ({ inputTokens = 0, outputTokens = 0 }: Usage) => ({ inputTokens, outputTokens });

/** Answers with the usage that the request's `user` says, or breaks off before it has told. */
const provider = () =>
  createInMemoryFetch(
    ({ json }) => {
      const { user } = json as { user: string };
      const { inputTokens, outputTokens, fault } = JSON.parse(user);
      return { text: 'one two three', usage: { inputTokens, outputTokens }, fault };
    },
    { keepRequests: 1 },
  );

/** US dollars for each token: none of them is more than what may be spent in a millisecond. */
const PRICES = { input: 2_000_000, output: 8_000_000 };

const LIMITS = [
  ['costPerMinute', ({ inputTokens = 0, outputTokens = 0 }) => 2 * inputTokens + 8 * outputTokens],
  ['tokensPerMinute', ({ inputTokens = 0, outputTokens = 0 }) => inputTokens + outputTokens],
  ['inputTokensPerMinute', ({ inputTokens = 0 }) => inputTokens],
  ['outputTokensPerMinute', ({ outputTokens = 0 }) => outputTokens],
] as const satisfies readonly (readonly [
  keyof RateLimitOptions,
  (usage: Partial<Usage>) => number,
])[];

describe(`${CALLS} calls with wrong estimates, of which some are streams and some break`, () => {
  it.each(LIMITS)('take of %s what they reported, and no more', async (limit, countOf) => {
    const clock = handClock();
    const random = seeded(7);
    const gateway = createGateway({
      ...{ clock, stats: true },
      pricing: { models: { m0: PRICES, m1: PRICES, m2: PRICES, unknown: PRICES } },
      rateLimit: { [limit]: PER_MINUTE, burst: 1, countTokens },
    });
    const baseURL = 'http://provider.test/v1';
    const client = gateway.wrap(
      new OpenAI({ apiKey: 'k', baseURL, fetch: provider(), maxRetries: 0 }),
    );
    let reported = 0;
    let withUsage = 0;
    gateway.on('settled', ({ usage }) => {
      if (usage) withUsage += 1;
      reported += usage ? countOf(sumOf(usage)) : 0;
    });
    const upTo = (most: number) => Math.floor(random() * most);
    const call = async (index: number) => {
      const fault = index % 10 === 0 ? 'reset;after=2' : undefined;
      const user = JSON.stringify({ inputTokens: upTo(5_000), outputTokens: upTo(5_000), fault });
      const messages = [{ role: 'user' as const, content: 'x'.repeat(upTo(5_000)) }];
      const body = { model: `m${index % 3}`, messages, user, max_tokens: 1 + upTo(5_000) };
      if (index % 2 === 0) return client.chat.completions.create(body);
      for await (const _ of await client.chat.completions.create({ ...body, stream: true }));
      return undefined;
    };
    /** How long one that needs all of it would have to wait, in ms. */
    const waitForAll = async () => {
      const messages = [{ role: 'user' as const, content: ALL }];
      const max_tokens = 10 * PER_MINUTE;
      const body = { model: 'unknown', messages, max_tokens };
      const { limits } = await gateway.explain({ client, operation: 'chat', body });
      return limits[0]?.waitMs ?? 0;
    };

    let next = 0;
    const worker = async () => {
      while (next < CALLS) await call(next++).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await gateway.flush();
    const settled = (await waitForAll()) * PER_MS;
    clock.advance(reported / PER_MS - 0.01);
    const almost = await waitForAll();
    clock.advance(0.01);

    expect(withUsage).toBeGreaterThan(0.85 * CALLS);
    expect(reported).toBeGreaterThan(CALLS * 1_000);
    expect(settled).toBeCloseTo(reported, 3);
    expect(almost).toBeGreaterThan(0);
    expect(await waitForAll(), 'it is full').toBe(0);
    expect(gateway.stats().limits).toMatchObject([{ running: 0, queued: 0, heldUp: {} }]);
  });
});
