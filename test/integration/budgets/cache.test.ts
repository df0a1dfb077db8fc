import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  type BudgetOptions,
  createGateway,
  type GatewayOptions,
  type LogRow,
  perCall,
} from 'zerohop';
import {
  chatAnswer,
  gatedProvider,
  lastChunk,
  settle,
  textChunk,
  usageChunk,
} from '../cache/gated-provider.js';
import { DOLLAR, messages, refusalOf } from './support/bench.js';

/** What the gated provider reports: 3 × $1 and 2 × $10 a million. */
const COST = 0.000_023;
const prices = { input: 1, output: 10 };
const pricing = { models: { 'gpt-5-mini': prices, 'gpt-5-nano': prices } };
const byUser: BudgetOptions['by'] = ({ metadata }) => String(metadata.user);

function setUp(budgets: readonly BudgetOptions[], options: GatewayOptions = {}) {
  const provider = gatedProvider();
  const rows: LogRow[] = [];
  const gateway = createGateway({
    ...{ cache: true, pricing, budgets },
    log: (row) => void rows.push(row),
    ...options,
  });
  const client = gateway.wrap(
    new OpenAI({ apiKey: 'k', fetch: provider.fetch, maxRetries: 0, baseURL: 'http://a.test/v1' }),
  );
  const ask = (user = 'a', more: OpenAI.RequestOptions = {}) =>
    client.chat.completions.create(
      { model: 'gpt-5-mini', messages },
      perCall({ metadata: { user } }, more),
    );
  const askStream = (user = 'a', more: OpenAI.RequestOptions = {}) =>
    client.chat.completions.create(
      { model: 'gpt-5-mini', messages, stream: true },
      perCall({ metadata: { user } }, more),
    );
  const spent = async (key?: string) => {
    await gateway.flush();
    return (await gateway.budgets.get('dollar', key)).cost;
  };
  return { provider, rows, gateway, ask, askStream, spent };
}

const isModel = (body: string) => (JSON.parse(body) as { model: string }).model;

describe('an answer from the cache', () => {
  it('spends nothing, and is given where a budget is used up', async () => {
    const { provider, ask, spent, gateway } = setUp([DOLLAR]);
    const first = ask();
    (await provider.request(0)).json(chatAnswer('one'));
    await first;
    await gateway.budgets.add('dollar', undefined, 1 - COST);
    await ask();

    expect(provider.requests).toHaveLength(1);
    expect(await spent()).toMatchObject({ spent: 1, reserved: 0 });
  });

  it('is made anew in the background by a call that spends what it takes', async () => {
    let now = 0;
    const clock = {
      now: () => now,
      wallNow: () => now,
      random: () => 0,
      delay: async () => undefined,
      timer: () => () => undefined,
    };
    const bench = setUp([DOLLAR], { clock, cache: { ttl: '1m', staleWhileRevalidate: '1h' } });
    const first = bench.ask();
    (await bench.provider.request(0)).json(chatAnswer('one'));
    await first;
    now = 120_000;
    await bench.ask();
    (await bench.provider.request(1)).json(chatAnswer('two'));

    expect(await bench.spent()).toMatchObject({ spent: 2 * COST, reserved: 0 });
  });
});

describe('a request that calls share', () => {
  it('is spent once', async () => {
    const { provider, ask, spent } = setUp([DOLLAR]);
    const calls = Array.from({ length: 5 }, () => ask());
    (await provider.request(0)).json(chatAnswer('one'));
    await Promise.all(calls);

    expect(await spent()).toMatchObject({ spent: COST, reserved: 0 });
  });

  it('is spent by the one who came first, and not by those who joined', async () => {
    const { provider, ask, spent } = setUp([{ ...DOLLAR, by: byUser }]);
    const calls = ['a', 'b'].map((user) => ask(user));
    (await provider.request(0)).json(chatAnswer('one'));
    await Promise.all(calls);

    expect([await spent('a'), await spent('b')]).toMatchObject([{ spent: COST }, { spent: 0 }]);
  });

  it('is still set aside where the one who came first has left, until it is over', async () => {
    const { provider, ask, spent, gateway } = setUp([DOLLAR]);
    const abort = new AbortController();
    const left = ask('a', { signal: abort.signal });
    const stays = ask('b');
    const request = await provider.request(0);
    abort.abort();
    await left.catch(() => undefined);
    const meanwhile = (await gateway.budgets.get('dollar')).cost;
    request.json(chatAnswer('one'));
    await stays;

    expect(meanwhile?.reserved).toBeGreaterThan(0);
    expect(await spent()).toMatchObject({ spent: COST, reserved: 0 });
  });

  it('is still set aside where it is a stream that the first one has left', async () => {
    const { provider, askStream, spent, gateway } = setUp([DOLLAR]);
    const opened = [askStream('a'), askStream('b')];
    const request = await provider.request(0);
    request.open();
    const [left, stays] = await Promise.all(opened);
    request.send(textChunk('on'));
    for await (const _ of left ?? []) break;
    await settle();
    const meanwhile = (await gateway.budgets.get('dollar')).cost;
    request.send(textChunk('e'), lastChunk(), usageChunk, '[DONE]');
    request.end();
    for await (const _ of stays ?? []);

    expect(meanwhile?.reserved).toBeGreaterThan(0);
    expect(await spent()).toMatchObject({ spent: COST, reserved: 0 });
  });

  it('gives back what was set aside where all have left', async () => {
    const { provider, ask, spent } = setUp([DOLLAR]);
    const abort = new AbortController();
    const calls = ['a', 'b'].map((user) => ask(user, { signal: abort.signal }));
    await provider.request(0);
    abort.abort();
    await Promise.allSettled(calls);

    expect(await spent()).toMatchObject({ spent: 0, reserved: 0 });
  });
});

