import type { LimitUnit, RateLimitOptions, RequestRates } from '../pipeline/limit-types.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isFunction,
  isNumber,
  isOneOf,
  refuse,
} from '../pipeline/option-checks.js';
import type { RateSpec } from './key-limits.js';
import { checkRedis } from './shared/ioredis.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What each rate counts, in which interval in ms. */
export const RATES: Readonly<
  Record<keyof RequestRates, readonly [unit: LimitUnit, intervalMs: number]>
> = {
  requestsPerSecond: ['requests', SECOND],
  requestsPerMinute: ['requests', MINUTE],
  requestsPerDay: ['requests', DAY],
  tokensPerMinute: ['tokens', MINUTE],
  tokensPerDay: ['tokens', DAY],
  inputTokensPerMinute: ['inputTokens', MINUTE],
  outputTokensPerMinute: ['outputTokens', MINUTE],
  costPerMinute: ['cost', MINUTE],
};

export const DEFAULT_BURST = 0.1;

const isPositive: Check = (value, path) => {
  if (!(typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER)) {
    const shown = typeof value === 'number' ? ` (got ${value})` : '';
    refuse(path, `must be a number greater than 0${shown}`);
  }
};
const isPositiveWhole: Check = isNumber(1, Number.MAX_SAFE_INTEGER, true);

/** Braces would end the part of a key that says where in a cluster it lies. */
const isKeyPrefix: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[^{}\s]{1,100}$/.test(value)) {
    refuse(path, 'must be a text of 1 to 100 characters without braces and white space');
  }
};

const isRateLimit = hasShape({
  ...Object.fromEntries(Object.keys(RATES).map((name) => [name, isPositive])),
  concurrency: isPositiveWhole,
  burst: isNumber(0, 1, false),
  by: isFunction,
  perModel: isBoolean,
  maxKeys: isNumber(1, 10_000_000, true),
  onLimit: (value, path) => {
    if (typeof value === 'function') return;
    if (value !== 'wait' && value !== 'reject' && value !== 'next-target') {
      refuse(path, "must be 'wait', 'reject', 'next-target' or a function");
    }
  },
  maxQueue: isNumber(0, 10_000_000, true),
  maxWaitMs: isNumber(0, 2 ** 31 - 1, false),
  priority: isFunction,
  countTokens: isFunction,
  redis: checkRedis,
  processes: isNumber(1, 1_000_000, true),
  onRedisDown: isOneOf('local', 'closed'),
  keyPrefix: isKeyPrefix,
});

/** Checks the options of a rate limit, at least one limit among them. */
export const checkRateLimit: Check = (value, path) => {
  isRateLimit(value, path);
  const limits = [...Object.keys(RATES), 'concurrency'];
  // It is an object: checked just above.
  const given = value as Record<string, unknown>;
  if (!limits.some((name) => given[name] !== undefined)) {
    refuse(path, `has no limit; there are ${limits.join(', ')}`);
  }
  for (const name of ['processes', 'onRedisDown', 'keyPrefix']) {
    if (given[name] !== undefined && given.redis === undefined) {
      refuse(`${path}.${name}`, 'says nothing without `redis`');
    }
  }
};

/** The rates that options ask for. */
export function ratesOf(options: RateLimitOptions): readonly RateSpec[] {
  const { burst = DEFAULT_BURST } = options;
  // Its own keys: RATES has one entry for each rate.
  return (Object.keys(RATES) as (keyof RequestRates)[]).flatMap((name) => {
    const amount = options[name];
    if (amount === undefined) return [];
    const [unit, intervalMs] = RATES[name];
    // Less than one request could never be taken; of the rest any part can.
    const capacity = unit === 'requests' ? Math.max(1, amount * burst) : amount * burst;
    return [{ name, unit, size: { amount, intervalMs, capacity } }];
  });
}
