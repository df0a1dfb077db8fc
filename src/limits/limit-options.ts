import type { LimitUnit, Rates } from '../pipeline/limit-types.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isFunction,
  isNumber,
  refuse,
} from '../pipeline/option-checks.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What each rate counts, in which interval in ms. */
export const RATES: Readonly<Record<keyof Rates, readonly [unit: LimitUnit, intervalMs: number]>> =
  {
    requestsPerSecond: ['requests', SECOND],
    requestsPerMinute: ['requests', MINUTE],
    requestsPerDay: ['requests', DAY],
    tokensPerMinute: ['tokens', MINUTE],
    tokensPerDay: ['tokens', DAY],
    inputTokensPerMinute: ['inputTokens', MINUTE],
    outputTokensPerMinute: ['outputTokens', MINUTE],
    costPerMinute: ['cost', MINUTE],
  };

const isPositive: Check = (value, path) => {
  if (!(typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER)) {
    const shown = typeof value === 'number' ? ` (got ${value})` : '';
    refuse(path, `must be a number greater than 0${shown}`);
  }
};
const isPositiveWhole: Check = isNumber(1, Number.MAX_SAFE_INTEGER, true);

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
});

/** Checks the options of a rate limit, at least one limit among them. */
export const checkRateLimit: Check = (value, path) => {
  isRateLimit(value, path);
  const limits = [...Object.keys(RATES), 'concurrency'];
  // It is an object: checked just above.
  if (!limits.some((name) => (value as Record<string, unknown>)[name] !== undefined)) {
    refuse(path, `has no limit; there are ${limits.join(', ')}`);
  }
};
