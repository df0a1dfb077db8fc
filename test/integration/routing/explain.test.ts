import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CallOptions,
  createGateway,
  type Explanation,
  fallback,
  type GatewayOptions,
  hedge,
  loadBalance,
  mirror,
  perCall,
  primary,
  settlementOf,
  target,
  when,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';

let a: FakeProvider;
let b: FakeProvider;
beforeAll(async () => {
  [a, b] = await Promise.all([startFakeProvider(), startFakeProvider()]);
});
beforeEach(() => {
  a.reset();
  b.reset();
});
afterAll(() => Promise.all([a.close(), b.close()]));

const messages = [{ role: 'user' as const, content: 'a prompt' }];
const chat = { model: 'gpt-5-mini', messages };
const clientOf = (provider: FakeProvider, apiKey = 'key') =>
  new OpenAI({ apiKey, baseURL: provider.baseURL, maxRetries: 0 });
const to = (name: string, options: object = {}) =>
  target({ name, client: clientOf(b), ...options });
const host = () => new URL(a.url).host;

function setUp(options: GatewayOptions = {}) {
  const gateway = createGateway(options);
  const client = gateway.wrap(clientOf(a));
  const explain = (body: object = {}, own?: CallOptions) =>
    gateway.explain({ client, operation: 'chat', body: { ...chat, ...body }, options: own });
  return { gateway, client, explain };
}

const names = ({ targets }: Explanation) => targets.map(({ name }) => name);

function baseURLOf(baseURL: string, dialect?: 'openai-chat') {
  const client = new OpenAI({ apiKey: 'k', baseURL });
  return target({ name: baseURL, client, model: 'm', dialect });
}

describe('explain: the targets', () => {
  it('are those of the route, in the order in which they would be asked', async () => {
    const route = fallback(
      when(({ context }) => context.metadata.big === true, to('big'), primary),
      loadBalance([to('b'), to('c')], { strategy: (all) => all.toReversed() }),
      'groq/llama-3.3-70b-versatile',
    );
    const { explain, gateway } = setUp({ route });
    const inScope = () => gateway.run({ metadata: { big: true } }, () => explain());
    const end = ['c', 'b', 'groq/llama-3.3-70b-versatile'];

    expect(names(await explain())).toEqual([host(), ...end]);
    expect(names(await explain({}, { metadata: { big: true } }))).toEqual(['big', ...end]);
    expect(names(await inScope())).toEqual(['big', ...end]);
  });

  it('are the client itself where there is no route', async () => {
    const { explain } = setUp();

    expect((await explain()).targets).toMatchObject([
      { name: host(), role: 'target', state: 'closed', provider: 'openai', model: 'gpt-5-mini' },
    ]);
  });

  it('say who is asked beside whom, and who in the background', async () => {
    const route = mirror(
      fallback(hedge(primary, to('b'), { after: 250 }), to('c')),
      fallback(to('shadow'), to('shadow 2')),
    );
    const { explain } = setUp({ route });
    const { targets, first } = await explain();

    expect(targets.map(({ name, role, afterMs }) => [name, role, afterMs])).toEqual([
      [host(), 'target', undefined],
      ['shadow', 'shadow', undefined],
      ['shadow 2', 'shadow', undefined],
      ['b', 'hedge', 250],
      ['c', 'target', undefined],
    ]);
    expect(first).toBe(host());
  });

  it('tell how long a usual answer takes once that is known', async () => {
    const { explain, client } = setUp({ route: hedge(primary, to('b')) });
    const afterMs = async () => (await explain()).targets[1]?.afterMs;
    const before = await afterMs();
    for (let call = 0; call < 20; call += 1) await client.chat.completions.create(chat);

    expect(before).toBeUndefined();
    expect(await afterMs()).toBeGreaterThan(0);
  });

  it('have their own model, and say what would be left out of the request', async () => {
    const route = fallback(
      primary,
      to('b', { model: 'other', unsupported: ['seed'] }),
      target({ provider: 'groq', request: { model: 'laid over' } }),
      target({ name: 'own', client: () => clientOf(b) }),
    );
    const { explain } = setUp({ route });
    const { targets } = await explain({ seed: 1, store: true, prompt_cache_key: 'k' });

    expect(targets.map(({ model, removed }) => [model, removed])).toEqual([
      ['gpt-5-mini', []],
      ['other', ['store', 'prompt_cache_key', 'seed']],
      ['laid over', ['store', 'prompt_cache_key']],
      ['gpt-5-mini', undefined],
    ]);
  });
});

