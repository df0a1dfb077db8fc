import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BalanceStrategy,
  createGateway,
  type GatewayOptions,
  loadBalance,
  type PriceSource,
  primary,
  type Route,
  settlementOf,
  type TargetOptions,
  target,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';

const providers = new Map<string, FakeProvider>();
beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) {
    providers.set(name, await startFakeProvider({ reply: { text: name } }));
  }
});
beforeEach(() => {
  for (const provider of providers.values()) provider.reset();
});
afterAll(() => Promise.all([...providers.values()].map((provider) => provider.close())));

const at = (name: string): FakeProvider => {
  const provider = providers.get(name);
  if (provider === undefined) throw new Error('no such provider');
  return provider;
};
const clientOf = (name: string) =>
  new OpenAI({ apiKey: 'k', baseURL: at(name).baseURL, maxRetries: 0 });
const to = (name: string, options: Partial<TargetOptions> = {}) =>
  target({ name, client: clientOf(name), ...options });
const cheapest = (...routes: readonly Route[]) => loadBalance(routes, { strategy: 'cost' });

function setUp(route: Route, options: GatewayOptions = {}) {
  const gateway = createGateway({ clock: quickClock(), route, ...options });
  const client = gateway.wrap(clientOf('a'));
  const answer = (own: object = {}) => {
    const messages = [{ role: 'user' as const, content: 'hi' }];
    return client.chat.completions.create({ model: 'gpt-5-mini', messages, stream: false, ...own });
  };
  const ask = async (own?: object) => (await answer(own)).choices[0]?.message.content;
  return { gateway, answer, ask };
}

const cheap = { input: 1, output: 1 };
const dear = { input: 10, output: 10 };

describe('a group that goes by cost', () => {
  it('asks the cheapest first, then the next', async () => {
    const { ask } = setUp(cheapest(to('a', { price: dear }), to('b', { price: cheap })));
    expect(await ask()).toBe('b');

    at('b').enqueue({ status: 500 });
    expect(await ask()).toBe('a');
  });

  it('leaves out the cheapest while it cannot be asked', async () => {
    const { ask, gateway } = setUp(cheapest(to('a', { price: dear }), to('b', { price: cheap })));
    gateway.targets.disable('b');

    expect(await ask()).toBe('a');
    expect(at('b').requests).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'a long question',
      { max_tokens: 1, messages: [{ role: 'user', content: 'x '.repeat(9_000) }] },
      'b',
    ],
    ['a long answer', { max_tokens: 9_000 }, 'a'],
    ['an answer of the usual length', {}, 'a'],
  ])('goes by the size of the call: %s', async (_, own, expected) => {
    const { ask } = setUp(
      cheapest(
        to('a', { price: { input: 2, output: 1 } }),
        to('b', { price: { input: 1, output: 2 } }),
      ),
    );

    expect(await ask(own)).toBe(expected);
  });

  it('goes by the prices of the data, for the model and the provider of each target', async () => {
    const { ask } = setUp(
      cheapest(
        to('a', { model: 'gpt-4.1-mini' }),
        to('b', { request: { model: 'gpt-4.1-nano' } }),
        target({ provider: 'groq', model: 'nobody-knows-it' }),
      ),
    );

    expect(await ask()).toBe('b');
  });

  it('knows the price of the client itself', async () => {
    const { ask } = setUp(cheapest(to('b', { model: 'gpt-4.1' }), primary));

    expect(await ask({ model: 'gpt-4.1-nano' })).toBe('a');
    expect(await ask({ model: 'o1-pro' })).toBe('b');
  });

  it('asks what has no price last', async () => {
    const { ask } = setUp(
      cheapest(to('a', { model: 'nobody-knows-it' }), to('b', { price: dear })),
    );

    expect(await ask()).toBe('b');
  });

  it('goes by speed where the cost is the same', async () => {
    const clock = quickClock();
    let now = 0;
    const { ask, gateway } = setUp(
      cheapest(to('a', { price: cheap }), to('b', { price: cheap }), to('c', { price: dear })),
      { clock: { ...clock, now: () => now } },
    );
    for (const name of ['b', 'a']) {
      gateway.targets.disable(name === 'a' ? 'b' : 'a');
      at(name).enqueue(async () => {
        now += name === 'a' ? 10_000 : 10;
        return { text: name };
      });
      await ask();
      gateway.targets.enable(name === 'a' ? 'b' : 'a');
    }

    expect(await ask()).toBe('b');
  });

  it('may be given prices as functions', async () => {
    const price = ({
      usage,
    }: {
      readonly usage?: { readonly inputTokens?: number | undefined } | undefined;
    }) => ((usage?.inputTokens ?? 0) > 1_000 ? 0 : 1);
    const { ask } = setUp(cheapest(to('a', { price: dear }), to('b', { price })));

    expect(await ask()).toBe('a');
    expect(await ask({ messages: [{ role: 'user', content: 'x '.repeat(9_000) }] })).toBe('b');
  });
});

