import { onTestFinished, vi } from 'vitest';
import { RateLimiter } from '../../../../src/limits/rate-limiter.js';
import { DEADLINE_STEP_MS } from '../../../../src/limits/shared/link.js';
import type { Permit } from '../../../../src/pipeline/admission.js';
import { type Clock, systemClock } from '../../../../src/pipeline/clock.js';
import type { RateLimitOptions } from '../../../../src/pipeline/limit-types.js';
import type { TestRedis } from '../../../support/redis.js';
import { type AttemptInit, attemptOf } from '../../../unit/limits/support/attempts.js';

/** The machine's clock, on which Redis has twenty times as long: on a busy machine it would be late now and then. */
export const patientClock: Clock = {
  ...systemClock,
  timer: (delayMs, callback) =>
    systemClock.timer(delayMs === DEADLINE_STEP_MS ? 20 * delayMs : delayMs, callback),
};

/** A limiter as another process would have it. */
export function openShared(options: RateLimitOptions, clock: Clock = patientClock) {
  const warn = vi.fn();
  const debug = vi.fn();
  const limiter = new RateLimiter(options, {
    clock,
    priceOf: () => undefined,
    logger: { warn, debug, error: warn },
  });
  onTestFinished(() => limiter.close());
  const admit = async (init?: AttemptInit): Promise<Permit> => limiter.admit(attemptOf(init));
  /** Lets one through and says that it is over. */
  const pass = async (init?: AttemptInit): Promise<void> => {
    const permit = await admit(init);
    permit.settle({ isSent: true, usage: undefined });
  };
  return { limiter, admit, pass, warn, debug };
}

/** What came of it: `let through`, or the code or message of why not. */
export async function outcomeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'let through';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code ?? message;
  }
}

/** Fails where something hangs; its time is no promise of speed. */
export function within<Value>(work: Promise<Value>, ms = 15_000): Promise<Value> {
  const stop = new AbortController();
  const hung = systemClock.delay(ms, stop.signal).then(() => {
    throw new Error('it hangs');
  });
  hung.catch(() => undefined);
  return Promise.race([work, hung]).finally(() => stop.abort());
}

/** Asks until it is so. */
export const until = <Value>(check: () => Value | Promise<Value>): Promise<Value> =>
  vi.waitFor(check, { timeout: 15_000, interval: 20 });

/** The lines of a reply of Redis, without what says how long each is. */
export const linesOf = (reply: string): readonly string[] =>
  reply.split('\r\n').filter((line) => !/^[*$]/.test(line));

/** The names of the keys in Redis that hold the settings of a limit. */
export async function keysOf(redis: TestRedis, limit: string): Promise<readonly string[]> {
  return linesOf(await redis.command('KEYS', `*${limit}*_settings`));
}

/** What Redis knows of a limit. */
export async function readLimit(redis: TestRedis, limit: string, field: string): Promise<number> {
  const [key = ''] = await keysOf(redis, limit);
  const [value] = linesOf(await redis.command('HGET', key, field));
  return Number(value);
}