describe('explain: who would be passed over', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];
  it.each<[string, object, object]>([
    ['capability', { capabilities: { tools: false } }, { tools }],
    ['unsupported', { unsupported: ['seed'], onUnsupported: 'error' }, { seed: 1 }],
    [
      'request',
      {},
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file_1' } }] }] },
    ],
  ])('says that it is for: %s', async (reason, options, body) => {
    const { explain } = setUp({ route: fallback(to('b', options), to('c', { name: 'c' })) });
    const { targets, first } = await explain(body);

    expect(targets[0]).toMatchObject({ name: 'b', skipped: reason });
    expect(first).toBe(reason === 'request' ? undefined : 'c');
  });

  it('says that it is for the wire format', async () => {
    const { gateway, client } = setUp({ fallbacks: ['anthropic/claude-sonnet-4-6'] });
    const body = { model: 'text-embedding-3-small', input: 'a' };
    const explained = await gateway.explain({ client, operation: 'embeddings', body });

    expect(explained.targets[1]).toMatchObject({ skipped: 'dialect', state: 'closed' });
  });

  it('says what cannot be told in its wire format, and for what of it it is passed over', async () => {
    const { explain } = setUp({ fallbacks: ['anthropic/claude-sonnet-4-6'] });
    const explained = await explain({ logit_bias: { 1: 2 }, n: 2 });
    const audio = [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }];
    const refused = await explain({ messages: [{ role: 'user', content: audio }] });

    expect(explained.targets[1]).toMatchObject({ removed: ['logit_bias', 'n'] });
    expect(explained.targets[1]).not.toHaveProperty('skipped', expect.anything());
    expect(refused.targets[1]).toMatchObject({ skipped: 'request', removed: ['audio'] });
  });

  it.each([
    ['anthropic/claude-sonnet-4-6', 'anthropic-messages'],
    ['deepseek/deepseek-chat', 'openai-chat'],
    ['groq/llama-3.3-70b-versatile', 'openai-responses'],
    [baseURLOf('https://api.deepseek.com'), 'openai-chat'],
    [baseURLOf('https://api.openai.com/v1'), 'openai-responses'],
    [baseURLOf('http://127.0.0.1:8000/v1', 'openai-chat'), 'openai-chat'],
  ])('says in which wire format responses are had of %s', async (route, dialect) => {
    const { gateway, client } = setUp({ route: fallback(primary, route) });
    const body = { model: 'm', input: 'a' };
    const { targets } = await gateway.explain({ client, operation: 'responses', body });

    expect(targets.map((each) => each.dialect)).toEqual(['openai-responses', dialect]);
  });

  it('says that it is switched off', async () => {
    const { explain, gateway } = setUp({ route: fallback(to('b'), to('c')) });
    gateway.targets.disable('b');

    expect(await explain()).toMatchObject({
      first: 'c',
      targets: [{ skipped: 'disabled', state: 'disabled' }, { name: 'c' }],
    });
  });

  it.each([
    ['open', 'open', { status: 500 }, 30_000],
    ['dead', 'dead', { status: 401 }, 300_000],
    ['not_before', 'closed', { status: 429, headers: { 'retry-after': '90' } }, 90_000],
  ] as const)('says until when: %s', async (skipped, state, reply, retryAfterMs) => {
    const clock = handClock();
    b.enqueue(reply, { times: 5 });
    const { explain, client } = setUp({ clock, route: fallback(to('b'), primary) });
    for (let call = 0; call < (skipped === 'open' ? 5 : 1); call += 1) {
      await client.chat.completions.create(chat);
    }
    clock.advance(10_000);

    expect((await explain()).targets[0]).toMatchObject({
      state,
      skipped,
      retryAfterMs: retryAfterMs - 10_000,
    });
  });

  it('names nobody where nobody can be asked, and the least bad where that is asked', async () => {
    const firstOf = async (breaker: GatewayOptions['breaker']) => {
      b.enqueue({ status: 500 }, { times: 1 });
      const own = { ...breaker, consecutive: 1 };
      const { explain, client } = setUp({ clock: handClock(), breaker: own, route: to('b') });
      await client.chat.completions.create(chat).catch(() => undefined);
      return (await explain()).first;
    };

    expect(await firstOf({ allOpen: 'refuse' })).toBeUndefined();
    expect(await firstOf({ allOpen: 'least-bad' })).toBe('b');
  });
});

