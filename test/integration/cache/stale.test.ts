import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayOptions, type Interceptor, perCall } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { recordSpans } from '../telemetry/support/recording.js';
import {
  ask,
  askStream,
  type Bench,
  chat,
  fetchChat,
  heldReply,
  setUp,
  shortly,
  withCache,
} from './support/bench.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const MINUTE = 60_000;

describe('staleWhileRevalidate', () => {
  const cache = { ttl: '1m', staleWhileRevalidate: '10m' } as const;

  /** A gateway in which the answer to {@link chat} has been stale for a minute. */
  async function stale(options: GatewayOptions = {}) {
    const bench = setUp(provider, { cache, ...options });
    await ask(bench.client);
    bench.clock.advance(2 * MINUTE);
    return bench;
  }

  it('gives the stale answer at once, with one call in the background for all who ask', async () => {
    const { client, gateway } = await stale();
    const { reply, release } = heldReply();
    provider.enqueue(reply);

    const seen = await Promise.all(Array.from({ length: 10 }, () => ask(client)));
    await provider.waitForRequest(2);
    seen.push(await ask(client), await askStream(client));
    release();
    await gateway.flush();

    expect(new Set(seen.map(shortly))).toEqual(new Set(['STALE 1']));
    expect(seen[0]).toMatchObject({ age: '120', ttl: '-60' });
    expect(provider.requests).toHaveLength(2);
    expect(await ask(client)).toMatchObject({ cache: 'HIT', age: '0', ttl: '60' });
    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each([
    [60_000 - 1, 'HIT 1'],
    [60_000, 'STALE 1'],
    [660_000 - 1, 'STALE 1'],
    [660_000, 'MISS 2'],
  ])('%d ms after the answer was stored: %s', async (ageMs, expected) => {
    const { client, clock, gateway } = setUp(provider, { cache });
    await ask(client);
    clock.advance(ageMs);

    expect(shortly(await ask(client))).toBe(expected);
    await gateway.flush();
  });

  it.each([
    ['fails', { status: 500 }],
    ['is refused', { status: 400 }],
    ['breaks off', { fault: 'reset' }],
    ['is cut short', { finishReason: 'length' }],
  ])('keeps the stale answer where the new one %s, and tries again', async (_name, reply) => {
    const { client, gateway } = await stale();
    provider.enqueue(reply);
    await ask(client);
    await gateway.flush();
    const requests = provider.requests.length;

    const again = await ask(client);
    await gateway.flush();

    expect(again).toMatchObject({ cache: 'STALE', id: expect.stringMatching(/1$/) });
    expect([requests, provider.requests.length]).toEqual([2, 3]);
    expect((await ask(client)).cache).toBe('HIT');
  });

  it('asks anew with the very request, in the mode of the caller', async () => {
    const { client, gateway } = await stale();

    await askStream(client, { ...chat, stream_options: { include_usage: true } });
    await gateway.flush();

    expect(provider.requests[1]?.json).toEqual({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(shortly(await askStream(client))).toBe('HIT 2');
  });

  it('goes on where the caller gives up', async () => {
    const { client, gateway } = await stale();
    const { reply, release } = heldReply();
    provider.enqueue(reply);
    const controller = new AbortController();

    await ask(client, chat, { signal: controller.signal });
    await provider.waitForRequest(2);
    controller.abort();
    release();
    await gateway.flush();

    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each<[string, (bench: Bench) => Promise<unknown>]>([
    ['tenant', ({ client }) => ask(client, chat, perCall({ tenant: 't' }))],
    ['scope', ({ client, gateway }) => gateway.run({ tenant: 't' }, () => ask(client))],
    ['key', ({ client }) => ask(client, chat, withCache({ key: 'k' }))],
    ['headers', ({ client }) => ask(client, chat, { headers: { 'x-feature': 'on' } })],
    ['tags', ({ client }) => ask(client, { ...chat, seed: 3 }, withCache({ tags: ['a'] }))],
  ])('replaces the very answer that was given: %s', async (_name, call) => {
    const bench = setUp(provider, { cache });
    const statuses = async () => {
      await call(bench);
      await bench.gateway.flush();
      return bench.settlements.map((settlement) => settlement.cache?.status);
    };
    await statuses();
    bench.clock.advance(2 * MINUTE);
    await statuses();

    expect(await statuses()).toEqual(['MISS', 'STALE', 'REFRESH', 'HIT']);
    expect(new Set(bench.settlements.map((settlement) => settlement.cache?.key)).size).toBe(1);
  });

  it.each([
    ['that may store nothing', { mode: 'read-only' }],
    ['that reads nothing', { mode: 'refresh' }],
  ] as const)('has nothing done in the background for a call %s', async (_name, options) => {
    const { client, gateway, settlements } = await stale();

    await ask(client, chat, withCache(options));
    await gateway.flush();

    expect(provider.requests).toHaveLength(options.mode === 'refresh' ? 2 : 1);
    expect(settlements).toHaveLength(2);
  });

  it('asks for nothing in vain where a request forbids to store', async () => {
    const { gateway, clock } = setUp(provider, { cache });
    const call = fetchChat(provider, gateway.fetch);
    await call();
    clock.advance(2 * MINUTE);

    const answer = await call('no-store');
    await gateway.flush();

    expect(answer).toBe('STALE 1');
    expect(provider.requests).toHaveLength(1);
  });

  it('asks anew in a call of its own: a span that is a root, a row, and what it cost', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { tracerProvider, spans } = recordSpans();
    const { client, gateway, rows } = await stale({
      telemetry: { tracerProvider },
      pricing: { models: { [chat.model]: { input: 1_000_000, output: 0 } } },
      metadata: { service: 'checkout' },
    });
    provider.enqueue({ usage: { inputTokens: 3 } });

    await tracerProvider.getTracer('app').startActiveSpan('handler', async (span) => {
      await ask(client);
      await gateway.flush();
      span.end();
    });
    context.disable();

    const [given, asked, refresh, handler] = spans().slice(2);
    const traceOf = (span: ReadableSpan | undefined) => span?.spanContext().traceId;
    expect(given?.attributes['zerohop.cache.status']).toBe('STALE');
    expect(given?.parentSpanContext?.spanId).toBe(handler?.spanContext().spanId);
    expect(refresh?.attributes['zerohop.cache.status']).toBe('REFRESH');
    expect(refresh?.parentSpanContext).toBeUndefined();
    expect(refresh?.links.map((link) => link.context.spanId)).toEqual([
      given?.spanContext().spanId,
    ]);
    expect(asked?.parentSpanContext?.spanId).toBe(refresh?.spanContext().spanId);
    expect([traceOf(given), traceOf(refresh)]).toEqual([traceOf(handler), traceOf(asked)]);
    expect(traceOf(refresh)).not.toBe(traceOf(given));
    expect(
      rows.slice(1).map(({ cacheStatus, cost, metadata }) => [cacheStatus, cost, metadata.service]),
    ).toEqual([
      ['STALE', 0, 'checkout'],
      ['REFRESH', 3, 'checkout'],
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
  });

  it('does not keep a gateway from closing', async () => {
    const { client, gateway } = await stale();
    await ask(client);

    await gateway.close();

    expect(provider.requests).toHaveLength(2);
  });
});

describe('staleIfError', () => {
  const cache = { ttl: '1m', staleIfError: '10m' } as const;

  async function stale(options: GatewayOptions = {}, clientOptions = {}) {
    const bench = setUp(provider, { cache, ...options }, clientOptions);
    await ask(bench.client);
    bench.clock.advance(2 * MINUTE);
    return bench;
  }

  const outages = [
    ...[500, 502, 503, 504, 529, 429, 408].map((status) => [String(status), { status }] as const),
    ['a connection that is reset', { fault: 'reset' }],
    ['a connection that is closed', { fault: 'close' }],
    ['a body that is cut short', { fault: 'short-body' }],
    ['a page of HTML', { fault: 'html' }],
    ['a body that is no JSON', { fault: 'malformed' }],
    ['an empty body', { body: '' }],
    [
      'an error in a 200',
      { json: { error: { message: 'overloaded', type: 'server_error', code: 'server_error' } } },
    ],
  ] as const;

  it.each(outages)('gives the stale answer on %s', async (_name, reply) => {
    const { client, settlements } = await stale();
    provider.enqueue(reply);

    const answer = await ask(client);

    expect(answer).toMatchObject({ cache: 'STALE', age: '120', ttl: '-60' });
    expect(shortly(answer)).toBe('STALE 1');
    expect(settlements.at(-1)).toMatchObject({
      outcome: 'success',
      usageMissing: 'cached',
      cost: { amount: 0 },
      decisions: expect.arrayContaining([{ kind: 'cache-stale-if-error' }]),
      attempts: [{ failure: expect.anything() }],
    });
  });

  it.each(outages.slice(0, 9))('does so for a stream: %s', async (_name, reply) => {
    const { client } = await stale();
    provider.enqueue(reply);

    expect(shortly(await askStream(client))).toBe('STALE 1');
  });

  it.each([400, 401, 403, 404, 409, 413, 422])('does not on %d', async (status) => {
    const { client } = await stale();
    provider.enqueue({ status });

    await expect(ask(client)).rejects.toMatchObject({ status });
  });

  it('does not on a 200 that holds an error of the caller', async () => {
    const { client } = await stale();
    const error = { message: 'the prompt is too long', code: 400, type: 'invalid_request_error' };
    provider.enqueue({ json: { error } });

    await expect(ask(client)).rejects.toThrow('the prompt is too long');
  });

  it.each([
    ['timeouts.total', { timeouts: { total: 1_000 } }, {}],
    ["the SDK's own timeout", {}, { timeout: 50 }],
  ])('gives it where the provider says nothing: %s', async (_name, options, request) => {
    const { client, clock } = await stale(options);
    provider.enqueue({ fault: 'hang' });

    const call = ask(client, chat, request);
    await provider.waitForRequest(2);
    clock.advance(1_000);

    expect(shortly(await call)).toBe('STALE 1');
  });

  it('does not for a stream whose deadline has passed, which ends with it', async () => {
    const { client, clock } = await stale({ timeouts: { total: 1_000 } });
    provider.enqueue({ fault: 'hang' });

    const call = askStream(client);
    await provider.waitForRequest(2);
    clock.advance(1_000);

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
  });

  it('gives it once all attempts have failed', async () => {
    const { client } = await stale({}, { maxRetries: 2 });
    provider.enqueue({ status: 503 }, { times: 3 });

    const answer = await ask(client);

    expect(shortly(answer)).toBe('STALE 1');
    expect(provider.requests).toHaveLength(4);
  });

  it('asks first, each time', async () => {
    const { client } = await stale();
    provider.enqueue({ status: 503 });
    await ask(client);

    expect(shortly(await ask(client))).toBe('MISS 2');
    expect(shortly(await ask(client))).toBe('HIT 2');
  });

  it.each([
    [660_000 - 1, 'STALE 1'],
    [660_000, '503'],
  ])('%d ms after the answer was stored: %s', async (ageMs, expected) => {
    const { client, clock } = setUp(provider, { cache });
    await ask(client);
    clock.advance(ageMs);
    provider.enqueue({ status: 503 });

    const seen = await ask(client).then(shortly, ({ status }: { status: number }) => `${status}`);

    expect(seen).toBe(expected);
  });

  it('does not where the caller gives up', async () => {
    const { client } = await stale();
    provider.enqueue({ fault: 'hang' });
    const controller = new AbortController();

    const call = ask(client, chat, { signal: controller.signal });
    await provider.waitForRequest(2);
    controller.abort();

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
  });

  it('does not where an interceptor throws', async () => {
    const broken = { now: false };
    const breaks: Interceptor = async function breaks(request, next) {
      if (broken.now) throw new Error('mine');
      return next(request);
    };
    const { client } = await stale({ attemptInterceptors: [breaks] });
    broken.now = true;

    await expect(ask(client)).rejects.toThrow('mine');
  });

  it('is not what staleWhileRevalidate is: both may be set', async () => {
    const both = { ttl: '1m', staleWhileRevalidate: '1m', staleIfError: '10m' } as const;
    const { client, gateway, clock } = setUp(provider, { cache: both });
    await ask(client);
    provider.enqueue({ status: 503 }, { times: 2 });

    clock.advance(90_000);
    const early = await ask(client);
    await gateway.flush();
    clock.advance(90_000);
    const late = await ask(client);

    expect([shortly(early), shortly(late)]).toEqual(['STALE 1', 'STALE 1']);
    expect(provider.requests).toHaveLength(3);
  });
});
