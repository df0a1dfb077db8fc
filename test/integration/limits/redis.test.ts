import { describe, expect, it, vi } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis.js';
import { reported } from '../../unit/limits/support/attempts.js';
import { startChild } from './support/children.js';
import {
  keysOf,
  linesOf,
  openShared,
  outcomeOf,
  readLimit,
  until,
  within,
} from './support/shared.js';

const body = (maxTokens: number) => ({ model: 'm', messages: [], max_tokens: maxTokens });

describeWithRedis('limits that processes share', () => {
  describe('a rate', () => {
    it('holds for all who give the same figures, name and key, and for nobody else', async () => {
      await using redis = await startRedis();
      const limits = { requestsPerMinute: 2, onLimit: 'reject', redis: redis.url } as const;
      const by = () => 'tenant';

      await openShared(limits).pass();
      const outcomes = await Promise.all(
        [
          limits,
          { ...limits, keyPrefix: 'another-app' },
          { ...limits, requestsPerMinute: 3 },
          { ...limits, by },
        ].map((options) => outcomeOf(openShared(options).pass())),
      );

      expect(outcomes).toEqual([
        'zerohop_rate_limited',
        'let through',
        'let through',
        'let through',
      ]);
    });

    it('is named in Redis by a hash, never by the key itself, and forgotten after a while', async () => {
      await using redis = await startRedis();
      await openShared({
        requestsPerMinute: 5,
        redis: redis.url,
        by: () => 'user@example.com',
      }).pass();

      const keys = linesOf(await redis.command('KEYS', '*'));
      const ttls = await Promise.all(keys.map((key) => redis.command('PTTL', key)));

      expect(keys.join()).toContain('{zerohop:gateway:requestsPerMinute:5:0.1:');
      expect(keys.join()).not.toContain('example');
      expect(ttls.map((ttl) => Number(ttl.slice(1))).every((ttl) => ttl > 0)).toBe(true);
    });

    it('is taken in blocks, which are spent without asking', async () => {
      await using redis = await startRedis();
      const { limiter, pass } = openShared({ requestsPerSecond: 100_000, redis: redis.url });
      await pass();
      const asked = vi.spyOn(limiter, 'admit');

      for (let count = 0; count < 200; count += 1) await pass();

      const waits = asked.mock.results.filter(({ value }) => value instanceof Promise);
      expect(waits.length).toBeLessThan(100);
    });

    it('is not spoken of to the processes that share it, each time that one takes of it', async () => {
      await using redis = await startRedis();
      await openShared({ requestsPerMinute: 600, concurrency: 5, redis: redis.url }).pass();

      await until(async () => {
        const channels = linesOf(await redis.command('PUBSUB', 'CHANNELS', '*gateway*')).join('\n');
        // Beside the channel that all hear, each has one of its own, whose name goes on.
        expect(channels).toMatch(/concurrency\S*\}$/m);
        expect(channels).not.toMatch(/requestsPerMinute\S*\}$/m);
      });
    });

    it('gets back what was taken ahead and is not used', async () => {
      await using redis = await startRedis();
      const { pass } = openShared({ requestsPerMinute: 600, redis: redis.url });
      for (let count = 0; count < 30; count += 1) await pass();

      const capacity = await readLimit(redis, 'requestsPerMinute', 'reservoirIncreaseMaximum');

      // 30 of the 48 were used, of which ten come back each second.
      expect(capacity).toBeGreaterThan(0);
      await until(async () =>
        expect(await readLimit(redis, 'requestsPerMinute', 'reservoir')).toBeGreaterThan(
          0.37 * capacity,
        ),
      );
    });

    it('lets no more through at once after a while than can be there at most', async () => {
      await using redis = await startRedis();
      // 48,000 tokens can be there.
      const limits = { tokensPerMinute: 600_000, onLimit: 'reject', redis: redis.url } as const;
      const [one, other] = [openShared(limits), openShared(limits)];
      await one.pass({ body: body(10) });
      const [key = ''] = await keysOf(redis, 'tokensPerMinute');
      await redis.command('HINCRBY', key, 'lastReservoirIncrease', '-60000');

      const first = await outcomeOf(one.admit({ body: body(40_000) }));
      const next = await outcomeOf(other.admit({ body: body(40_000) }));

      expect([first, next]).toEqual(['let through', 'zerohop_rate_limited']);
    });

    it('gets back what was not used of an estimate, and is not filled above its capacity by it', async () => {
      await using redis = await startRedis();
      const { admit } = openShared({ tokensPerMinute: 6_000_000, redis: redis.url });
      const permits = await Promise.all(
        Array.from({ length: 4 }, () => admit({ body: body(100_000) })),
      );
      const maximum = await readLimit(redis, 'tokensPerMinute', 'reservoirIncreaseMaximum');
      const level = () => readLimit(redis, 'tokensPerMinute', 'reservoir');
      const before = await level();

      for (const permit of permits) permit.settle({ isSent: true, usage: reported(20, 30) });

      expect(before).toBeLessThan(0.5 * maximum);
      await until(async () => expect(await level()).toBeGreaterThan(0.95 * maximum));
      await openShared({ tokensPerMinute: 6_000_000, redis: redis.url }).pass();
      await until(async () => expect(await level()).toBeLessThanOrEqual(maximum));
    });

    it('pays for what was used beyond an estimate, whoever asks next', async () => {
      await using redis = await startRedis();
      const limits = { tokensPerMinute: 60_000, onLimit: 'reject', redis: redis.url } as const;
      const permit = await openShared(limits).admit({ body: body(100) });

      permit.settle({ isSent: true, usage: reported(20_000, 30_000) });
      await until(async () =>
        expect(await readLimit(redis, 'tokensPerMinute', 'reservoir')).toBeLessThan(0),
      );
      const error = await openShared(limits)
        .admit({ body: body(100) })
        .catch((thrown) => thrown);

      expect(error).toMatchObject({ code: 'zerohop_rate_limited' });
      expect(error.retryAfterMs).toBeGreaterThan(20_000);
    });

    it('that is larger than what is ever there passes, and holds nobody up but by what it took', async () => {
      await using redis = await startRedis();
      const limits = { tokensPerMinute: 600_000, redis: redis.url };
      const one = openShared(limits);
      const other = openShared(limits);
      await other.pass({ body: body(10) });

      await within(one.pass({ body: body(100_000) }));
      const small = other.pass({ body: body(10) });

      expect(await outcomeOf(within(small))).toBe('let through');
    });

    it('lets a large one through beside others that take at once whatever comes back', async () => {
      await using redis = await startRedis();
      const limits = { tokensPerMinute: 600_000, redis: redis.url, maxQueue: 100_000 };
      const greedy = openShared(limits);
      const stop = new AbortController();
      const { signal } = stop;
      await greedy.pass({ body: body(10) });
      const small = Array.from({ length: 1_000 }, () =>
        outcomeOf(greedy.admit({ body: body(500), signal })),
      );
      await until(() => expect(greedy.limiter.counts().running).toBeGreaterThan(100));

      const large = openShared(limits).admit({ body: body(5_000) });
      const outcome = await outcomeOf(within(large));
      const left = greedy.limiter.counts().queued;
      stop.abort(new Error('enough'));
      await Promise.all(small);

      expect(outcome).toBe('let through');
      expect(left).toBeGreaterThan(0);
    });

    it.each([Number.NaN, -5, 1e300, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER])(
      'is not stopped by a count of %s',
      async (nonsense) => {
        await using redis = await startRedis();
        const limits = { tokensPerMinute: 60_000, redis: redis.url, countTokens: () => nonsense };
        const { admit, pass } = openShared({ ...limits, onLimit: 'reject' });
        const content = { model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 1 };

        const permit = await within(admit({ body: content }));
        permit.settle({ isSent: true, usage: reported(10, 10) });

        await until(async () =>
          expect(await outcomeOf(pass({ body: body(1) }))).toBe('let through'),
        );
      },
    );

    it.each([
      ['forward', 3_600_000],
      ['back', -3_600_000],
    ])('does not care about a clock that is put %s by an hour', async (_, byMs) => {
      await using redis = await startRedis();
      const limits = { requestsPerSecond: 20, redis: redis.url };
      const [one, other] = [openShared(limits), openShared(limits)];
      const arrivals: number[] = [];
      const ask = ({ pass }: typeof one) => pass().then(() => arrivals.push(performance.now()));
      await Promise.all([ask(one), ask(other)]);

      const { now } = Date;
      vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
      await within(Promise.all(Array.from({ length: 15 }, () => ask(one))));
      vi.mocked(Date.now).mockRestore();
      await within(Promise.all(Array.from({ length: 15 }, () => ask(other))));

      const elapsed = (arrivals.at(-1) ?? 0) - (arrivals[2] ?? 0);
      expect(elapsed).toBeGreaterThan(1_200);
      expect(elapsed).toBeLessThan(5_000);
    });
  });

  it('go on when the clock of Redis was put back by an hour', async () => {
    await using redis = await startRedis();
    const shared = openShared({ requestsPerSecond: 50, concurrency: 2, redis: redis.url });
    await shared.pass();

    // As Redis finds it then: what it has noted is an hour ahead.
    const ahead = String(Date.now() + 3_600_000);
    for (const limit of ['requestsPerSecond', 'concurrency']) {
      const [key = ''] = await keysOf(redis, limit);
      await redis.command('HSET', key, 'lastReservoirIncrease', ahead, 'nextRequest', ahead);
    }
    for (let count = 0; count < 40; count += 1) await within(shared.pass());

    expect(shared.warn).not.toHaveBeenCalled();
    expect(await readLimit(redis, 'requestsPerSecond', 'lastReservoirIncrease')).toBeLessThan(
      Date.now() + 60_000,
    );
  });

  describe('the slots', () => {
    it('are as many as the limit says, over all, and go on to those who wait', async () => {
      await using redis = await startRedis();
      const limits = { concurrency: 5, redis: redis.url };
      const all = [openShared(limits), openShared(limits)];
      const running = () => all.reduce((sum, { limiter }) => sum + limiter.counts().running, 0);
      const asked = all.flatMap(({ admit }) => Array.from({ length: 5 }, () => admit()));
      const permits: Awaited<(typeof asked)[number]>[] = [];
      for (const one of asked) void one.then((permit) => permits.push(permit));

      const seen: number[] = [];
      for (let over = 0; over < 10; over += 1) {
        await until(() => expect(permits.length).toBeGreaterThan(over));
        seen.push(running());
        permits[over]?.settle({ isSent: true, usage: undefined });
      }
      await Promise.all(asked);

      expect(Math.max(...seen)).toBeLessThanOrEqual(5);
      expect(running()).toBe(0);
      await until(async () => expect(await readLimit(redis, 'concurrency', 'running')).toBe(0));
    });

    it('are refused at once when all are taken, where nobody wants to wait', async () => {
      await using redis = await startRedis();
      const limits = { concurrency: 2, onLimit: 'reject', redis: redis.url } as const;
      const one = openShared(limits);
      const permits = [await one.admit(), await one.admit()];

      const full = await outcomeOf(openShared(limits).admit());
      for (const permit of permits) permit.settle({ isSent: true, usage: undefined });
      const other = openShared(limits);

      expect(full).toBe('zerohop_rate_limited');
      await until(async () => expect(await outcomeOf(other.pass())).toBe('let through'));
    });

    it('are kept by requests that take long', async () => {
      await using redis = await startRedis();
      const limits = { concurrency: 1, onLimit: 'reject', redis: redis.url } as const;
      const { admit } = openShared(limits);
      await admit();
      const [settings = ''] = await keysOf(redis, 'concurrency');
      const expirations = settings.replace('_settings', '_job_expirations');
      const expiry = async () =>
        Number(linesOf(await redis.command('ZRANGE', expirations, '0', '-1', 'WITHSCORES'))[1]);
      const first = await expiry();

      await until(async () => expect(await expiry()).toBeGreaterThan(first + 1_000));

      expect(await outcomeOf(openShared(limits).admit())).toBe('zerohop_rate_limited');
    });

    it('come back from a process that was killed', { timeout: 60_000 }, async () => {
      await using redis = await startRedis();
      const limits = { concurrency: 3, redis: redis.url };
      const child = await startChild({
        ...{ limits, takesMs: 600_000 },
        usage: { inputTokens: 1, outputTokens: 1 },
      });
      await child.call('', 3);
      await until(async () => expect((await child.report()).arrivals).toHaveLength(3));
      const { admit } = openShared(limits);
      const waiting = admit();

      await child.kill();
      const before = await readLimit(redis, 'concurrency', 'running');

      expect(before).toBe(3);
      expect(await outcomeOf(within(waiting, 30_000))).toBe('let through');
    });
  });

  it('end with the gateway: nothing keeps its process alive', async () => {
    await using redis = await startRedis();
    const child = await startChild({
      limits: { requestsPerSecond: 100, concurrency: 10, redis: redis.url },
      ...{ usage: { inputTokens: 1, outputTokens: 1 }, takesMs: 0 },
    });
    await child.call('', 5);
    await until(async () => expect((await child.report()).answered).toBe(5));

    expect(await within(child.close())).toBe(0);
  });
});