describe('explain: the cache', () => {
  type Key = Promise<{ explained: unknown; asked: unknown }>;
  const cases: readonly [string, (gateway: ReturnType<typeof createGateway>) => Key][] = [
    ...[OpenAI, OpenAI6].flatMap(
      (Client, index): [string, (g: ReturnType<typeof createGateway>) => Key][] => {
        const make = (gateway: ReturnType<typeof createGateway>) =>
          // The classes of both majors are used in the same way here.
          gateway.wrap(new Client({ apiKey: 'key', baseURL: a.baseURL })) as unknown as OpenAI & {
            gateway: typeof gateway;
          };
        const compare = async (explained: Promise<Explanation>, answer: Promise<object>) => ({
          explained: (await explained).cache?.key,
          asked: (await settlementOf(await answer)).cache?.key,
        });
        const major = index === 0 ? 7 : 6;
        return [
          [
            `chat, openai ${major}`,
            (gateway) => {
              const client = make(gateway);
              return compare(
                gateway.explain({ client, operation: 'chat', body: chat }),
                client.chat.completions.create(chat),
              );
            },
          ],
          [
            `responses, openai ${major}, with options and headers`,
            (gateway) => {
              const client = make(gateway);
              const body = { model: 'm', input: 'hi' };
              const options = { tenant: 't', cache: { vary: ['user'] }, metadata: { user: 'u' } };
              const request = { headers: { 'x-own': '1' } };
              return compare(
                gateway.explain({ client, operation: 'responses', body, options, request }),
                client.responses.create(body, perCall(options, request)),
              );
            },
          ],
          [
            `embeddings, openai ${major}, to which the SDK adds something`,
            (gateway) => {
              const client = make(gateway);
              const body = { model: 'm', input: 'hi' };
              return compare(
                gateway.explain({ client, operation: 'embeddings', body }),
                client.embeddings.create(body),
              );
            },
          ],
          [
            `completions, openai ${major}`,
            (gateway) => {
              const client = make(gateway);
              const body = { model: 'm', prompt: 'hi' };
              return compare(
                gateway.explain({ client, operation: 'completions', body }),
                client.completions.create(body),
              );
            },
          ],
        ];
      },
    ),
    [
      'messages, anthropic',
      async (gateway) => {
        const client = gateway.wrap(new Anthropic({ apiKey: 'key', baseURL: a.anthropicBaseURL }));
        const body = { model: 'claude', max_tokens: 9, messages };
        const explained = await gateway.explain({ client, operation: 'messages', body });
        const settlement = await settlementOf(await client.messages.create(body));
        return { explained: explained.cache?.key, asked: settlement.cache?.key };
      },
    ],
  ];

  it.each(cases)('has the key that the call has: %s', async (_, keysOf) => {
    const { explained, asked } = await keysOf(createGateway({ cache: true }));

    expect(explained).toMatch(/^[0-9a-f]{64}$/);
    expect(explained).toBe(asked);
  });

  it.each<[string, GatewayOptions['cache'], CallOptions | undefined, object | undefined]>([
    ['is off', undefined, undefined, undefined],
    ['is on', true, undefined, { mode: 'read-write', scope: 'credential', ttlMs: 3_600_000 }],
    ['is on for the call', undefined, { cache: { ttl: '5m' } }, { ttlMs: 300_000 }],
    ['has a tenant', true, { tenant: 't' }, { scope: 'tenant' }],
    ['is shared', { scope: 'shared' }, { tenant: 't' }, { scope: 'shared' }],
    ['is gone past', { mode: 'off' }, undefined, { key: undefined, bypass: 'off' }],
  ])('says what it is: it %s', async (_, cache, options, expected) => {
    const { explain } = setUp({ cache });
    const explained = (await explain({}, options)).cache;

    if (expected) expect(explained).toMatchObject(expected);
    else expect(explained).toBeUndefined();
  });

  it('says why an answer would not be stored', async () => {
    const { gateway, client } = setUp({ cache: true });
    const body = { model: 'm', input: 'hi', previous_response_id: 'resp_1' };
    const { cache } = await gateway.explain({ client, operation: 'responses', body });

    expect(cache?.key).toBeUndefined();
    expect(cache?.bypass).toEqual(expect.any(String));
  });
});

