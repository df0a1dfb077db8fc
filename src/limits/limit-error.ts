import { GatewayError } from '../pipeline/errors.js';
import type { LimitName } from '../pipeline/limit-types.js';

/** A limit that does not let a request through. */
export interface Exceeded {
  readonly limit: LimitName;
  /** The limit itself, and what of it is left. */
  readonly amount: number;
  readonly remaining: number;
  /** Until it may be let through, in ms; `undefined` where that is not a matter of time. */
  readonly retryAfterMs: number | undefined;
  /** Another target may be asked. */
  readonly goesOn: boolean;
}

const WHY = {
  reject: 'over a limit',
  'next-target': 'over a limit',
  queue_full: 'too many requests wait already',
  waited_too_long: 'waited as long as it may',
};

/** Why a request is refused. */
export type RefusalReason = keyof typeof WHY | 'redis_down';

/** The error of a request that a limit refuses. Shown to the caller as the SDK's 429 class. */
export function limitError(reason: keyof typeof WHY, exceeded: Exceeded): GatewayError {
  const { limit, amount, remaining, retryAfterMs, goesOn } = exceeded;
  const which = limit === 'provider' ? "the provider's own" : `rateLimit.${limit}: ${amount}`;
  const error = new GatewayError(`${WHY[reason]} (${which})`, { code: 'zerohop_rate_limited' });
  const waits = retryAfterMs !== undefined && Number.isFinite(retryAfterMs);
  return Object.assign(error, {
    ...(waits && { retryAfterMs: Math.ceil(retryAfterMs) }),
    goesOn,
    headers: {
      'x-ratelimit-limit': String(amount),
      'x-ratelimit-remaining': String(Math.max(0, Math.floor(remaining))),
      ...(waits && { 'x-ratelimit-reset': `${Math.ceil(retryAfterMs / 1_000)}s` }),
    },
  });
}

/** The error of a request that is refused because nobody knows what is left of a limit that processes share. */
export function unreachableError(retryAfterMs: number, goesOn: boolean): GatewayError {
  const error = new GatewayError(
    "what is left of the limits is not known (rateLimit.redis cannot be reached, onRedisDown: 'closed')",
    { code: 'zerohop_rate_limited' },
  );
  return Object.assign(error, { retryAfterMs: Math.ceil(retryAfterMs), goesOn });
}
