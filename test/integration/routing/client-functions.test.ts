import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { givenClient } from '../../../src/sdk/client-source.js';
import { ForeignClients } from '../../../src/sdk/foreign-client.js';
import type { AskingCall } from '../../../src/sdk/open-foreign.js';
import { canaryClient, failureOf, onlyRequest, quiet, wireOf } from './support/canaries.js';
import { cloning, connectTo } from './support/other-target.js';

const chat = {
  model: 'a-model',
  messages: [{ role: 'user', content: 'hi' }],
} satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;

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

const caller = () => new OpenAI({ ...canaryClient, baseURL: a.baseURL });
const withKey = (apiKey: string) => new OpenAI({ ...quiet, apiKey, baseURL: b.baseURL });
const keys = () => b.requests.map(({ headers }) => headers.authorization);

/** How clients are cloned, and how many were. */
function counted(): { readonly options: typeof cloning; readonly clones: () => number } {
  let clones = 0;
  const transport: typeof cloning.transport = (fetch) => {
    clones += 1;
    return cloning.transport(fetch);
  };
  return { options: { ...cloning, transport }, clones: () => clones };
}

describe('a target with a function for its client', () => {
  it('is asked with the key of each call’s tenant, and clones each client once', async () => {
    const { options, clones } = counted();
    const tenants = new Map(['one', 'two'].map((name) => [name, withKey(`key-${name}`)]));
    const source = givenClient<AskingCall>(async ({ request }) => {
      const { user } = Object(request.body);
      return tenants.get(String(user)) ?? {};
    }, options);
    const { client } = connectTo(caller(), { source });

    for (const user of ['one', 'two', 'one']) {
      await client.chat.completions.create({ ...chat, user });
    }

    expect(keys()).toEqual(['Bearer key-one', 'Bearer key-two', 'Bearer key-one']);
    expect(clones()).toBe(2);
  });

  it.each<[string, () => object | Promise<object>]>([
    [
      'throws',
      () => {
        throw new Error('s3cret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('s3cret'))],
    ['gives no client', () => ({ chat: {} })],
  ])('is a failure of that target where it %s, without its words', async (_what, factory) => {
    const { client } = connectTo(caller(), { source: givenClient<AskingCall>(factory, cloning) });

    const error = await failureOf(client.chat.completions.create(chat));

    expect(error).toMatchObject({ code: 'zerohop_client' });
    expect(String(error)).not.toContain('s3cret');
    expect(b.requests).toHaveLength(0);
  });

  it('is given up with the call', async () => {
    const controller = new AbortController();
    const source = givenClient<AskingCall>(() => {
      controller.abort(new Error('enough'));
      return new Promise<object>(() => undefined);
    }, cloning);
    const { client } = connectTo(caller(), { source });

    const work = client.chat.completions.create(chat, { signal: controller.signal });

    expect(String(await failureOf(work))).toContain('enough');
  });

  it('forgets a client that its owner has forgotten', async () => {
    const clients = new ForeignClients(cloning);
    const made = Array.from({ length: 8 }, () => {
      const client = withKey('key-b');
      clients.of(client);
      return new WeakRef(client);
    });

    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      globalThis.gc?.();
    }

    const left = made.filter((reference) => reference.deref() !== undefined);
    expect(left.length).toBeLessThan(2);
    expect(clients.of(withKey('key-b')).family).toBe('openai');
  });
});

describe('a target with a client', () => {
  it('refuses what is no client at once', () => {
    expect(() => givenClient({}, cloning)).toThrow(/must be a client of the OpenAI or Anthropic/);
  });

  it('is asked with a key that its owner has changed', async () => {
    const { options, clones } = counted();
    const other = withKey('key-old');
    const { client } = connectTo(caller(), { source: givenClient<AskingCall>(other, options) });

    await client.chat.completions.create(chat);
    other.apiKey = 'key-new';
    await client.chat.completions.create(chat);
    await client.chat.completions.create(chat);

    expect(keys()).toEqual(['Bearer key-old', 'Bearer key-new', 'Bearer key-new']);
    expect(clones()).toBe(1);
  });

  it('does not go through the gateway that the client is wrapped by', async () => {
    const seen: string[] = [];
    const gateway = createGateway({
      interceptors: [
        (request, next) => {
          seen.push(request.operation);
          return next(request);
        },
      ],
    });
    const wrapped = gateway.wrap(withKey('key-b'));
    const { client } = connectTo(caller(), { source: givenClient<AskingCall>(wrapped, cloning) });

    await client.chat.completions.create(chat);

    expect(keys()).toEqual(['Bearer key-b']);
    expect(seen).toEqual([]);
  });

  it('sends with the transport of its own client, not of the caller’s', async () => {
    const seen: string[] = [];
    const spy =
      (name: string): typeof fetch =>
      (input, init) => {
        seen.push(name);
        return fetch(input, init);
      };
    const own = new OpenAI({ ...canaryClient, baseURL: a.baseURL, fetch: spy('a') });
    const other = new OpenAI({ ...quiet, apiKey: 'k', baseURL: b.baseURL, fetch: spy('b') });
    const { client } = connectTo(own, { source: givenClient<AskingCall>(other, cloning) });

    await client.chat.completions.create(chat);

    expect(seen).toEqual(['b']);
    expect(wireOf(onlyRequest(b))).not.toContain('canary-a');
  });

  it.each([
    ['the call’s', 5_000, 600_000, { timeout: 3_000 }, 3_000],
    ['its client’s where the call has none', 5_000, 2_000, {}, 5_000],
    ['its client’s where that is shorter', 5_000, 600_000, { timeout: 9_000 }, 5_000],
    ['the caller’s client’s where its own has none', undefined, 2_000, {}, 2_000],
  ])('takes %s timeout', async (_whose, own, callers, perCall, expected) => {
    const timeout = own === undefined ? {} : { timeout: own };
    const other = new OpenAI({ ...quiet, ...timeout, apiKey: 'k', baseURL: b.baseURL });
    const mine = new OpenAI({ ...quiet, timeout: callers, apiKey: 'k', baseURL: a.baseURL });
    const source = givenClient<AskingCall>(other, cloning);
    const { client, opened } = connectTo(mine, { source });

    await client.chat.completions.create(chat, perCall);

    expect(opened[0]?.target.timeoutMs).toBe(expected);
    expect(onlyRequest(b).headers['x-stainless-timeout']).toBe(String(expected / 1000));
  });
});