describe('explain: limits and cost', () => {
  it('gives the nearest timeouts and number of attempts, scopes included', async () => {
    const { explain, gateway } = setUp({ timeouts: { total: 9_000, idle: 5 }, maxAttempts: 5 });
    const scoped = await gateway.run({ timeouts: { total: 8_000 }, maxAttempts: 4 }, () =>
      explain({}, { timeouts: { connect: 7 } }),
    );

    expect(scoped).toMatchObject({
      timeouts: { total: 8_000, idle: 5, connect: 7 },
      maxAttempts: 4,
      maxRetries: 0,
      timeoutMs: 600_000,
    });
  });

  it('estimates what the call costs at each target, and at the first', async () => {
    const route = fallback(
      to('b', { price: { input: 10, output: 100 } }),
      to('c', { model: 'nobody-knows-it' }),
    );
    const { explain } = setUp({ route });
    const explained = await explain({
      max_tokens: 1_000,
      messages: [{ role: 'user', content: 'x'.repeat(35_000) }],
    });
    const { size, cost, targets } = explained;
    const dollars = (size.inputTokens * 10 + 1_000 * 100) / 1_000_000;

    expect(size.outputTokens).toBe(1_000);
    expect(size.inputTokens).toBeCloseTo(10_000, -2);
    expect(cost?.amount).toBeCloseTo(dollars, 9);
    expect(targets.map(({ cost: own, unpriced }) => own?.amount ?? unpriced)).toEqual([
      cost?.amount,
      'unknown_model',
    ]);
  });

  it('gives no cost where pricing is off', async () => {
    const { explain } = setUp({ pricing: false });

    expect(await explain()).toMatchObject({ cost: undefined, unpriced: 'unknown_model' });
  });
});

