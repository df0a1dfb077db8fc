import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createGatewayClient } from '../../../src/index.js';
import { systemClock } from '../../../src/pipeline/clock.js';
import { createInMemoryFetch } from '../../../src/testing/index.js';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { startRefusingRedis } from './support/refusing-redis.js';
import {
  keysOf,
  linesOf,
  openShared,
  outcomeOf,
  patientClock,
  readLimit,
  until,
  within,
} from './support/shared.js';

/** Resolves when a limiter has asked Redis, which knew nothing of the limit. */
async function isShared({ pass }: ReturnType<typeof openShared>, redis: TestRedis): Promise<void> {
  await until(async () => {
    await within(pass());
    expect(await keysOf(redis, 'requestsPer')).toHaveLength(1);
  });
}

const reasonsOf = ({ warn }: ReturnType<typeof openShared>) =>
  warn.mock.calls.map(([, { reason }]) => reason);

describeWithRedis('a Redis that limits are shared in', () => {
  it('is not waited for when it is not there at the start, and used when it comes', async () => {
    await using redis = await startRedis();
    await redis.kill();
    const shared = openShared({ requestsPerSecond: 10_000, concurrency: 100, redis: redis.url });

    for (let count = 0; count < 10; count += 1) await within(shared.pass());
    const warnings = reasonsOf(shared);
    await redis.restart();

    expect(warnings).toEqual(['ECONNREFUSED']);
    await isShared(shared, redis);
    expect(shared.limiter.counts().running).toBe(0);
  });

  it('is not waited for when it is killed in between, and used again when it is back', async () => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerSecond: 10_000, concurrency: 100, redis: redis.url });
    await shared.pass();

    await redis.kill();
    for (let count = 0; count < 10; count += 1) await within(shared.pass());
    const asked = vi.spyOn(shared.limiter, 'admit');
    for (let count = 0; count < 10; count += 1) await within(shared.pass());
    const waits = asked.mock.results.filter(({ value }) => value instanceof Promise);
    await redis.restart();

    expect(waits).toEqual([]);
    await isShared(shared, redis);
    expect(reasonsOf(shared)).toHaveLength(1);
  });

  it('is not waited for while it is frozen, and used again when it goes on', async () => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerSecond: 10_000, redis: redis.url }, systemClock);
    await isShared(shared, redis);

    redis.freeze();
    for (let count = 0; count < 500; count += 1) await within(shared.pass());
    const asked = vi.spyOn(shared.limiter, 'admit');
    for (let count = 0; count < 10; count += 1) await within(shared.pass());
    const waits = asked.mock.results.filter(({ value }) => value instanceof Promise);
    redis.thaw();
    await redis.flush();

    expect(waits).toEqual([]);
    expect(reasonsOf(shared)).toEqual(['no answer within 100 ms']);
    await isShared(shared, redis);
  });

  it('keeps no request from its answer that is under way when it dies', async () => {
    await using redis = await startRedis();
    const answer = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const client = createGatewayClient({
      apiKey: 'sk-test',
      fetch: createInMemoryFetch(async () => {
        arrived.resolve();
        await answer.promise;
        return { text: 'whole' };
      }),
      gateway: { rateLimit: { concurrency: 1, tokensPerMinute: 100_000, redis: redis.url } },
    });
    onTestFinished(() => client.gateway.close());
    const ask = () =>
      client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    const first = ask();
    await arrived.promise;

    await redis.kill();
    answer.resolve();

    expect((await within(first)).choices[0]?.message.content).toBe('whole');
    // Its slot is free: there is one.
    expect((await within(ask())).choices[0]?.message.content).toBe('whole');
  });

  it('lets those who wait go on under the share of their process when it dies', async () => {
    await using redis = await startRedis();
    const limits = { requestsPerSecond: 20, concurrency: 100, redis: redis.url, processes: 2 };
    const { admit, limiter } = openShared(limits);
    const answers = Array.from({ length: 15 }, () => admit());
    await until(() => expect(limiter.counts().queued).toBeGreaterThan(5));

    await redis.kill();

    const outcomes = await within(Promise.all(answers.map(outcomeOf)));
    expect(new Set(outcomes)).toEqual(new Set(['let through']));
  });

  it("is missed by no more than a process's share", async () => {
    await using redis = await startRedis();
    await redis.kill();
    const limits = { concurrency: 8, redis: redis.url, processes: 4, onLimit: 'reject' } as const;
    const { admit } = openShared(limits);

    const outcomes = await within(Promise.all(Array.from({ length: 8 }, () => outcomeOf(admit()))));

    expect(outcomes.filter((outcome) => outcome === 'let through')).toHaveLength(2);
  });

  it('that has just come back is taken from by no more than the share of a process, for a while', async () => {
    await using redis = await startRedis();
    const clock = { ...patientClock, ahead: 0, now: () => systemClock.now() + clock.ahead };
    // 480 can be there, and 150 of a process alone.
    const limits = { requestsPerMinute: 6_000, redis: redis.url, processes: 4 };
    const { admit, pass, debug } = openShared({ ...limits, onLimit: 'reject' }, clock);
    const passed = async (): Promise<number> => {
      const asked = Array.from({ length: 300 }, () => outcomeOf(admit()));
      const outcomes = await within(Promise.all(asked));
      return outcomes.filter((outcome) => outcome === 'let through').length;
    };
    await pass();
    await redis.kill();
    await until(async () => expect(await outcomeOf(pass())).toBe('let through'));
    clock.ahead = 60_000;
    const alone = await passed();

    await redis.restart();
    await until(() => expect(debug).toHaveBeenCalledWith('limits are shared again', {}));
    const atFirst = await passed();
    clock.ahead += 3_000;
    const then = await passed();

    expect([alone, atFirst, then].map((count) => count > 190)).toEqual([false, false, true]);
    expect(alone).toBeGreaterThanOrEqual(150);
  });

  it('is told when it is back of what was let through without it', async () => {
    await using redis = await startRedis();
    // 60 of a process alone.
    const shared = openShared({ requestsPerMinute: 600, redis: redis.url });
    await shared.pass();
    await redis.kill();

    for (let count = 0; count < 50; count += 1) await within(shared.pass());
    await redis.restart();

    await until(async () =>
      expect(await readLimit(redis, 'requestsPerMinute', 'reservoir')).toBeLessThan(0),
    );
  });

  it('closes the gate while it is gone, where that is asked for, and opens it again', async () => {
    await using redis = await startRedis();
    const limits = { requestsPerSecond: 5, redis: redis.url, onRedisDown: 'closed' } as const;
    const shared = openShared(limits);
    await shared.pass();
    const waiting = Array.from({ length: 20 }, () => outcomeOf(shared.admit()));
    await until(() => expect(shared.limiter.counts().queued).toBeGreaterThan(10));

    await redis.kill();
    const outcomes = await within(Promise.all(waiting));
    const error = await shared.admit().catch((thrown) => thrown);
    await redis.restart();

    expect(outcomes.slice(-10)).toEqual(Array(10).fill('zerohop_rate_limited'));
    expect(error).toMatchObject({ code: 'zerohop_rate_limited', goesOn: false });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(shared.limiter.counts().queued).toBe(0);
    await until(async () => expect(await outcomeOf(within(shared.pass()))).toBe('let through'));
  });

  it('is healed of having lost everything by the next request, and begins with what has come back', async () => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerMinute: 600, redis: redis.url });
    for (let count = 0; count < 40; count += 1) await shared.pass();

    await redis.flush();
    await isShared(shared, redis);
    const maximum = await readLimit(redis, 'requestsPerMinute', 'reservoirIncreaseMaximum');
    const level = await readLimit(redis, 'requestsPerMinute', 'reservoir');

    expect(shared.warn).not.toHaveBeenCalled();
    expect(level).toBeLessThan(0.5 * maximum);
  });

  it.each(['_settings', '_client_last_seen'])('heals itself of a lost key: %s', async (ending) => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerSecond: 1_000, concurrency: 10, redis: redis.url });
    await shared.pass();

    const keys = linesOf(await redis.command('KEYS', `*${ending}`));
    await redis.command('DEL', ...keys);
    for (let count = 0; count < 50; count += 1) await within(shared.pass());

    expect(keys.length).toBeGreaterThanOrEqual(2);
    expect(shared.warn).not.toHaveBeenCalled();
  });

  it.each([
    { fault: 'by itself', happen: (redis: TestRedis) => redis.flush() },
    { fault: 'with its end', happen: (redis: TestRedis) => redis.restart() },
  ])(
    'gives slots that it has lost $fault to those who had them, before anybody else',
    async ({ happen }) => {
      await using redis = await startRedis();
      const limits = { concurrency: 25, redis: redis.url };
      const one = openShared(limits);
      for (let count = 0; count < 24; count += 1) await one.admit();

      await happen(redis);
      const seen: number[] = [];
      await until(async () => {
        seen.push(await readLimit(redis, 'concurrency', 'running'));
        expect(seen.at(-1)).toBe(24);
      });
      const other = openShared({ ...limits, onLimit: 'reject' });

      const outcomes = [await outcomeOf(other.admit()), await outcomeOf(other.admit())];
      expect(outcomes).toEqual(['let through', 'zerohop_rate_limited']);
      expect(seen.filter((running) => running > 24)).toEqual([]);
    },
  );

  it.each([
    { state: 'full', commands: [['CONFIG', 'SET', 'maxmemory', '1']], reason: 'OOM' },
    { state: 'a replica', commands: [['REPLICAOF', '127.0.0.1', '1']], reason: 'READONLY' },
  ])('is left alone when it becomes $state', async ({ commands, reason }) => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerSecond: 10_000, concurrency: 10, redis: redis.url });
    await shared.pass();

    for (const command of commands) await redis.command(...command);
    await until(async () => {
      for (let count = 0; count < 100; count += 1) await within(shared.pass());
      expect(reasonsOf(shared)).toEqual([reason]);
    });
  });

  it.each([
    'LOADING Redis is loading the dataset in memory',
    'NOAUTH Authentication required.',
    "READONLY You can't write against a read only replica.",
    'MOVED 3999 127.0.0.1:6381',
    'ERR something',
  ])('is left alone when it answers %s', async (reply) => {
    await using redis = await startRefusingRedis(reply);
    const shared = openShared({ requestsPerSecond: 10_000, concurrency: 10, redis: redis.url });

    for (let count = 0; count < 20; count += 1) await within(shared.pass());

    expect(redis.connections()).toBeLessThan(10);
    expect(shared.warn.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('is spoken of once a minute, and never by its address', async () => {
    await using redis = await startRefusingRedis('NOAUTH Authentication required.');
    const clock = { ...systemClock, ahead: 0, now: () => systemClock.now() + clock.ahead };
    const url = redis.url.replace('//', '//user:secret@');
    const shared = openShared({ requestsPerSecond: 10_000, redis: url }, clock);
    await until(() => expect(shared.warn).toHaveBeenCalledOnce());

    await until(() => expect(redis.connections()).toBeGreaterThan(6));
    const calls = shared.warn.mock.calls.length;
    clock.ahead = 61_000;
    await until(() => expect(shared.warn.mock.calls.length).toBeGreaterThan(1));

    expect(calls).toBe(1);
    expect(JSON.stringify(shared.warn.mock.calls)).not.toMatch(/secret|127\.0\.0\.1/);
  });
});

describeWithRedis("a client of the user's", () => {
  it('is left as it is: its connection, its listeners, its methods', async () => {
    await using redis = await startRedis();
    const client = new Redis(redis.url, { keyPrefix: 'app:', stringNumbers: true });
    onTestFinished(() => client.disconnect());
    await client.ping();
    const before = { ...client, sendCommand: client.sendCommand, listeners: client.eventNames() };
    const shared = openShared({ requestsPerSecond: 1_000, concurrency: 5, redis: client });

    for (let count = 0; count < 20; count += 1) await within(shared.pass());
    const keys = linesOf(await redis.command('KEYS', '*'));
    const connections = (await redis.command('CLIENT', 'LIST')).match(/^id=/gm) ?? [];
    shared.limiter.close();

    expect(keys.every((key) => key.startsWith('app:b_{zerohop:'))).toBe(true);
    expect(connections.length).toBeGreaterThanOrEqual(3);
    expect(await client.ping()).toBe('PONG');
    expect(client.sendCommand).toBe(before.sendCommand);
    expect(client.eventNames()).toEqual(before.listeners);
    expect(Object.hasOwn(client, 'register')).toBe(false);
    expect(shared.warn).not.toHaveBeenCalled();
  });

  it('ends no process by the errors it emits, though nobody listens', async () => {
    await using redis = await startRedis();
    const client = new Redis(redis.url, { lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const shared = openShared({ requestsPerSecond: 1_000, redis: client });
    await within(shared.pass());

    expect(() => client.emit('error', new Error('lost'))).not.toThrow();
    shared.limiter.close();
    expect(client.listenerCount('error')).toBe(0);
  });
});
