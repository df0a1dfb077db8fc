import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  attemptsOf,
  createGatewayClient,
  type GatewayOptions,
  type Interceptor,
  type Settlement,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { handClock, quickClock } from '../../support/quick-clock.js';

const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
const TIMEOUT_MS = 5_000;

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

function clientWith(gateway: GatewayOptions) {
  const { baseURL } = provider;
  const client = createGatewayClient({ apiKey: 'test', baseURL, timeout: TIMEOUT_MS, gateway });
  const settled: Settlement[] = [];
  client.gateway.on('settled', (settlement) => settled.push(settlement));
  return { client, settled };
}

/** An interceptor that never comes back, and when it was entered. */
function hanging(): { hangs: Interceptor; entered: Promise<void> } {
  const { promise: entered, resolve } = Promise.withResolvers<void>();
  const hangs: Interceptor = async function hangs() {
    resolve();
    return new Promise(() => undefined);
  };
  return { hangs, entered };
}

describe.each(['interceptors', 'attemptInterceptors'] as const)('a bad one of the %s', (ring) => {
  it.each([
    ['throws', () => Promise.reject(new Error('oops')), /interceptor "bad" threw: oops/],
    ['returns nothing', () => undefined as never, /interceptor "bad" returned undefined/],
  ])('that %s ends the call with an error of the SDK that names it', async (_, bad, message) => {
    const named: Interceptor = Object.defineProperty(bad, 'name', { value: 'bad' });
    const { client, settled } = clientWith({ [ring]: [named], clock: quickClock() });

    const error = await client.chat.completions.create(body).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({
      status: 500,
      code: 'zerohop_interceptor',
      message: expect.stringMatching(message),
    });
    expect(attemptsOf(error)).toHaveLength(ring === 'interceptors' ? 0 : 1);
    expect(provider.requests).toHaveLength(0);
    expect(settled).toMatchObject([{ outcome: 'error', failure: { kind: 'interceptor' } }]);
  });

  it('that never comes back ends the call after its timeout, and is named', async () => {
    const clock = handClock();
    const { hangs, entered } = hanging();
    const { client, settled } = clientWith({ [ring]: [hangs], clock });

    const call = client.chat.completions.create(body).catch((thrown: unknown) => thrown);
    await entered;
    clock.advance(TIMEOUT_MS);

    expect(await call).toMatchObject({
      code: 'zerohop_interceptor',
      message: expect.stringContaining('"hangs" neither returned nor called next() for 5000 ms'),
    });
    expect(settled).toMatchObject([{ outcome: 'error', failure: { kind: 'interceptor' } }]);
  });

  it('that hangs until the caller aborts ends with the abort error of the SDK', async () => {
    const { hangs, entered } = hanging();
    const { client, settled } = clientWith({ [ring]: [hangs] });
    const abort = new AbortController();

    const call = client.chat.completions.create(body, { signal: abort.signal });
    await entered;
    abort.abort();

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(settled).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('that hangs until the deadline of the call ends with the timeout error of the SDK', async () => {
    const clock = handClock();
    const { hangs, entered } = hanging();
    const { client } = clientWith({ [ring]: [hangs], clock, timeouts: { total: 1_000 } });

    const call = client.chat.completions.create(body).catch((thrown: unknown) => thrown);
    await entered;
    clock.advance(1_000);

    expect(await call).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
  });

  it('that awaits the upstream for longer than the timeout is not blamed', async () => {
    const clock = handClock();
    const passes: Interceptor = (request, next) => next(request);
    const { client } = clientWith({ [ring]: [passes], clock });
    const answered = Promise.withResolvers<void>();
    provider.enqueue(async () => {
      await answered.promise;
      return { text: 'late' };
    });

    const call = client.chat.completions.create(body);
    const sent = provider.waitForRequest();
    void call.catch(() => undefined);
    await sent;
    clock.advance(TIMEOUT_MS * 3);
    answered.resolve();

    expect((await call).choices[0]?.message.content).toBe('late');
  });
});

describe('the rings', () => {
  it('run once for a call, and once for each of its attempts', async () => {
    const trail: unknown[] = [];
    const { client } = clientWith({
      clock: quickClock(),
      interceptors: [
        (request, next, { attempts }) => {
          trail.push(['call', attempts.length]);
          return next(request);
        },
      ],
      attemptInterceptors: [
        (request, next, { attempt }) => {
          trail.push(['attempt', attempt]);
          return next(request);
        },
      ],
    });
    provider.enqueue({ status: 500 });

    await client.chat.completions.create(body);

    expect(trail).toEqual([
      ['call', 0],
      ['attempt', 0],
      ['attempt', 1],
    ]);
  });

  it('send what they changed', async () => {
    const { client } = clientWith({
      interceptors: [(request, next) => next({ ...request, body: { ...body, model: 'other' } })],
      attemptInterceptors: [
        (request, next) =>
          next({ ...request, headers: { 'x-team': 'a', 'x-stainless-lang': null } }),
      ],
    });

    await client.chat.completions.create(body);

    expect(provider.requests[0]?.json).toMatchObject({ model: 'other' });
    expect(provider.requests[0]?.headers).toMatchObject({ 'x-team': 'a' });
    expect(provider.requests[0]?.headers).not.toHaveProperty('x-stainless-lang');
  });
});
