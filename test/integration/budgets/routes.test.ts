import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fallback, hedge, overBudget, primary, target, when } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { recordSpans } from '../telemetry/support/recording.js';
import { CALL_COST, chat, DOLLAR, setUp, USAGE } from './support/bench.js';

let main: FakeProvider;
let other: FakeProvider;
beforeAll(async () => {
  main = await startFakeProvider({ reply: { text: 'main', usage: USAGE } });
  other = await startFakeProvider({ reply: { text: 'other', usage: USAGE } });
});
beforeEach(() => {
  main.reset();
  other.reset();
});
afterAll(() => Promise.all([main.close(), other.close()]));

const spare = (model?: string) =>
  target({
    name: 'spare',
    client: new OpenAI({ apiKey: 'sk-spare', baseURL: other.baseURL, maxRetries: 0 }),
    model,
  });
const modelsOf = ({ requests }: FakeProvider) =>
  requests.map(({ json }) => (json as { model: string }).model);

describe('a budget and a route', () => {
  it('go together: over the budget another target is asked', async () => {
    const bench = setUp(main, [{ ...DOLLAR, onExceeded: 'allow' }], {
      route: when(overBudget('dollar'), spare('gpt-5-nano'), primary),
    });
    const within = await chat(bench);
    await bench.gateway.budgets.add('dollar', undefined, 1);
    const over = await chat(bench);

    expect([within, over]).toEqual(['main', 'other']);
    expect(modelsOf(other)).toEqual(['gpt-5-nano']);
    expect(bench.rows.at(-1)?.decisions).toContainEqual({
      kind: 'budget-exceeded',
      detail: { budget: 'dollar', mode: 'allow' },
    });
  });

  it('go together within a fallback', async () => {
    const last = target({
      name: 'last',
      client: new OpenAI({ apiKey: 'sk-last', baseURL: main.baseURL, maxRetries: 0 }),
    });
    const bench = setUp(main, [{ ...DOLLAR, onExceeded: 'allow' }], {
      route: fallback(when(overBudget('dollar'), spare(), primary), last),
    });
    await bench.gateway.budgets.add('dollar', undefined, 1);
    other.enqueue({ fault: 'reset' });
    await chat(bench);

    expect(bench.settled[0]?.attempts.map((attempt) => attempt.target)).toEqual(['spare', 'last']);
  });

  it('have nothing to do with each other where the budget is on trial', async () => {
    const bench = setUp(main, [{ ...DOLLAR, onExceeded: 'report' }], {
      route: when(overBudget('dollar'), spare(), primary),
    });
    await bench.gateway.budgets.add('dollar', undefined, 1);

    expect(await chat(bench)).toBe('main');
  });

  it('have nothing to do with each other where it is another budget', async () => {
    const bench = setUp(main, [{ ...DOLLAR, onExceeded: 'allow' }], {
      route: when(overBudget('monthly'), spare(), primary),
    });
    await bench.gateway.budgets.add('dollar', undefined, 1);

    expect(await chat(bench)).toBe('main');
  });
});

