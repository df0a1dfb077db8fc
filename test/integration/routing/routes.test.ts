import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  attemptsOf,
  canary,
  createGateway,
  fallback,
  type GatewayOptions,
  type LogRow,
  loadBalance,
  perCall,
  primary,
  type Route,
  settlementOf,
  sticky,
  target,
  when,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { handClock, quickClock } from '../../support/quick-clock.js';

const providers: FakeProvider[] = [];
beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) {
    providers.push(await startFakeProvider({ reply: { text: name } }));
  }
});
beforeEach(() => {
  for (const provider of providers) provider.reset();
});
afterAll(() => Promise.all(providers.map((provider) => provider.close())));

const at = (index: number): FakeProvider => {
  const provider = providers[index];
  if (provider === undefined) throw new Error('no such provider');
  return provider;
};
const clientOf = (index: number, apiKey = `k${index}`) =>
  new OpenAI({ apiKey, baseURL: at(index).baseURL, maxRetries: 0 });
const to = (name: 'b' | 'c', options: object = {}) =>
  target({ name, client: clientOf(name === 'b' ? 1 : 2), ...options });

function setUp(options: GatewayOptions) {
  const rows: LogRow[] = [];
  const gateway = createGateway({ clock: quickClock(), log: (row) => rows.push(row), ...options });
  const client = gateway.wrap(clientOf(0));
  const ask = async (metadata: Record<string, unknown> = {}) => {
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };
    const answer = await client.chat.completions.create(body, perCall({ metadata }));
    return answer.choices[0]?.message.content ?? '';
  };
  return { gateway, client, ask, rows };
}

/** How often each was asked, of so many calls. */
async function shares(route: Route, count: number, metadata: (call: number) => object) {
  const { ask } = setUp({ route });
  const seen: Record<string, number> = {};
  for (let call = 0; call < count; call += 1) {
    const answer = await ask({ ...metadata(call) });
    seen[answer] = (seen[answer] ?? 0) + 1;
  }
  return seen;
}

const tenantOf = ({ context }: { context: { metadata: Readonly<Record<string, unknown>> } }) => {
  const { tenant } = context.metadata;
  return typeof tenant === 'string' ? tenant : undefined;
};

describe('a route', () => {
  it('asks what a predicate chooses', async () => {
    const { ask } = setUp({ route: when((call) => tenantOf(call) === 'big', to('b')) });

    expect([await ask(), await ask({ tenant: 'big' })]).toEqual(['a', 'b']);
  });

  it('takes a predicate that throws for one that does not hold', async () => {
    const fail = () => {
      throw new Error('no');
    };
    const { ask } = setUp({ route: when(fail, to('b')) });

    expect(await ask()).toBe('a');
  });

  it('spreads calls by weight, and asks what has none last', async () => {
    const balanced = loadBalance([to('b', { weight: 3 }), to('c'), primary], {
      strategy: (targets) => targets.toReversed(),
    });
    expect(await shares(balanced, 3, () => ({}))).toEqual({ a: 3 });

    const clock = { ...quickClock(), random: () => 0.2 };
    const { ask, gateway } = setUp({
      clock,
      route: loadBalance([to('b'), to('c', { weight: 0 })], { strategy: 'weighted' }),
    });
    expect([await ask(), await ask()]).toEqual(['b', 'b']);
    gateway.targets.disable('b');
    expect(await ask()).toBe('c');
  });

  it('keeps calls with a key at one target', async () => {
    const seen = new Map<string, Set<string>>();
    const { ask } = setUp({ route: sticky(tenantOf, [to('b'), to('c')]) });
    for (let call = 0; call < 60; call += 1) {
      const tenant = `t${call % 12}`;
      const answers = seen.get(tenant) ?? new Set();
      seen.set(tenant, answers.add(await ask({ tenant })));
    }

    expect([...seen.values()].every((answers) => answers.size === 1)).toBe(true);
    expect(new Set([...seen.values()].flatMap((answers) => [...answers]))).toEqual(
      new Set(['b', 'c']),
    );
  });

  it('sends a canary the same share of the keys each time', async () => {
    const route = canary(0.3, to('b'), { key: tenantOf });
    const count = (tenants: number) => shares(route, tenants, (call) => ({ tenant: `t${call}` }));

    const [once, twice] = [await count(200), await count(200)];

    expect(once).toEqual(twice);
    expect(once.b).toBeGreaterThan(40);
    expect(once.b).toBeLessThan(80);
  });

  it('leaves a canary that fails', async () => {
    at(1).enqueue({ status: 500 }, { times: 3 });
    const { ask } = setUp({ route: canary(1, to('b')) });

    expect(await ask()).toBe('a');
  });

  it('leaves a target of a balanced group at once for another', async () => {
    at(1).enqueue({ status: 429, headers: { 'retry-after': '5' } }, { times: 10 });
    const order = loadBalance([to('b', { maxRetries: 5 }), to('c')], { strategy: (all) => all });
    const { ask } = setUp({ route: order });

    expect([await ask(), await ask(), await ask()]).toEqual(['c', 'c', 'c']);
    expect(at(1).requests).toHaveLength(1);
  });

  it('gives a client for each call, with a key of its own', async () => {
    const own = target({
      name: 'b',
      client: (call) => clientOf(1, `key of ${tenantOf(call)}`),
    });
    const { ask } = setUp({ route: own });
    await ask({ tenant: 'x' });
    await ask({ tenant: 'y' });

    expect(at(1).requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer key of x',
      'Bearer key of y',
    ]);
  });
});

