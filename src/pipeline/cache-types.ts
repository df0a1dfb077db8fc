/**
 * What the rest of the gateway knows of the response cache: what a call may ask of it, and what came of
 * it. Types only; the cache itself is in `cache/`.
 */
import type { GatewayContext, GatewayRequest } from './contract.js';

/** A length of time: milliseconds, or a number with a unit (`'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`). */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** What a call does with the cache. */
export type CacheMode =
  /** Answers from it, and stores what it had to ask for. */
  | 'read-write'
  /** Answers from it, and stores nothing. */
  | 'read-only'
  /** Stores, and does not answer from it. */
  | 'write-only'
  /** Asks anew, and replaces what is stored. */
  | 'refresh'
  | 'off';

/** What one call can ask of the cache. */
export interface CacheCallOptions {
  /** @defaultValue 'read-write' */
  readonly mode?: CacheMode | undefined;
  /** How long an answer may be given out. @defaultValue '1h' */
  readonly ttl?: Duration | undefined;
  /** Oldest answer that this call takes, whatever its `ttl`. @defaultValue no limit of its own */
  readonly maxAge?: Duration | undefined;
  /** How long after its `ttl` an answer is still given out at once, while one call in the background asks anew. @defaultValue 0 */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long after its `ttl` an answer is given out where the provider fails. @defaultValue 0 */
  readonly staleIfError?: Duration | undefined;
  /** Names under which answers can be deleted together, at most 16. */
  readonly tags?: readonly string[] | undefined;
  /** Stands for the body in the key: calls of the same operation, target and caller with the same text share an answer. `undefined` from a function leaves the body in. */
  readonly key?:
    | string
    | ((request: GatewayRequest, context: GatewayContext) => string | undefined)
    | undefined;
  /** Metadata whose values tell answers apart. @defaultValue none */
  readonly vary?: readonly string[] | undefined;
  /** `'shared'` lets everybody who uses this store have the same answers, whatever their tenant and credential. @defaultValue 'caller' */
  readonly scope?: 'caller' | 'shared' | undefined;
  /** `'deterministic'` leaves out all but `temperature: 0` and embeddings. @defaultValue 'any' */
  readonly only?: 'any' | 'deterministic' | undefined;
  /** Takes an answer that another target gave when the one that would be asked now had failed. @defaultValue false */
  readonly acceptFallback?: boolean | undefined;
  /** Whether identical calls under way share one request. @defaultValue true */
  readonly coalesce?: boolean | undefined;
}

/** What the cache had to say to a call. */
export type CacheStatus =
  /** Answered from the cache. */
  | 'HIT'
  /** Asked the provider. */
  | 'MISS'
  /** Answered from the cache with an answer past its `ttl`. */
  | 'STALE'
  /** Asked the provider, as it was told to. */
  | 'REFRESH'
  /** The cache had no part in it. */
  | 'BYPASS'
  /** Shared the request of an identical call that was under way. */
  | 'COALESCED';

/** What came of a call at the cache. */
export interface CacheFacts {
  readonly status: CacheStatus;
  /** Why the cache had no part in it. */
  readonly reason?: string | undefined;
  /** As `gateway.cache.delete()` takes it. A digest: it says nothing of what was asked. */
  readonly key?: string | undefined;
  /** Name of the target that gave the answer, where it came from the cache. */
  readonly producer?: string | undefined;
  /** How old the answer is, in ms. */
  readonly ageMs?: number | undefined;
  /** How long it may still be given out, in ms; negative once it is stale. */
  readonly ttlMs?: number | undefined;
  /** What the answer had cost when it was made: what this call would have taken. */
  readonly savedInputTokens?: number | undefined;
  readonly savedOutputTokens?: number | undefined;
  /** US dollars. */
  readonly savedCost?: number | undefined;
}

/** What HTTP's words say of the cache, as far as a request may say it (RFC 9111 §5.2.1, RFC 5861). */
export interface CacheDirectives {
  /** `no-cache`: asks anew. */
  readonly noCache: boolean;
  /** `no-store`: stores nothing. */
  readonly noStore: boolean;
  /** `max-age`, in ms. */
  readonly maxAgeMs?: number | undefined;
}
