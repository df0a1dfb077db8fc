import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { setUp } from './support/bench.js';
import { allOf, clientsOf, type ModelCall, modelCalls, replies } from './support/operations.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const everyCall: readonly ModelCall[] = Object.values(modelCalls);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** A gateway with a cache, and clients of it. */
function cached() {
  const bench = setUp(provider);
  return { ...bench, clients: clientsOf(provider, bench.gateway) };
}

/** What the provider gives to one who asks it with the bare SDK. */
async function directly<Result>(reply: Reply, ask: () => PromiseLike<Result>): Promise<Result> {
  provider.enqueue(reply);
  const result = await ask();
  provider.reset();
  return result;
}

const statuses = ({ settlements }: ReturnType<typeof cached>) =>
  settlements.map(({ cache }) => cache?.status);

/** Members of a request that change the form of its answer. */
const variants: Readonly<Record<string, readonly (readonly [string, object])[]>> = {
  chat: [
    ['logprobs', { logprobs: true }],
    ['several choices', { n: 2 }],
    ['usage in streams', { stream_options: { include_usage: true } }],
  ],
  completions: [['several choices', { n: 2 }]],
  embeddings: [
    ['as floats', { encoding_format: 'float' }],
    ['as base64', { encoding_format: 'base64' }],
    ['with dimensions', { dimensions: 3 }],
  ],
};

interface Case {
  readonly name: string;
  readonly call: ModelCall;
  readonly reply: Reply;
  readonly more: object;
}

const cases: readonly Case[] = everyCall.flatMap((call) => [
  ...Object.entries(replies).map(([name, reply]) => ({
    name: `${call.name}: ${name}`,
    call,
    reply,
    more: {},
  })),
  ...(variants[call.name] ?? []).map(([name, more]) => ({
    name: `${call.name}: ${name}`,
    call,
    reply: { text: 'one two' },
    more,
  })),
]);
const streamed = cases.filter(({ call }) => call.stream);

/** What the SDK's helpers cannot put together of the provider's own stream. */
const BEYOND_HELPERS = ['messages: no usage', 'chat: reasoning'];
const helped = cases.filter(({ call, name }) => call.helper && !BEYOND_HELPERS.includes(name));

/** What a stream does not say, where the JSON would have: then it cannot stand for it. */
const WITHOUT_USAGE = ['chat: no usage', 'completions: no usage'];
/** The fake Claude has no way to say them in JSON. */
const BEYOND_JSON = ['messages: arguments that are no JSON'];
const whole = streamed.filter(({ name }) => ![...WITHOUT_USAGE, ...BEYOND_JSON].includes(name));

describe('a hit', () => {
  it.each(cases.filter(({ more }) => !('stream_options' in more)))(
    'is the direct answer: $name',
    async ({ call, reply, more }) => {
      const direct = await directly(reply, () => call.json(clientsOf(provider), more));
      const bench = cached();
      provider.enqueue(reply);

      const miss = await call.json(bench.clients, more);
      const hit = await call.json(bench.clients, more);

      expect(miss).toStrictEqual(direct);
      expect(hit).toStrictEqual(direct);
      expect(statuses(bench)).toEqual(['MISS', 'HIT']);
    },
  );

  it.each(streamed)('is the direct stream, event by event: $name', async (given) => {
    const { call, reply, more } = given;
    const open = (clients: ReturnType<typeof clientsOf>) =>
      allOf(call.stream?.(clients, more) ?? Promise.reject(new Error('no streams')));
    const direct = await directly(reply, () => open(clientsOf(provider)));
    const bench = cached();
    provider.enqueue(reply);

    const miss = await open(bench.clients);
    const hit = await open(bench.clients);

    expect(miss).toStrictEqual(direct);
    expect(hit).toStrictEqual(direct);
    expect(statuses(bench)).toEqual(['MISS', 'HIT']);
  });

  it.each(streamed)('is the same text, for who reads the bytes: $name', async (given) => {
    const { call, reply, more } = given;
    const read = async (clients: ReturnType<typeof clientsOf>) =>
      (await call.stream?.(clients, more).asResponse())?.text();
    const direct = await directly(reply, () => read(clientsOf(provider)));
    const bench = cached();
    provider.enqueue(reply);
    await read(bench.clients);

    expect(await read(bench.clients)).toBe(direct);
    expect(statuses(bench)).toEqual(['MISS', 'HIT']);
  });
});

describe('a hit in the other mode', () => {
  it.each(helped)("gives the SDK's helper what the stream would have: $name", async (given) => {
    const { call, reply, more } = given;
    const help = async (clients: ReturnType<typeof clientsOf>) =>
      plain(await call.helper?.(clients, more));
    const direct = await directly(reply, () => help(clientsOf(provider)));
    const bench = cached();
    provider.enqueue(reply);
    await call.json(bench.clients, more);

    const hit = await help(bench.clients);

    expect(essence(hit)).toStrictEqual(essence(direct));
    expect(statuses(bench)).toEqual(['MISS', 'HIT']);
  });

  it.each(whole)('is the answer that was streamed: $name', async (given) => {
    const { call, reply, more } = given;
    const direct = plain(await directly(reply, () => call.json(clientsOf(provider), more)));
    const bench = cached();
    provider.enqueue(reply);
    await allOf(call.stream?.(bench.clients, more) ?? Promise.reject(new Error('no streams')));

    const hit = plain(await call.json(bench.clients, more));

    expect(essence(hit)).toStrictEqual(essence(direct));
    expect(statuses(bench)).toEqual(['MISS', 'HIT']);
  });
});

it.each(streamed.filter(({ name }) => WITHOUT_USAGE.includes(name)))(
  'a stream without usage is no JSON answer, which would have some: $name',
  async ({ call, reply }) => {
    const bench = cached();
    provider.enqueue(reply);
    const stream = () => allOf(call.stream?.(bench.clients) ?? Promise.reject(new Error('none')));
    await stream();
    const again = await stream();

    const answer = await call.json(bench.clients);

    expect(again).not.toEqual([]);
    expect(answer).toHaveProperty('usage.total_tokens');
    expect(statuses(bench)).toEqual(['MISS', 'HIT', 'MISS']);
  },
);

/** An answer without what is absent in one mode and empty in the other. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, essence(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isNothing(member)));
}

function isNothing(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}
