import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, perCall, settlementOf } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import {
  type Bench,
  CALL_COST,
  CALL_TOKENS,
  chat,
  chatStream,
  DOLLAR,
  messages,
  pricing,
  refusalOf,
  setUp,
  USAGE,
} from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ reply: { text: 'Paris', usage: USAGE } });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const NOTHING = { spent: 0, reserved: 0 };

describe('a call under a budget', () => {
  it.each<readonly [string, (bench: Bench) => Promise<unknown>]>([
    ['chat', (bench) => chat(bench)],
    ['chat, streamed', chatStream],
    [
      'chat, with the stream helper',
      ({ openai }) =>
        openai.chat.completions.stream({ model: 'gpt-5-mini', messages }).finalChatCompletion(),
    ],
    [
      'responses',
      ({ openai }) => openai.responses.create({ model: 'gpt-5-mini', input: 'one two three' }),
    ],
    [
      'messages',
      ({ anthropic }) =>
        anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 10, messages }),
    ],
    [
      'messages, streamed',
      ({ anthropic }) =>
        anthropic.messages
          .stream({ model: 'claude-sonnet-4-6', max_tokens: 10, messages })
          .finalMessage(),
    ],
  ])('spends what it reported: %s', async (_what, ask) => {
    const bench = setUp(provider, [DOLLAR, { name: 'tokens', tokens: 1_000, period: '1d' }]);
    await ask(bench);

    expect(await bench.spent()).toEqual({ spent: CALL_COST, reserved: 0 });
    expect((await bench.gateway.budgets.get('tokens')).tokens).toMatchObject({
      spent: CALL_TOKENS,
    });
  });

  it('spends what it costs at the settlement, to the last digit', async () => {
    const bench = setUp(provider, [DOLLAR]);
    for (let time = 0; time < 7; time += 1) {
      provider.enqueue({ usage: { inputTokens: 3 * time + 1, outputTokens: 7 * time + 3 } });
      await chat(bench);
    }
    const picodollars = bench.settled.reduce(
      (sum, { cost }) => sum + Math.round((cost?.amount ?? Number.NaN) * 1e12),
      0,
    );

    expect((await bench.spent())?.spent).toBe(picodollars / 1e12);
  });

  it('through the second door spends the same', async () => {
    const bench = setUp(provider, [DOLLAR]);
    const response = await bench.gateway.fetch(`${provider.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk' },
      body: JSON.stringify({ model: 'gpt-5-mini', messages }),
    });
    await response.json();

    expect(await bench.spent()).toEqual({ spent: CALL_COST, reserved: 0 });
  });

  it('for embeddings sets nothing aside for an answer', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ pacing: { headersDelayMs: 50 } });
    const asked = bench.openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: 'word '.repeat(700),
    });
    await until(() => provider.requests.length === 1);
    const underWay = await bench.spent();
    await asked;

    // 1,000 tokens for the words, and a few for the rest.
    expect(underWay?.reserved).toBeCloseTo(0.1, 2);
  });

  it('is guessed by what its model has answered so far', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ usage: { inputTokens: 10, outputTokens: 100 } });
    await chat(bench);
    provider.enqueue({ pacing: { headersDelayMs: 50 } });
    const asked = chat(bench);
    await until(() => provider.requests.length === 2);
    const { reserved } = (await bench.spent()) ?? NOTHING;
    await asked;

    // 100 tokens for $0.10, and the few of the question.
    expect(reserved).toBeGreaterThan(0.1);
    expect(reserved).toBeLessThan(0.102);
  });

  it('spends nothing that is not known: the price', async () => {
    const warned: string[] = [];
    const bench = setUp(provider, [DOLLAR], { logger: { warn: (text) => warned.push(text) } });
    await chat(bench, 'my-own-model');
    await chat(bench, 'my-own-model');

    expect(await bench.spent()).toEqual(NOTHING);
    expect(warned).toEqual(['no cost for the model my-own-model: unknown_model']);
  });

  it('spends nothing that is not known: the usage', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ usage: null });
    await chat(bench);

    expect(await bench.spent()).toEqual(NOTHING);
  });

  it('spends what a stream that was left had reported by then', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ text: 'one two three', pacing: { gapMs: 10 } }, { times: 2 });
    const stream = await bench.openai.chat.completions.create({
      model: 'gpt-5-mini',
      messages,
      stream: true,
    });
    for await (const _ of stream) break;
    const claude = await bench.anthropic.messages.create({
      ...{ model: 'claude-sonnet-4-6', max_tokens: 10, messages },
      stream: true,
    });
    for await (const { type } of claude) if (type === 'content_block_start') break;

    // OpenAI reports at the end, Anthropic its input at the beginning.
    const cost = bench.settled.map((settlement) => settlement.cost?.amount);
    expect(cost[0]).toBeUndefined();
    expect(cost[1]).toBeGreaterThan(0);
    expect(await bench.spent()).toEqual({ spent: cost[1], reserved: 0 });
  });

  it('spends what its failed attempts reported, too', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ usage: USAGE, fault: 'cut;after=3' });
    const client = bench.gateway.wrap(
      new Anthropic({ apiKey: 'k', baseURL: provider.url, maxRetries: 1 }),
    );
    const answer = client.messages.stream({ model: 'claude-sonnet-4-6', max_tokens: 9, messages });
    await answer.finalMessage().catch(() => undefined);
    await bench.gateway.flush();
    const [settled] = bench.settled;
    const reported = settled?.attempts.map(({ cost }) => cost?.amount ?? 0) ?? [];

    expect(await bench.spent()).toEqual({
      spent: reported.reduce((sum, cost) => sum + cost, 0),
      reserved: 0,
    });
  });

  it('is never cut off because it was guessed too low', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ text: 'long', usage: { inputTokens: 10, outputTokens: 90_000 } });

    expect(await chatStream(bench)).toBe('long');
    expect((await bench.spent())?.spent).toBeGreaterThan(90);
  });

  it('reports its usage to the budget alone, where neither its caller nor anybody else asks', async () => {
    const gateway = createGateway({ budgets: [DOLLAR], pricing, telemetry: false });
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }));
    const stream = await client.chat.completions.create({
      model: 'gpt-5-mini',
      messages,
      stream: true,
    });
    const usages: unknown[] = [];
    for await (const { usage } of stream) if (usage) usages.push(usage);

    expect(usages).toEqual([]);
    expect((await gateway.budgets.get('dollar')).cost).toMatchObject({ spent: CALL_COST });
  });

  it('that fails gives back what was set aside', async () => {
    const bench = setUp(provider, [DOLLAR]);
    provider.enqueue({ status: 400 });
    provider.enqueue({ fault: 'reset' });
    const body = { model: 'gpt-5-mini', messages, temperature: Number.NaN };
    await chat(bench).catch(() => undefined);
    await chat(bench).catch(() => undefined);
    await bench.openai.chat.completions.create(body).catch(() => undefined);
    const signal = AbortSignal.abort();
    await chat(bench, 'gpt-5-mini', { signal }).catch(() => undefined);

    expect(await bench.spent()).toEqual(NOTHING);
    expect(bench.rows).toHaveLength(4);
  });

  it('that an interceptor makes twice spends what both did', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, cost: 5 }], {
      interceptors: [
        async function twice(request, next) {
          await (await next(request)).json();
          return next(request);
        },
      ],
    });
    await chat(bench);

    expect(await bench.spent()).toEqual({ spent: 2 * CALL_COST, reserved: 0 });
  });

  it('is counted by what the metadata say', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, by: ({ metadata }) => String(metadata.user) }]);
    for (const user of ['a', 'b', 'a']) {
      await chat(bench, 'gpt-5-mini', perCall({ metadata: { user } }));
    }

    expect([await bench.spent('a'), await bench.spent('b')]).toMatchObject([
      { spent: 0.04 },
      { spent: 0.02 },
    ]);
  });

  it('that is bypassed spends nothing', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, cost: 0.000_001 }]);

    expect(await chat(bench, 'gpt-5-mini', perCall({ bypass: true }))).toBe('Paris');
  });
});

describe('a call over a budget', () => {
  const TINY = { ...DOLLAR, cost: 0.01, period: '1h' } as const;

  it('is refused as the OpenAI SDK refuses, and nothing is sent', async () => {
    const bench = setUp(provider, [TINY]);
    const error = await refusalOf(chat(bench));

    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'zerohop_budget' });
    const { headers } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(headers.get('retry-after-ms')).toBe('3600000');
    expect(headers.get('retry-after')).toBe('3600');
    expect(headers.get('x-zerohop-budget')).toBe('dollar');
    expect(provider.requests).toEqual([]);
  });

  it('is refused as the Anthropic SDK refuses', async () => {
    const bench = setUp(provider, [TINY]);
    const error = await refusalOf(
      bench.anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 99, messages }),
    );

    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(error).toMatchObject({ status: 429 });
    expect(String(error)).toContain('zerohop_budget');
  });

  it('is refused as an HTTP answer at the second door', async () => {
    const bench = setUp(provider, [TINY]);
    const response = await bench.gateway.fetch(`${provider.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5-mini', messages }),
    });

    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { code: 'zerohop_budget' } });
  });

  it('is not tried again by the SDK', async () => {
    const bench = setUp(provider, [TINY]);
    const client = bench.gateway.wrap(
      new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 5 }),
    );
    await refusalOf(client.chat.completions.create({ model: 'gpt-5-mini', messages }));

    expect(bench.rows).toHaveLength(1);
    const error = { kind: 'over_limit', code: 'zerohop_budget' };
    expect(bench.rows[0]).toMatchObject({ outcome: 'error', attempts: [], error });
    expect(bench.rows[0]?.decisions).toEqual([
      { kind: 'budget-exceeded', detail: { budget: 'dollar', mode: 'reject' } },
    ]);
  });

  it('is refused before it may take of a rate limit', async () => {
    const bench = setUp(provider, [{ ...TINY, model: 'gpt-5-mini' }], {
      rateLimit: { requestsPerDay: 1, burst: 1, onLimit: 'reject' },
    });
    await refusalOf(chat(bench));

    expect(await chat(bench, 'gpt-5-nano')).toBe('Paris');
  });

  it('is let through again with a new period', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, period: '1h' }]);
    await bench.gateway.budgets.add('dollar', undefined, 1);
    await refusalOf(chat(bench));
    bench.clock.advance(3_600_000);

    expect(await chat(bench)).toBe('Paris');
  });

  it('is told to who listens, as are shares of the limit', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, soft: [0.9] }]);
    await bench.gateway.budgets.add('dollar', undefined, 0.89);
    provider.enqueue({ usage: { inputTokens: 100, outputTokens: 10 } });
    const { openai } = bench;
    await openai.chat.completions.create({
      ...{ model: 'gpt-5-mini', messages, max_completion_tokens: 10 },
    });
    await bench.gateway.budgets.add('dollar', undefined, 0.09);
    await refusalOf(chat(bench));
    const common = { name: 'dollar', key: 'default', period: 'total', unit: 'cost', limit: 1 };

    expect(bench.events).toEqual([
      { ...common, kind: 'soft', share: 0.9, spent: 0.91 },
      { ...common, kind: 'exceeded', spent: 1 },
    ]);
  });

  it('goes on where the budget is on trial, and says so', async () => {
    const bench = setUp(provider, [{ ...TINY, onExceeded: 'report' }]);
    const answer = await bench.openai.chat.completions.create({ model: 'gpt-5-mini', messages });
    const { decisions } = await settlementOf(answer);

    expect(decisions).toEqual([
      { kind: 'budget-exceeded', detail: { budget: 'dollar', mode: 'report' } },
    ]);
    expect(bench.events.map(({ kind }) => kind)).toEqual(['exceeded']);
  });

  it('survives a listener that throws', async () => {
    const bench = setUp(provider, [{ ...TINY, onExceeded: 'report' }]);
    bench.gateway.on('budget', () => {
      throw new Error('of the user');
    });

    expect(await chat(bench)).toBe('Paris');
  });
});