describe('fallbacks', () => {
  it('are asked with a model and a body of their own, and named in what is told', async () => {
    at(0).enqueue({ status: 503 });
    const { client, rows } = setUp({
      fallbacks: [to('b', { model: 'other', request: { temperature: 0.5 } })],
    });
    const body = {
      model: 'gpt-5-mini',
      temperature: 1,
      messages: [{ role: 'user' as const, content: 'hi' }],
    };
    const { data, response } = await client.chat.completions.create(body).withResponse();

    expect(at(1).requests[0]?.json).toMatchObject({ model: 'other', temperature: 0.5 });
    expect(body.temperature).toBe(1);
    expect(response.headers.get('x-zerohop-target')).toBe('b');
    const { attempts, decisions } = await settlementOf(data);
    expect(attempts.map((attempt) => attempt.target)).toEqual([new URL(at(0).url).host, 'b']);
    expect(decisions.map(({ kind }) => kind)).toContain('target-left');
    expect(rows).toMatchObject([{ outcome: 'success', target: 'b' }]);
  });

  it.each([400, 401, 403, 404, 422])(
    'are not asked after a %i of the caller’s own',
    async (status) => {
      at(0).enqueue({ status });
      const { ask } = setUp({ fallbacks: [to('b')] });

      await expect(ask()).rejects.toMatchObject({ status });
      expect(at(1).requests).toHaveLength(0);
    },
  );

  it('end with the last error, of the caller’s class, and all attempts', async () => {
    at(0).enqueue({ status: 503 });
    at(1).enqueue({ status: 500 });
    const { ask } = setUp({ fallbacks: [to('b')] });
    const error = await ask().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(attemptsOf(error).map(({ target: name }) => name)).toEqual([
      new URL(at(0).url).host,
      'b',
    ]);
  });

  it('have chains for reasons of their own', async () => {
    const tooLong = { code: 'context_length_exceeded', message: 'maximum context length' };
    at(0).enqueue({ status: 400, error: tooLong });
    const { ask } = setUp({ route: fallback(primary, to('b'), { onContextWindow: to('c') }) });

    expect(await ask()).toBe('c');
  });

  it('make requests up to the cap of the call', async () => {
    for (const provider of providers) provider.enqueue({ status: 500 }, { times: 20 });
    const { ask, rows } = setUp({ fallbacks: [to('b'), to('c')], maxAttempts: 2 });

    await expect(ask()).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    expect(rows[0]?.attempts).toHaveLength(2);
  });
});

describe('a target that fails', () => {
  it('is left alone after five failures, and tried by one call once some time has passed', async () => {
    const clock = handClock();
    at(0).enqueue({ status: 500 }, { times: 5 });
    const { ask, gateway } = setUp({ clock, fallbacks: [to('b')] });
    for (let call = 0; call < 5; call += 1) await ask();
    const state = () => gateway.targets.list()[0]?.state;

    expect(state()).toBe('open');
    expect(await ask()).toBe('b');
    expect(at(0).requests).toHaveLength(5);
    clock.advance(40_000);
    expect(await ask()).toBe('a');
    expect(state()).toBe('closed');
  });

  it('is not counted as busy by a call that was given up before it was asked', async () => {
    const abort = new AbortController();
    const slow = target({
      name: 'b',
      client: clientOf(1),
      request: (body) => {
        abort.abort();
        return body;
      },
    });
    const { client, gateway } = setUp({ route: slow });
    const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };

    await expect(
      client.chat.completions.create(body, { signal: abort.signal }),
    ).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(at(1).requests).toHaveLength(0);
    expect(gateway.targets.list().map(({ inFlight }) => inFlight)).toEqual([0]);
  });

  it('is no target while nobody else is left, and the error says why', async () => {
    const { ask, gateway, rows } = setUp({ route: to('b') });
    await ask();
    gateway.targets.disable('b');
    const error = await ask().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'zerohop_no_target' });
    expect(String(error)).toContain('b: disabled');
    expect(rows[1]?.attempts).toEqual([]);
  });
});

describe('a route that makes no sense', () => {
  const loop: { kind: 'balance'; children: Route[]; strategy: 'weighted' } = {
    kind: 'balance',
    children: [],
    strategy: 'weighted',
  };
  loop.children.push(loop);
  it.each<[string, () => GatewayOptions, RegExp]>([
    ['a cycle', () => ({ route: loop }), /^gateway\.route\[0\]: contains itself/],
    ['an unknown provider', () => ({ fallbacks: ['nobody/model'] }), /^gateway\.fallbacks\[1\]: /],
    ['no targets', () => ({ route: loadBalance([]) }), /^gateway\.route: has no targets/],
    ['a share above 1', () => ({ route: canary(2, to('b')) }), /^gateway\.route\.share: /],
    ['two targets of one name', () => ({ fallbacks: [to('b'), to('b')] }), /the name b is taken/],
    [
      'both forms',
      () => ({ fallbacks: [to('b')], route: primary }),
      /^gateway\.fallbacks: not beside/,
    ],
    [
      'a target without a client',
      () => ({ fallbacks: [target({ name: 'x' })] }),
      /either `client` or/,
    ],
  ])('is refused with its path: %s', (_name, options, message) => {
    expect(() => createGateway(options())).toThrow(message);
  });
});