describe('explain leaves everything as it was', () => {
  it('sends nothing, settles nothing and counts nothing', async () => {
    const settled: unknown[] = [];
    const { gateway, explain } = setUp({
      stats: true,
      cache: true,
      route: mirror(hedge(primary, to('b'), { after: 0 }), to('shadow')),
    });
    gateway.on('settled', (settlement) => settled.push(settlement));
    const before = [gateway.stats(), gateway.cache.counters];
    await explain();
    await explain({ stream: true });
    await gateway.flush();

    expect([...a.requests, ...b.requests]).toEqual([]);
    expect(settled).toEqual([]);
    expect([gateway.stats(), gateway.cache.counters]).toEqual(before);
    expect(gateway.targets.list().map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  it('takes no probe of a breaker', async () => {
    const clock = handClock();
    b.enqueue({ status: 500 });
    const { explain, client, gateway } = setUp({
      clock,
      breaker: { consecutive: 1 },
      route: fallback(to('b'), primary),
    });
    await client.chat.completions.create(chat);
    clock.advance(60_000);
    const explained = await explain();
    await explain();

    expect(explained).toMatchObject({ first: 'b', targets: [{ state: 'open' }, {}] });
    expect(explained.targets[0]?.skipped).toBeUndefined();
    expect(gateway.targets.list()[1]?.state).toBe('open');
    await client.chat.completions.create(chat);
    expect(b.requests).toHaveLength(2);
  });

  it('neither saves up hedges nor uses them', async () => {
    const { explain, client, gateway } = setUp({
      route: hedge(primary, to('b'), { after: 0, share: 0.05 }),
    });
    const hedged: unknown[] = [];
    gateway.on('settled', ({ decisions }) =>
      hedged.push(decisions.find(({ kind }) => kind === 'hedge')?.detail?.asked),
    );
    for (let round = 0; round < 2; round += 1) {
      for (let times = 0; times < 50; times += 1) await explain();
      await client.chat.completions.create(chat);
    }
    await gateway.flush();

    expect(hedged).toEqual([true, false]);
  });

  it('holds no secret, and nothing of the prompt', async () => {
    const secret = clientOf(b, 'key-of-b');
    const { gateway } = setUp({
      cache: true,
      route: fallback(
        primary,
        target({ name: 'b', client: secret, headers: { 'x-own': 's3cret' } }),
      ),
    });
    const client = gateway.wrap(clientOf(a, 'key-of-a'));
    const explained = await gateway.explain({
      client,
      operation: 'chat',
      body: chat,
      options: { tenant: 'a-tenant' },
      request: { headers: { authorization: 'Bearer of-the-call' } },
    });

    const text = JSON.stringify(explained);
    expect(text).not.toMatch(/key-of|s3cret|a-tenant|of-the-call|a prompt/);
  });
});

describe('explain: what it is given', () => {
  it('must be a client of this gateway', async () => {
    const { gateway } = setUp();
    const other = setUp();
    const explain = (client: object) =>
      gateway.explain({ client: client as OpenAI, operation: 'chat', body: chat });

    await expect(explain(other.client)).rejects.toThrow(/^explain\.client: /);
    await expect(explain(clientOf(a))).rejects.toMatchObject({ code: 'zerohop_config' });
  });

  it('must be an operation that the client has', async () => {
    const { gateway, client } = setUp();
    const asked = { client, operation: 'messages', body: {} } as never;

    await expect(gateway.explain(asked)).rejects.toThrow(/makes no messages request/);
  });

  it('must have options as perCall() takes them', async () => {
    const { explain } = setUp();

    await expect(explain({}, { maxAttempts: 0 })).rejects.toThrow(/^explain\.options\.maxAttempts/);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('not like this');
      },
      /not like this/,
    ],
    ['rejects', () => Promise.reject(new Error('not like this')), /not like this/],
    ['asks nobody', () => 'an answer of its own', /makes no chat request/],
  ])('may have a method of its own that %s', async (_, create, message) => {
    class Own extends OpenAI {
      constructor(options: ConstructorParameters<typeof OpenAI>[0]) {
        super(options);
        Reflect.set(this.chat.completions, 'create', create);
      }
    }
    const gateway = createGateway();
    const client = gateway.wrap(new Own({ apiKey: 'key', baseURL: a.baseURL }));

    await expect(gateway.explain({ client, operation: 'chat', body: chat })).rejects.toThrow(
      message,
    );
  });

  it.each(['for all calls', 'for a scope', 'for the call'])(
    'may be left to the bare SDK, which is not asked either: %s',
    async (where) => {
      const { gateway, explain } = setUp({ fallbacks: [to('b')] });
      gateway.bypass(where === 'for all calls');
      const own = { bypass: true };
      const explained =
        where === 'for a scope'
          ? await gateway.run(own, () => explain())
          : await explain({}, where === 'for the call' ? own : {});

      expect(explained.bypassed).toBe(true);
      expect([...a.requests, ...b.requests]).toEqual([]);
    },
  );
});