describe('many calls at once', () => {
  it('do not spend more than they may, as long as they are guessed right', async () => {
    const bench = setUp(provider, [{ ...DOLLAR, cost: 0.2 }]);
    provider.enqueue({ usage: USAGE, pacing: { headersDelayMs: 20 } }, { times: 100 });
    // A little less than 100 tokens in, of 3.5 characters each, and 10 out.
    const long = [{ role: 'user' as const, content: 'x'.repeat(315) }];
    const ends = await Promise.allSettled(
      Array.from({ length: 100 }, () =>
        bench.openai.chat.completions.create({
          ...{ model: 'gpt-5-mini', messages: long, max_completion_tokens: 10 },
        }),
      ),
    );

    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(provider.requests).toHaveLength(10);
    expect(await bench.spent()).toEqual({ spent: 0.2, reserved: 0 });
  });
});

describe('gateway.flush()', () => {
  it('waits until what was spent is in the store', async () => {
    const totals = new Map<string, number>();
    const store = {
      async add(key: string, amount: number) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        totals.set(key, (totals.get(key) ?? 0) + amount);
        return totals.get(key) ?? 0;
      },
      get: async (key: string) => totals.get(key) ?? 0,
      reset: async (key: string) => totals.delete(key),
    };
    const gateway = createGateway({ budgets: [{ ...DOLLAR, store }], pricing });
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: provider.baseURL }));
    await client.chat.completions.create({ model: 'gpt-5-mini', messages });
    await gateway.close();

    expect([...totals.values()].map((total) => total.toFixed(6))).toEqual(['0.020000']);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