describe('another model over a budget', () => {
  const CHEAPER = { ...DOLLAR, onExceeded: { useModel: 'gpt-5-nano' } } as const;

  it('is asked of the same client, without a route', async () => {
    const bench = setUp(main, [CHEAPER]);
    await chat(bench);
    await bench.gateway.budgets.add('dollar', undefined, 1);
    await chat(bench);

    expect(modelsOf(main)).toEqual(['gpt-5-mini', 'gpt-5-nano']);
    expect(bench.settled.at(-1)?.cost?.amount).toBe(0.0002);
    expect((await bench.spent())?.spent).toBe(1 + CALL_COST + 0.0002);
  });

  it('is asked of the first target, with fallbacks, and theirs stay as they are', async () => {
    const bench = setUp(main, [CHEAPER], { fallbacks: [spare('gpt-5-mini')] });
    await bench.gateway.budgets.add('dollar', undefined, 1);
    await chat(bench);
    main.enqueue({ fault: 'reset' });
    await chat(bench);

    expect(modelsOf(main)).toEqual(['gpt-5-nano', 'gpt-5-nano']);
    expect(modelsOf(other)).toEqual(['gpt-5-mini']);
  });

  it('is what interceptors of attempts see, and not those of calls', async () => {
    const seen: unknown[] = [];
    const bench = setUp(main, [CHEAPER], {
      interceptors: [
        async function calls(request, next) {
          seen.push(Reflect.get(Object(request.body), 'model'));
          return next(request);
        },
      ],
      attemptInterceptors: [
        async function attempts(request, next) {
          seen.push(Reflect.get(Object(request.body), 'model'));
          return next(request);
        },
      ],
    });
    await bench.gateway.budgets.add('dollar', undefined, 1);
    await chat(bench);

    expect(seen).toEqual(['gpt-5-mini', 'gpt-5-nano']);
  });

  it('leaves what the caller gave as it was', async () => {
    const bench = setUp(main, [CHEAPER]);
    await bench.gateway.budgets.add('dollar', undefined, 1);
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };
    await bench.openai.chat.completions.create(body);

    expect(body.model).toBe('gpt-5-mini');
  });
});

describe('what a call over targets spends', () => {
  it('is what all of them reported', async () => {
    const bench = setUp(main, [DOLLAR], { fallbacks: [spare()] });
    // Reports, and then breaks.
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-5-mini' };
    const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
    main.enqueue({ events: [{ data: { ...chunk, choices: [], usage } }] });
    const stream = await bench.openai.chat.completions.create({
      ...{ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }], stream: true },
    });
    for await (const _ of stream);

    expect(bench.settled[0]?.attempts.map(({ target, cost }) => [target, cost?.amount])).toEqual([
      [expect.any(String), CALL_COST],
      ['spare', CALL_COST],
    ]);
    expect(await bench.spent()).toEqual({ spent: 2 * CALL_COST, reserved: 0 });
  });

  it('includes the one that another was quicker than, as far as it had reported', async () => {
    const bench = setUp(main, [{ ...DOLLAR, cost: 5 }], {
      route: hedge(primary, spare(), { after: 100, share: 1 }),
    });
    main.enqueue({ fault: 'hang' });
    const asked = chat(bench);
    await main.waitForRequest(1);
    bench.clock.advance(100);

    expect(await asked).toBe('other');
    expect(bench.settled[0]?.attempts).toHaveLength(2);
    expect(await bench.spent()).toEqual({ spent: CALL_COST, reserved: 0 });
  });

  it('is guessed by what the first of them costs', async () => {
    const bench = setUp(main, [DOLLAR], {
      route: target({
        name: 'spare',
        client: new OpenAI({ apiKey: 'sk-spare', baseURL: other.baseURL }),
        price: { input: 0, output: 0, request: 0.75 },
      }),
    });
    other.enqueue({ pacing: { headersDelayMs: 50 } });
    const asked = chat(bench);
    await other.waitForRequest(1);
    const underWay = await bench.spent();
    await asked;

    expect(underWay).toEqual({ spent: 0, reserved: 0.75 });
  });
});

describe('the spans of a call over a budget', () => {
  it('tell of it, without its key', async () => {
    const { tracerProvider, spans, allEnded } = recordSpans();
    const bench = setUp(main, [{ ...DOLLAR, by: () => 'alice@example.com' }], {
      telemetry: { tracerProvider },
    });
    await bench.gateway.budgets.add('dollar', 'alice@example.com', 1);
    await chat(bench).catch(() => undefined);
    await allEnded();
    const [span] = spans();

    expect(span?.name).toBe('gateway chat gpt-5-mini');
    expect(span?.events.map(({ attributes }) => attributes)).toEqual([
      {
        'zerohop.decision': 'budget-exceeded',
        'zerohop.decision.budget': 'dollar',
        'zerohop.decision.mode': 'reject',
      },
    ]);
    expect(
      JSON.stringify(spans().map(({ attributes, events }) => [attributes, events])),
    ).not.toContain('alice');
  });
});