describe('the price of a target', () => {
  it('is what its calls are charged by, over that of the options', async () => {
    const pricing = { targets: { b: dear, c: cheap } };
    const { answer } = setUp(to('b', { price: cheap }), { pricing });
    const { cost, attempts } = await settlementOf(await answer());
    const { inputTokens = 0, outputTokens = 0 } = attempts[0]?.usage ?? {};

    expect(cost?.amount).toBeCloseTo((inputTokens + outputTokens) / 1_000_000, 12);
  });

  it('stands beside those of other targets', async () => {
    const pricing = { targets: { b: cheap } };
    const { ask } = setUp(cheapest(to('a', { price: dear }), to('b')), { pricing });

    expect(await ask({ model: 'o1-pro' })).toBe('b');
  });

  it('is gone by where pricing is off, and charged by nobody', async () => {
    const route = cheapest(to('a', { price: dear }), to('b', { price: cheap }), to('c'));
    const { answer } = setUp(route, { pricing: false });
    const settlement = await settlementOf(await answer());

    expect(settlement).toMatchObject({ unpriced: 'off', attempts: [{ target: 'b' }] });
  });

  it.each([
    ['input', { input: -1 }],
    ['inputPerMillion', { inputPerMillion: 1 }],
    ['tiers[0].above', { tiers: [{ above: 'x' }] }],
  ])('is checked when the gateway is made: %s', (path, price) => {
    const make = () => createGateway({ route: to('b', { price: price as object }) });

    expect(make).toThrow(`gateway.route.price.${path}: `);
  });
});

describe('the price data', () => {
  const looked = (source: string[]): PriceSource => ({
    calcPrice(_, model) {
      source.push(model);
      return null;
    },
  });

  it('is looked into by no other strategy', async () => {
    const models: string[] = [];
    const strategies: readonly BalanceStrategy[] = ['latency', 'weighted', (all) => all];
    for (const strategy of strategies) {
      const route = loadBalance([to('a'), to('b')], { strategy });
      // Without a follower nothing is priced.
      const { ask } = setUp(route, { pricing: { source: looked(models) }, telemetry: false });
      await ask();
    }

    expect(models).toEqual([]);
  });

  it('is asked for each target that has no price of its own', async () => {
    const models: string[] = [];
    const route = cheapest(to('a', { price: cheap }), to('b', { model: 'one' }), to('c'));
    const pricing = { source: looked(models) };
    const { ask } = setUp(route, { pricing, telemetry: false });
    await ask();

    expect(new Set(models)).toEqual(new Set(['one', 'gpt-5-mini']));
  });
});

describe('a strategy', () => {
  it('must be one there is', () => {
    const strategy = 'cheapest' as 'cost';
    const make = () => createGateway({ route: loadBalance([primary], { strategy }) });

    expect(make).toThrow("gateway.route.strategy: must be one of 'weighted', 'latency', 'cost'");
  });
});
