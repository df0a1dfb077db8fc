import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createGateway,
  fallback,
  type GatewayOptions,
  primary,
  type TargetChange,
  target,
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

const clientOf = (provider: FakeProvider) =>
  new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 0 });

function setUp(options: GatewayOptions = {}) {
  const route = fallback(target({ name: 'b', client: clientOf(b) }), primary);
  const gateway = createGateway({ route, clock: handClock(), ...options });
  const client = gateway.wrap(clientOf(a));
  const changes: TargetChange[] = [];
  gateway.on('target-changed', (change) => changes.push(change));
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const ask = () => client.chat.completions.create({ model: 'm', messages });
  return { gateway, changes, ask };
}

describe('target-changed', () => {
  it('tells what was switched and weighted, once for each change', () => {
    const { gateway, changes } = setUp();
    const { targets } = gateway;
    targets.enable('b');
    targets.disable('b');
    targets.disable('b');
    targets.enable('b');
    targets.setWeight('b', 3);
    targets.setWeight('b', 3);

    expect(changes).toEqual([
      { name: 'b', change: 'disabled' },
      { name: 'b', change: 'enabled' },
      { name: 'b', change: 'weight', weight: 3 },
    ]);
  });

  it('tells what becomes of a breaker', async () => {
    const clock = handClock();
    const { changes, ask } = setUp({ clock, breaker: { consecutive: 2, jitter: 0 } });
    clock.advance(7_000);
    b.enqueue({ status: 503 }, { times: 2 });
    await ask();
    await ask();
    clock.advance(30_000);
    await ask();

    expect(changes).toEqual([
      { name: 'b', change: 'opened', reason: 'overloaded', openMs: 30_000 },
      { name: 'b', change: 'half_open' },
      { name: 'b', change: 'closed' },
    ]);
  });

  it('lets a listener act on it at once', async () => {
    const { gateway, changes, ask } = setUp({ breaker: { consecutive: 1 } });
    gateway.on('target-changed', ({ name, change }) => {
      if (change === 'opened') gateway.targets.disable(name);
    });
    b.enqueue({ status: 500 });
    await ask();

    expect(changes.map(({ change }) => change)).toEqual(['opened', 'disabled']);
    expect(gateway.targets.list().find(({ name }) => name === 'b')?.state).toBe('disabled');
  });

  it('is not heard any more by who has stopped listening', () => {
    const { gateway } = setUp();
    const told: unknown[] = [];
    gateway.on('target-changed', (change) => told.push(change))();
    gateway.targets.disable('b');

    expect(told).toEqual([]);
  });

  it('does not make calls ask for the usage of streams', async () => {
    const { gateway } = setUp({ telemetry: false });
    const client = gateway.wrap(clientOf(a));
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const stream = await client.chat.completions.create({ model: 'm', messages, stream: true });
    for await (const _ of stream);

    expect(b.requests[0]?.json).not.toHaveProperty('stream_options');
  });

  it('fails no call where a listener fails', async () => {
    const { gateway, ask } = setUp({ breaker: { consecutive: 1 } });
    gateway.on('target-changed', () => {
      throw new Error('no');
    });
    b.enqueue({ status: 500 });

    await expect(ask()).resolves.toMatchObject({ object: 'chat.completion' });
  });
});
