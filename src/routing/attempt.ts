import type { Permit } from '../pipeline/admission.js';
import { noteFacts } from '../pipeline/answering-attempt.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { AttemptRecord, ResponseFacts, Usage } from '../pipeline/settlement.js';
import type { AttemptFailure } from './describe-failure.js';
import type { LoopOptions } from './loop-options.js';
import { quotaFrom } from './provider-quota.js';
import { requestIdOf } from './request-id.js';
import { retryAfterOf } from './retry-policy.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What an attempt and the transport tell one another, before either has said anything. */
export function exchangeFor(
  { request, timeouts, maxBodyBytes, context, target }: LoopOptions,
  signal: AbortSignal,
): Exchange {
  return {
    clock: context.clock,
    signal,
    stream: request.stream,
    binary: target.wantsRawBody,
    connectTimeoutMs: timeouts.connect,
    maxBodyBytes,
    bytesReceived: 0,
  };
}

/** What an attempt is made with. */
export interface AttemptInit {
  readonly record: Mutable<AttemptRecord>;
  /** Monotonic ms at which it was sent. */
  readonly startedAt: number;
  readonly exchange: Exchange;
  /** What it took of the limits. */
  readonly permit: Permit | undefined;
}

/** One request to one target: what is written down of it, and what it holds. */
export class Attempt {
  readonly record: Mutable<AttemptRecord>;
  readonly startedAt: number;
  readonly exchange: Exchange;
  readonly #permit: Permit | undefined;

  constructor({ record, startedAt, exchange, permit }: AttemptInit) {
    this.record = record;
    this.startedAt = startedAt;
    this.exchange = exchange;
    this.#permit = permit;
  }

  /** Notes what it reported, whatever becomes of it. */
  note(facts: ResponseFacts): void {
    noteFacts(this.record, facts);
  }

  sawHeaders({ status, headers }: Response): void {
    this.record.status = status;
    this.record.requestId = requestIdOf(headers);
    this.#tell(headers);
  }

  /** Tells whoever lets attempts through what the provider says is left. */
  #tell(headers: Headers, retryAfterMs?: number): void {
    const heard = this.#permit?.heard;
    if (heard === undefined) return;
    const now = this.exchange.clock.wallNow();
    heard({ quota: quotaFrom(headers, now), retryAfterMs });
  }

  /** It answered in full. */
  succeeded(now: number, usage: () => Usage | undefined): void {
    this.record.durationMs = now - this.startedAt;
    this.#permit?.settle({ isSent: true, usage: usage() });
  }

  failed(now: number, { failure, headers }: AttemptFailure): void {
    const { record, exchange } = this;
    record.durationMs = now - this.startedAt;
    record.failure = failure;
    record.status ??= exchange.status ?? failure.status;
    if (headers) {
      record.requestId ??= requestIdOf(headers);
      this.#tell(headers, retryAfterOf({ failure, headers }, exchange.clock.wallNow()));
    }
    const isSent = record.status !== undefined || !NEVER_LEFT.has(failure.code ?? failure.kind);
    this.#permit?.settle({ isSent, usage: record.usage });
  }
}

/** Failures in which no request can have reached anybody. */
const NEVER_LEFT: ReadonlySet<string> = new Set([
  'connect_timeout',
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
