import type { Failure } from '../pipeline/settlement.js';
import { tellsQuota, tellsTooLarge } from './failure-words.js';

/** Longest wait a server may ask for, in ms (K5). */
export const MAX_RETRY_AFTER_MS = 60_000;
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
const JITTER = 0.25;
/** Added to what a server asked for, so that callers who were told the same do not come back as one. */
const SERVER_JITTER = 0.1;

/** What is known when an attempt has failed. */
export interface RetryState {
  readonly failure: Failure;
  /** Response headers, where there was a response. */
  readonly headers: Headers | undefined;
  /** Retries made so far. */
  readonly retries: number;
  readonly retriesLeft: number;
  /** Until the call's own deadline. */
  readonly remainingMs: number;
  readonly replayable: boolean;
  /** A connection that had answered before broke before it answered again: the request never counted. */
  readonly staleConnection: boolean;
  /** A 401 after which the client renews its credentials, for the first time in this call. */
  readonly renewsCredentials: boolean;
  readonly wallNow: number;
  readonly random: number;
}

/** What to do about a failed attempt. */
export type RetryDecision =
  | { readonly retry: true; readonly waitMs: number; readonly reason: string }
  | { readonly retry: false; readonly reason: string; readonly retryAfterMs?: number | undefined };

/**
 * Decides whether a failed attempt is followed by another on the same target, and after how long. The
 * statuses and the back-off are those of the OpenAI and Anthropic SDKs (408, 409, 429, ≥ 500;
 * min(0.5·2^n, 8) s less up to a quarter), corrected where those are wrong: a spent quota is final, a
 * wait longer than a minute or than the deadline is not shortened, and junk is not "at once".
 */
export function decideRetry(state: RetryState): RetryDecision {
  const { failure } = state;
  if (!state.replayable) return stop('not_replayable');
  const verdict = retryVerdict(state);
  const retryAfterMs = retryAfterOf(state, state.wallNow);
  if (verdict !== 'retry') return { retry: false, reason: verdict, retryAfterMs };
  if (state.retriesLeft <= 0) return { retry: false, reason: 'retries_exhausted', retryAfterMs };
  if (state.staleConnection) return { retry: true, waitMs: 0, reason: 'stale_connection' };
  if (state.renewsCredentials) return { retry: true, waitMs: 0, reason: 'credentials_renewed' };
  if (retryAfterMs !== undefined && failure.kind === 'status') {
    if (retryAfterMs > Math.min(MAX_RETRY_AFTER_MS, state.remainingMs)) {
      return { retry: false, reason: 'retry_after_too_long', retryAfterMs };
    }
    const waitMs = retryAfterMs + Math.min(retryAfterMs * SERVER_JITTER, 1_000) * state.random;
    return { retry: true, waitMs, reason: 'retry_after' };
  }
  const waitMs = backoff(state.retries, state.random);
  return waitMs > state.remainingMs ? stop('deadline') : { retry: true, waitMs, reason: 'backoff' };
}

function stop(reason: string): RetryDecision {
  return { retry: false, reason };
}

/** The delay before retry number `retries` (from 0), in ms; `random` in [0, 1). */
export function backoff(retries: number, random: number): number {
  return Math.min(BASE_DELAY_MS * 2 ** retries, MAX_DELAY_MS) * (1 - random * JITTER);
}

/** `'retry'`, or why not. */
function retryVerdict(state: RetryState): string {
  const { failure } = state;
  switch (failure.kind) {
    case 'status':
      return statusVerdict(state);
    case 'connection':
      return isDeterministic(failure.code) ? 'deterministic_failure' : 'retry';
    case 'upstream_error':
      return failure.status === undefined || isRetryableStatus(failure.status)
        ? limitVerdict(state)
        : 'caller_error';
    case 'truncated':
    case 'malformed':
    case 'empty':
    case 'timeout':
    case 'connect_timeout':
    case 'first_byte_timeout':
    case 'idle_timeout':
      return 'retry';
    default:
      return failure.kind;
  }
}

function statusVerdict(state: RetryState): string {
  const { failure, headers, renewsCredentials } = state;
  const told = headers?.get('x-should-retry');
  if (told === 'true') return 'retry';
  if (told === 'false') return 'told_not_to';
  if (failure.status === 401 && renewsCredentials) return 'retry';
  if (failure.status === undefined || !isRetryableStatus(failure.status)) return 'caller_error';
  return limitVerdict(state);
}

function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** A 429 that waiting does not cure: the money is spent, or the request alone is larger than the limit. */
function limitVerdict({ failure, headers }: RetryState): string {
  if (failure.status !== 429) return 'retry';
  if (tellsTooLarge(failure, headers)) return 'too_large';
  return tellsQuota(failure) ? 'quota' : 'retry';
}

/** Network failures that every further try would meet again. */
function isDeterministic(code: string | undefined): boolean {
  if (code === undefined) return false;
  return (
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'HPE_HEADER_OVERFLOW' ||
    code === 'UND_ERR_INVALID_ARG' ||
    /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_/.test(code)
  );
}

/** How long a failure asks to be left alone, in ms: by its headers, else by its body. */
export function retryAfterOf(
  { failure, headers }: { readonly failure: Failure; readonly headers?: Headers | undefined },
  wallNow: number,
): number | undefined {
  return (headers && readRetryAfter(headers, wallNow)) ?? failure.retryAfterMs;
}

/**
 * What a response asks to be waited, in ms; `undefined` where it asks nothing that can be understood.
 * `retry-after-ms` goes before `retry-after` (RFC 9110 §10.2.3: seconds or an HTTP date); of a value that
 * was repeated the first counts.
 */
function readRetryAfter(headers: Headers, wallNow: number): number | undefined {
  const milliseconds = leadingNumber(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;
  const value = headers.get('retry-after');
  const seconds = leadingNumber(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = /^\s*([A-Za-z]{3,9},.*?GMT)/.exec(value ?? '')?.[1];
  const waitMs = date === undefined ? Number.NaN : Date.parse(date) - wallNow;
  return Number.isFinite(waitMs) && waitMs >= 0 ? waitMs : undefined;
}

function leadingNumber(value: string | null): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:,|$)/.exec(value ?? '');
  const number = match ? Number(match[1]) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}