describe('a call that would share the request of one over its budget', () => {
  const OVER_A = { ...DOLLAR, by: byUser };

  it('is not refused with it', async () => {
    const { provider, ask, spent, gateway, rows } = setUp([OVER_A]);
    await gateway.budgets.add('dollar', 'a', 1);
    const refused = refusalOf(ask('a'));
    const others = [ask('b'), ask('c'), ask('b')];
    (await provider.request(0)).json(chatAnswer('one'));

    expect(await refused).toMatchObject({ code: 'zerohop_budget' });
    expect((await Promise.all(others)).map(({ id }) => id)).toHaveLength(3);
    expect(provider.requests).toHaveLength(1);
    expect([await spent('b'), await spent('c')]).toMatchObject([{ spent: COST }, { spent: 0 }]);
    const told = rows.map(({ outcome, cost, usage }) => [outcome, cost, usage?.inputTokens]);
    expect(told.sort()).toEqual([
      ['error', null, undefined],
      ['success', 0, undefined],
      ['success', 0, undefined],
      ['success', COST, 3],
    ]);
  });

  it('is refused each by its own budget', async () => {
    const { provider, ask, gateway } = setUp([OVER_A]);
    for (const user of ['a', 'b', 'c']) await gateway.budgets.add('dollar', user, 1);
    const ends = await Promise.allSettled(['a', 'b', 'c', 'a'].map((user) => ask(user)));

    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'rejected'));
    expect(provider.requests).toEqual([]);
  });

  it('has the answer of its own model, and not of the one that the other was given instead', async () => {
    const { provider, ask, gateway, rows } = setUp([
      { ...OVER_A, onExceeded: { useModel: 'gpt-5-nano' } },
    ]);
    await gateway.budgets.add('dollar', 'a', 1);
    const calls = [ask('a'), ask('b')];
    const requests = [await provider.request(0), await provider.request(1)];
    for (const request of requests) {
      request.json({ ...chatAnswer('one'), model: isModel(request.body) });
    }
    const [small, own] = await Promise.all(calls);
    await gateway.flush();

    expect([small?.model, own?.model]).toEqual(['gpt-5-nano', 'gpt-5-mini']);
    expect(rows.map(({ cacheStatus }) => cacheStatus)).toEqual(['MISS', 'MISS']);
  });
});

describe('the answer of a model that is asked instead', () => {
  const CHEAPER = { ...DOLLAR, by: byUser, onExceeded: { useModel: 'gpt-5-nano' } } as const;

  it('is stored under that model, for those over their budget and no others', async () => {
    const { provider, ask, gateway } = setUp([CHEAPER]);
    await gateway.budgets.add('dollar', 'a', 1);
    const first = ask('a');
    (await provider.request(0)).json({ ...chatAnswer('one'), model: 'gpt-5-nano' });
    await first;
    const again = await ask('a');
    const within = ask('b');
    (await provider.request(1)).json(chatAnswer('two'));

    expect(again.model).toBe('gpt-5-nano');
    expect((await within).model).toBe('gpt-5-mini');
    expect(provider.requests.map(({ body }) => isModel(body))).toEqual([
      'gpt-5-nano',
      'gpt-5-mini',
    ]);
  });

  it('is not asked for where the first model has an answer stored', async () => {
    const { provider, ask, gateway } = setUp([CHEAPER]);
    const first = ask('a');
    (await provider.request(0)).json(chatAnswer('one'));
    await first;
    await gateway.budgets.add('dollar', 'a', 1);

    expect((await ask('a')).model).toBe('gpt-5-mini');
    expect(provider.requests).toHaveLength(1);
  });
});
