import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, perCall, primary, type RateLimitOptions, target, when } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';

const byUser: RateLimitOptions['by'] = ({ metadata }) => metadata.user as string | undefined;
const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };
const baseURL = 'http://provider.test/v1';

/** One request a minute for each key, and a cache in which equal calls share one. */
function setUp(limits: RateLimitOptions, ofTarget = false) {
  const fetch = createInMemoryFetch({ text: 'one' });
  const bare = new OpenAI({ apiKey: 'k', baseURL, fetch, maxRetries: 0 });
  const rateLimit = { requestsPerMinute: 1, onLimit: 'reject', ...limits } as const;
  const limited = target({ name: 'limited', client: bare, rateLimit });
  const gateway = createGateway({
    ...{ clock: handClock(), cache: true, stats: true },
    ...(ofTarget ? { route: when(() => true, limited, primary) } : { rateLimit }),
  });
  const client = gateway.wrap(bare);
  const ask = async (user: string, content = 'hi') => {
    const messages = [{ role: 'user' as const, content }];
    const own = perCall({ metadata: { user } });
    const { choices } = await client.chat.completions.create({ ...body, messages }, own);
    return choices[0]?.message.content;
  };
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      (text) => text,
      ({ code }: { code?: unknown }) => code,
    );
  return { fetch, gateway, ask, codeOf };
}

describe('a call that would share the request of one over its limit', () => {
  it.each([
    { whose: 'the application', ofTarget: false },
    { whose: 'a target', ofTarget: true },
  ])('is not refused with it, where the limit is that of $whose', async ({ ofTarget }) => {
    const { fetch, ask, codeOf } = setUp({ by: byUser }, ofTarget);
    await ask('a', 'something else');
    const ends = await Promise.all([ask('a'), ask('b'), ask('c'), ask('b')].map(codeOf));

    expect(ends).toEqual(['zerohop_rate_limited', 'one', 'one', 'one']);
    // Of those that share one, the first pays for it.
    expect(fetch.requests).toHaveLength(2);
    expect(await codeOf(ask('b', 'new'))).toBe('zerohop_rate_limited');
    expect(await codeOf(ask('c', 'newer'))).toBe('one');
  });

  it('is refused by its own', async () => {
    const { fetch, ask, codeOf } = setUp({ by: byUser });
    for (const user of ['a', 'b', 'c']) await ask(user, user);
    const ends = await Promise.all([ask('a'), ask('b'), ask('c'), ask('a')].map(codeOf));

    expect(ends).toEqual(Array(4).fill('zerohop_rate_limited'));
    expect(fetch.requests).toHaveLength(3);
  });

  it('is refused with it where both are counted under one key, and does not ask again', async () => {
    const { ask, codeOf, gateway } = setUp({});
    await ask('a', 'something else');
    const ends = await Promise.all(Array.from({ length: 50 }, () => codeOf(ask('a'))));

    expect(ends).toEqual(Array(50).fill('zerohop_rate_limited'));
    expect(gateway.stats().limits[0]?.heldUp.requestsPerMinute?.refused).toBe(1);
  });
});
