import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway } from '../../../src/gateway/create-gateway.js';
import { checkRateLimit } from '../../../src/limits/limit-options.js';

const check = (options: unknown) => () => checkRateLimit(options, 'gateway.rateLimit');

describe('the options of a rate limit', () => {
  it.each([
    [{ requestsPerSecond: 10 }],
    [{ costPerMinute: 0.5, burst: 0, maxQueue: 0, maxWaitMs: 0 }],
    [{ concurrency: 1, onLimit: 'next-target', burst: 1 }],
    [{ concurrency: 1, onLimit: () => 'wait', by: () => 'a', priority: () => 1 }],
    [{ tokensPerDay: 1e9, redis: 'rediss://user:secret@example.com:6380/2', processes: 4 }],
    [{ concurrency: 1, redis: 'redis://localhost', onRedisDown: 'closed', keyPrefix: 'app:eu' }],
  ])('may be %j', (options) => {
    expect(check(options)).not.toThrow();
  });

  it.each([
    [{}, '', 'has no limit'],
    [{ burst: 1 }, '', 'has no limit'],
    [{ requestsPerSecond: 0 }, '.requestsPerSecond', 'greater than 0 (got 0)'],
    [{ requestsPerSecond: -1 }, '.requestsPerSecond', 'greater than 0 (got -1)'],
    [{ tokensPerMinute: Number.NaN }, '.tokensPerMinute', 'greater than 0 (got NaN)'],
    [{ tokensPerMinute: Number.POSITIVE_INFINITY }, '.tokensPerMinute', '(got Infinity)'],
    [{ costPerMinute: '5' }, '.costPerMinute', 'greater than 0'],
    [{ concurrency: 1.5 }, '.concurrency', 'whole number'],
    [{ concurrency: 0 }, '.concurrency', 'from 1'],
    [{ concurrency: 1, burst: 1.1 }, '.burst', 'from 0 to 1'],
    [{ concurrency: 1, by: 'tenant' }, '.by', 'a function'],
    [{ concurrency: 1, perModel: 1 }, '.perModel', 'true or false'],
    [{ concurrency: 1, maxKeys: 0 }, '.maxKeys', 'from 1'],
    [{ concurrency: 1, maxQueue: -1 }, '.maxQueue', 'from 0'],
    [{ concurrency: 1, maxWaitMs: 2 ** 31 }, '.maxWaitMs', 'from 0 to 2147483647'],
    [{ concurrency: 1, onLimit: 'drop' }, '.onLimit', "'wait', 'reject', 'next-target'"],
    [{ concurrency: 1, priority: 3 }, '.priority', 'a function'],
    [{ concurrency: 1, requestPerSecond: 3 }, '.requestPerSecond', 'unknown option'],
    [{ concurrency: 1, redis: 'localhost:6379' }, '.redis', "'redis://localhost:6379'"],
    [{ concurrency: 1, redis: 'http://localhost' }, '.redis', "'redis://localhost:6379'"],
    [{ concurrency: 1, redis: {} }, '.redis', 'ioredis'],
    [{ concurrency: 1, redis: null }, '.redis', 'ioredis'],
    [{ concurrency: 1, redis: 6379 }, '.redis', 'ioredis'],
    [{ concurrency: 1, redis: 'redis://x', processes: 0 }, '.processes', 'from 1'],
    [{ concurrency: 1, redis: 'redis://x', onRedisDown: 'open' }, '.onRedisDown', "'closed'"],
    [{ concurrency: 1, redis: 'redis://x', keyPrefix: '{a}' }, '.keyPrefix', 'without braces'],
    [{ concurrency: 1, redis: 'redis://x', keyPrefix: '' }, '.keyPrefix', '1 to 100 characters'],
    [{ concurrency: 1, processes: 4 }, '.processes', 'without `redis`'],
    [{ concurrency: 1, keyPrefix: 'a' }, '.keyPrefix', 'without `redis`'],
    [{ concurrency: 1, onRedisDown: 'local' }, '.onRedisDown', 'without `redis`'],
  ])('may not be %j', (options, path, why) => {
    expect(check(options)).toThrow(`gateway.rateLimit${path}: `);
    expect(check(options)).toThrow(why);
  });

  it('name no secret where a URL is none', () => {
    expect(check({ concurrency: 1, redis: 'redis:/user:secret@x' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });

  it('may have a client of ioredis, or a cluster of it', () => {
    const client = new Redis({ lazyConnect: true });
    const cluster = new Redis.Cluster([{ host: 'localhost' }], { lazyConnect: true });
    onTestFinished(() => {
      client.disconnect();
      cluster.disconnect();
    });

    expect(check({ concurrency: 1, redis: client })).not.toThrow();
    expect(check({ concurrency: 1, redis: cluster })).not.toThrow();
  });

  it('may not have a client of the package redis, and say what to pass instead', () => {
    // What such a client can do; with it, Bottleneck waits for ever.
    const client = {
      ...{ isOpen: true, options: {}, duplicate: () => client, sendCommand: () => undefined },
      ...{ connect: () => undefined, multi: () => undefined, on: () => undefined },
    };

    expect(() => createGateway({ rateLimit: { concurrency: 1, redis: client as never } })).toThrow(
      /^gateway\.rateLimit\.redis: .*`ioredis`.*`redis`.*`new Redis\(url\)`/,
    );
  });
});
