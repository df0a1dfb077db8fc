import type { DialectName } from '../dialects/dialect.js';
import type { CacheFacts, CacheStatus } from '../pipeline/cache-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayRequest, Logger } from '../pipeline/contract.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import { describeFailure } from '../routing/describe-failure.js';
import { leaseStream } from '../routing/finish-response.js';
import { LoopError } from '../routing/loop-errors.js';
import { asksUsage } from '../routing/stream-usage.js';
import type { CacheStore, StoreCounters } from '../stores/cache-store.js';
import { openKeyvStore } from '../stores/keyv-store.js';
import { type CacheEntry, encodeEntry } from './cache-entry.js';
import {
  type CacheControl,
  type CacheOptions,
  DEFAULT_MAX_ENTRY_BYTES,
  DEFAULT_STORE_TIMEOUT_MS,
} from './cache-options.js';
import { CallKeys, type KeyedCall } from './call-key.js';
import { durationMs } from './duration.js';
import { EntryObservation, ReplayStream } from './entry-observation.js';
import { type FoundEntry, findEntry } from './find-entry.js';
import { Flight } from './flight.js';
import { entryOf } from './make-entry.js';
import { replayEntry } from './replay.js';
import { unstorableRequest } from './storable.js';
import { Tags } from './tags.js';

/** What a cache works with. */
export interface CacheDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes work that no call waits for, so that `gateway.flush()` can. */
  readonly background: (work: Promise<unknown>) => void;
}

/** A call at the cache. */
export interface CachedCall extends KeyedCall {
  readonly dialect: DialectName | undefined;
  /** Sends the request on, for a call or for several; a stream's usage is asked for, and left in. */
  readonly send: (request: GatewayRequest, context: CallContext) => Promise<Response>;
  /** Makes the same call again in the background, to replace what is stored. Never rejects. */
  readonly revalidate: () => Promise<void>;
}

/** What is counted of a cache since it was made. */
export interface CacheCounters extends StoreCounters {
  /** What was found and was no whole entry; it was deleted. */
  readonly corrupt: number;
  /** Answers that were stored. */
  readonly stored: number;
}

/** The response cache of a gateway: an answer that is stored, or one that is on its way, in the place of a request. */
export class ResponseCache {
  readonly #deps: CacheDependencies;
  readonly #options: CacheOptions;
  readonly #keys: CallKeys;
  readonly #store: CacheStore;
  readonly #tags: Tags;
  readonly #flights = new Map<string, Flight>();
  readonly #refreshing = new Set<string>();
  /** What the store has not taken yet: found all the same. */
  readonly #writing = new Map<string, { entry: CacheEntry; stored: Promise<boolean> }>();
  /** Changes with `clear()`: what is under way by then is not stored. */
  #epoch = 0;
  #corrupt = 0;
  #stored = 0;

