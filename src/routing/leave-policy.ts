import type { Failure } from '../pipeline/settlement.js';
import {
  tellsAuth,
  tellsContentPolicy,
  tellsContextWindow,
  tellsModelNotFound,
  tellsOverloaded,
  tellsQuota,
  tellsTooLarge,
} from './failure-words.js';

/** Why a target is, or is not, left for another. */
export type LeaveReason =
  /** 429: too many requests or tokens for now. */
  | 'rate_limited'
  /** The money or the allowance of the key is spent. */
  | 'quota'
  /** The request alone is larger than the target's rate limit. */
  | 'too_large'
  /** A limit that was set for the target (`rateLimit`) is used up, and does not let anybody wait. */
  | 'over_limit'
  /** The target says that it is overloaded (503, 529, `overloaded_error`), or an error event said so. */
  | 'overloaded'
  /** Any other 5xx, a 409, or an error in an answer's place that names no status. */
  | 'server_error'
  /** The connection could not be made or broke. */
  | 'connection'
  /** One of the timeouts of an attempt, a 408 or a 504. */
  | 'timeout'
  /** An answer that is none: not JSON, the wrong shape, a redirect. */
  | 'malformed'
  /** An answer with nothing in it. */
  | 'empty'
  /** A stream that was cut before its end. */
  | 'truncated'
  /** The target does not have the model or deployment it is to ask. */
  | 'model_not_found'
  /** 401 or 403: the target's key is not accepted. */
  | 'auth'
  /** The request is longer than the model or the target can take. */
  | 'context_window'
  /** The provider refuses the content. */
  | 'content_policy'
  /** Any other 4xx: it would be refused elsewhere as well. */
  | 'caller_error'
  /** The caller aborted. */
  | 'aborted'
  /** The call's own deadline passed. */
  | 'deadline'
  /** An interceptor failed. */
  | 'interceptor'
  /** Anything else: a size limit of the gateway, an error nobody knows. */
  | 'other';

/** Nothing may follow these, whatever anyone has set. */
const FINAL: ReadonlySet<LeaveReason> = new Set(['aborted', 'deadline', 'interceptor']);

/** Another target would most likely say the same, or must be chosen on purpose. */
const STAYS: ReadonlySet<LeaveReason> = new Set([
  'caller_error',
  'context_window',
  'content_policy',
  'other',
]);

/** What says nothing of the target's health. */
const FAULTLESS: ReadonlySet<LeaveReason> = new Set([
  ...FINAL,
  ...STAYS,
  'auth',
  'over_limit',
  'too_large',
  'model_not_found',
]);

const TIMEOUT_STATUSES: ReadonlySet<number> = new Set([408, 504, 522, 524]);

/** What a failure means to whoever looks for another target. */
export function leaveReason(failure: Failure, headers?: Headers): LeaveReason {
  switch (failure.kind) {
    case 'status':
    case 'upstream_error':
      return refusalReason(failure, headers) ?? statusReason(failure, headers);
    case 'connect_timeout':
    case 'first_byte_timeout':
    case 'idle_timeout':
    case 'timeout':
      return 'timeout';
    case 'redirect':
      return 'malformed';
    case 'over_limit':
      // One that holds for all targets is no reason to ask another.
      return failure.type === 'next_target' ? 'over_limit' : 'other';
    case 'limit':
      return 'other';
    default:
      return failure.kind;
  }
}

/** What a provider says in its own words, which tell more than its status. */
function refusalReason(failure: Failure, headers: Headers | undefined): LeaveReason | undefined {
  if (tellsTooLarge(failure, headers)) return 'too_large';
  // Before the quota: "Request too large" may mean bytes, and then it is no limit of the key.
  if (tellsContextWindow(failure)) return 'context_window';
  if (tellsQuota(failure)) return 'quota';
  if (tellsContentPolicy(failure)) return 'content_policy';
  if (tellsModelNotFound(failure)) return 'model_not_found';
  if (tellsAuth(failure)) return 'auth';
  if (tellsOverloaded(failure)) return 'overloaded';
  return undefined;
}

function statusReason({ status = 500 }: Failure, headers: Headers | undefined): LeaveReason {
  if (status === 429) return 'rate_limited';
  if (TIMEOUT_STATUSES.has(status)) return 'timeout';
  if (status >= 500 || status === 409 || status === 425) return 'server_error';
  // The server takes the blame for it.
  return headers?.get('x-should-retry') === 'true' ? 'server_error' : 'caller_error';
}

/** What else decides whether a target is left. */
export interface LeaveRule {
  /** The target's key is the caller's own, who wants to hear that it is not accepted. */
  readonly callersKey?: boolean | undefined;
  /** The user's own rule; what is not `true` or `false` leaves it to the policy. */
  readonly leaveOn?: ((reason: LeaveReason) => boolean | undefined) | undefined;
}

/**
 * Whether another target may be asked after one has failed: yes after a fault of the target, no after one of
 * the caller. The user's own rule goes before the policy.
 */
export function shouldLeave(
  reason: LeaveReason,
  { callersKey = false, leaveOn }: LeaveRule = {},
): boolean {
  if (FINAL.has(reason)) return false;
  const leavesByItself = !STAYS.has(reason) && !(reason === 'auth' && callersKey);
  try {
    const answer = leaveOn?.(reason);
    return typeof answer === 'boolean' ? answer : leavesByItself;
  } catch {
    // A rule that fails must not break the call.
    return leavesByItself;
  }
}

/**
 * What a failure does to the breaker of its target: `'failed'` counts against it, `'released'` says
 * nothing of it, `'killed'` means that its key is of no use for a while. A model that is not there may
 * be one the caller named. A 403 only counts: firewalls answer with it to what is in one request.
 */
export function breakerEffect(
  reason: LeaveReason,
  { failure, callersKey }: { readonly failure: Failure } & Pick<LeaveRule, 'callersKey'>,
): 'failed' | 'released' | 'killed' {
  if (reason === 'quota') return 'killed';
  if (reason === 'auth' && callersKey !== true) return failure.status === 403 ? 'failed' : 'killed';
  return FAULTLESS.has(reason) ? 'released' : 'failed';
}