  constructor(options: CacheOptions, deps: CacheDependencies) {
    const { clock, logger } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#keys = new CallKeys(options);
    this.#store = openKeyvStore({
      store: options.store,
      maxEntries: options.maxEntries,
      maxBytes: options.maxBytes,
      // Only entries and versions of tags are stored in memory.
      sizeOf: (value) => (typeof value === 'string' ? value.length : (value as CacheEntry).bytes),
      timeoutMs: durationMs(options.storeTimeout, DEFAULT_STORE_TIMEOUT_MS),
      clock,
      logger,
    });
    this.#tags = new Tags(this.#store);
  }

  get counters(): CacheCounters {
    return { ...this.#store.counters, corrupt: this.#corrupt, stored: this.#stored };
  }

  /** The answer to a call: stored, shared, or asked for. */
  async answer(call: CachedCall): Promise<Response> {
    const { request, context, control, target } = call;
    const { mode } = control;
    const reason = bypassReason(call);
    const key = reason === undefined ? this.#keys.of(call) : undefined;
    if (key === undefined) return this.#bypass(call, reason ?? 'uncanonical');
    const wish = { stream: request.stream, wantsUsage: asksUsage(request) };
    const found = readsFrom(mode)
      ? await findEntry(this.#shelf, {
          key,
          control,
          wish,
          target: target.name,
          now: this.#deps.clock.wallNow(),
        })
      : undefined;
    const given = found && this.#giveAtOnce(call, found);
    if (given) return given;
    try {
      return await this.#ask(call, key);
    } catch (error) {
      if (found === undefined || !isOutage(error, call)) throw error;
      if (found.ageMs >= found.entry.ttlMs + control.staleIfErrorMs) throw error;
      const stale = this.#give(call, found, 'STALE');
      if (stale === undefined) throw error;
      context.decide('cache-stale-if-error');
      return stale;
    }
  }

  get #shelf() {
    return {
      store: this.#store,
      tags: this.#tags,
      writing: (key: string) => this.#writing.get(key)?.entry,
      onCorrupt: (key: string) => {
        this.#corrupt += 1;
        this.#deps.background(this.#store.delete(key));
      },
    };
  }

  #bypass(call: CachedCall, reason: string): Promise<Response> {
    const { context, request, send } = call;
    context.cache = { status: 'BYPASS', reason };
    return send(request, context);
  }

  /** A stored answer that need not wait for what the provider says. */
  #giveAtOnce(call: CachedCall, found: FoundEntry): Response | undefined {
    const { entry, ageMs, freshness } = found;
    if (freshness === 'fresh') return this.#give(call, found, 'HIT');
    if (ageMs >= entry.ttlMs + call.control.staleWhileRevalidateMs) return undefined;
    const stale = this.#give(call, found, 'STALE');
    if (stale) this.#revalidate(call, entry.key);
    return stale;
  }

  /** A stored answer, as this caller wants it; `undefined` where it cannot be spelled that way. */
  #give(call: CachedCall, found: FoundEntry, status: CacheStatus): Response | undefined {
    const { request, context } = call;
    const { entry, ageMs } = found;
    const wish = { stream: request.stream, wantsUsage: asksUsage(request) };
    let response: GatewayResponse;
    try {
      response = replayEntry(entry, wish);
    } catch {
      // Too deep to be written in the other mode.
      return undefined;
    }
    const { inputTokens, outputTokens, cost } = entry.saved;
    context.cache = {
      status,
      key: entry.key,
      producer: entry.producer.target,
      ageMs,
      ttlMs: entry.ttlMs - ageMs,
      savedInputTokens: inputTokens,
      savedOutputTokens: outputTokens,
      savedCost: cost,
    };
    context.isBilled = false;
    context.observation = new EntryObservation(entry);
    const payload = response.peekPayload();
    if (payload?.kind !== 'events') return response;
    const events = leaseStream(new ReplayStream(payload.events));
    return response.withPayload({ kind: 'events', events });
  }

  #revalidate(call: CachedCall, key: string): void {
    if (this.#refreshing.has(key)) return;
    this.#refreshing.add(key);
    this.#deps.background(call.revalidate().finally(() => this.#refreshing.delete(key)));
  }

  /** Asks the provider, with the request of an identical call where one is under way. */
  #ask(call: CachedCall, key: string): Promise<Response> {
    const { request, context, control, target } = call;
    const slot = request.stream ? `${key}+stream` : key;
    const shares = control.coalesce && readsFrom(control.mode);
    const known = shares ? this.#flights.get(slot) : undefined;
    const passenger = { context, target, wantsUsage: asksUsage(request) };
    if (known?.isJoinable) {
      context.cache = { status: 'COALESCED', key, producer: target.name };
      return known.board(passenger);
    }
    const status = control.mode === 'refresh' ? 'REFRESH' : 'MISS';
    context.cache = { status, key, ttlMs: control.ttlMs } satisfies CacheFacts;
    const flight = this.#depart(call, key, slot);
    return flight.board(passenger);
  }

  #depart(call: CachedCall, key: string, slot: string): Flight {
    const { request, context, control, send } = call;
    const epoch = this.#epoch;
    const isStored = control.mode !== 'read-only';
    // Before the provider is asked: a tag that is deleted while it answers makes the answer old.
    const tags =
      isStored && control.tags.length > 0 ? this.#tags.versions(control.tags) : undefined;
    const flight: Flight = new Flight({
      leader: context,
      send: (shared) => send(request, shared),
      maxBytes: this.#options.maxEntryBytes ?? DEFAULT_MAX_ENTRY_BYTES,
      onComplete: (answer) => {
        if (!isStored || flight.isForgotten || epoch !== this.#epoch) return;
        const entry = entryOf(answer, { call, key, now: this.#deps.clock.wallNow() });
        if (typeof entry === 'string') context.decide('cache-not-stored', { reason: entry });
        else this.#deps.background(this.#put(entry, call.control, tags));
      },
      onOver: () => {
        if (this.#flights.get(slot) === flight) this.#flights.delete(slot);
      },
    });
    if (control.coalesce) this.#flights.set(slot, flight);
    return flight;
  }

  async #put(
    make: (tags: CacheEntry['tags']) => CacheEntry,
    control: CacheControl,
    tagged: Promise<CacheEntry['tags']> | undefined,
  ): Promise<void> {
    const tags = tagged && (await tagged);
    // Without its tags it could not be deleted by them.
    if (tagged !== undefined && tags === undefined) return;
    const entry = make(tags);
    const keptMs = entry.ttlMs + Math.max(control.staleWhileRevalidateMs, control.staleIfErrorMs);
    const value = this.#store.isExternal ? encodeEntry(entry) : entry;
    const stored = this.#store.set(entry.key, value, keptMs);
    const writing = { entry, stored };
    this.#writing.set(entry.key, writing);
    if (await stored) this.#stored += 1;
    if (this.#writing.get(entry.key) === writing) this.#writing.delete(entry.key);
  }

  /** Deletes an answer by its key; what is under way for it is not stored. */
  async delete(key: string): Promise<boolean> {
    for (const slot of [key, `${key}+stream`]) this.#flights.get(slot)?.forget();
    const writing = this.#writing.get(key);
    this.#writing.delete(key);
    await writing?.stored;
    return this.#store.delete(key);
  }

  /** Makes every answer with a tag unfindable. */
  async deleteByTag(tag: string): Promise<boolean> {
    return (await this.#tags.renew(tag)) !== undefined;
  }

  /** Deletes everything; what is under way is not stored. */
  async clear(): Promise<boolean> {
    this.#epoch += 1;
    const writing = [...this.#writing.values()];
    this.#writing.clear();
    await Promise.all(writing.map(({ stored }) => stored));
    return this.#store.clear();
  }
}

function bypassReason({ request, control, dialect, target }: CachedCall): string | undefined {
  if (control.mode === 'off') return 'off';
  if (dialect === undefined || target.wantsRawBody) return 'passthrough';
  const { operation, body } = request;
  const only = control.only === 'deterministic' ? control.only : undefined;
  return unstorableRequest({ operation, body, only });
}

function readsFrom(mode: CacheControl['mode']): boolean {
  return mode === 'read-write' || mode === 'read-only';
}

/** Whether the provider failed, and not the caller: then an old answer is better than none. */
function isOutage(error: unknown, { target, context }: CachedCall): boolean {
  if (context.signal.aborted) return false;
  const { failure } =
    error instanceof LoopError ? error.attempt : describeFailure(error, target.errors);
  const { kind, status } = failure;
  if (kind === 'aborted' || kind === 'interceptor' || kind === 'redirect') return false;
  if (kind !== 'status') return kind !== 'other';
  return status === undefined || status >= 500 || status === 408 || status === 429;
}
