import type { DialectName } from '../dialects/dialect.js';
import type { CacheFacts, CacheStatus } from '../pipeline/cache-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayRequest, Logger } from '../pipeline/contract.js';
import { durationMs } from '../pipeline/duration.js';
import { isGatewayError } from '../pipeline/errors.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import { describeFailure } from '../routing/describe-failure.js';
import { leaseStream } from '../routing/finish-response.js';
import { LoopError } from '../routing/loop-errors.js';
import { asksUsage } from '../routing/stream-usage.js';
import { openKeyvStore } from '../stores/keyv-store.js';
import type { CacheEntry } from './cache-entry.js';
import {
  type CacheControl,
  type CacheOptions,
  DEFAULT_MAX_ENTRY_BYTES,
  DEFAULT_STORE_TIMEOUT_MS,
} from './cache-options.js';
import { CallKeys, type KeyedCall } from './call-key.js';
import { EntryObservation, ReplayStream } from './entry-observation.js';
import { Flight } from './flight.js';
import { entryOf } from './make-entry.js';
import { replayEntry } from './replay.js';
import { type CacheCounters, type FoundEntry, Shelf } from './shelf.js';
import { unstorableRequest } from './storable.js';

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
  /** Whether a target of that name would be asked now, or one as good. */
  readonly isChosen: (target: string) => boolean;
  /** Sends the request on, for a call or for several; a stream's usage is asked for, and left in. */
  readonly send: (request: GatewayRequest, context: CallContext) => Promise<Response>;
  /** Makes the same call again in the background, to replace what is stored. Never rejects. */
  readonly revalidate: () => Promise<void>;
}

/** The response cache of a gateway: an answer that is stored, or one that is on its way, in the place of a request. */
export class ResponseCache {
  readonly #deps: CacheDependencies;
  readonly #options: CacheOptions;
  readonly #keys: CallKeys;
  readonly #shelf: Shelf;
  readonly #flights = new Map<string, Flight>();
  readonly #refreshing = new Set<string>();
  /** What may yet be stored, shared or not. */
  readonly #underWay = new Map<Flight, { key: string; tags: readonly string[] }>();

  constructor(options: CacheOptions, deps: CacheDependencies) {
    const { clock, logger } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#keys = new CallKeys(options);
    const store = openKeyvStore({
      store: options.store,
      maxEntries: options.maxEntries,
      maxBytes: options.maxBytes,
      // Only entries and versions of tags are stored in memory.
      sizeOf: (value) => (typeof value === 'string' ? value.length : (value as CacheEntry).bytes),
      timeoutMs: durationMs(options.storeTimeout, DEFAULT_STORE_TIMEOUT_MS),
      clock,
      logger,
    });
    this.#shelf = new Shelf(store, deps.background);
  }

  get counters(): CacheCounters {
    return this.#shelf.counters;
  }

  /** The answer to a call: stored, shared, or asked for. */
  answer(call: CachedCall): Promise<Response> {
    const { request, control, isChosen } = call;
    const reason = bypassReason(call);
    const key = reason === undefined ? this.#keys.of(call) : undefined;
    if (key === undefined) return this.#bypass(call, reason ?? 'uncanonical');
    if (!readsFrom(control.mode)) return this.#ask(call, key);
    const wish = { stream: request.stream, wantsUsage: asksUsage(request) };
    const now = this.#deps.clock.wallNow();
    const found = this.#shelf.find({ key, control, wish, isChosen, now });
    if (found instanceof Promise) return found.then((entry) => this.#answerWith(call, key, entry));
    return this.#answerWith(call, key, found);
  }

  #answerWith(call: CachedCall, key: string, found: FoundEntry | undefined): Promise<Response> {
    return found ? this.#answerFrom(call, key, found) : this.#ask(call, key);
  }

  /** The answer to a call for which there is one, fresh or stale. */
  async #answerFrom(call: CachedCall, key: string, found: FoundEntry): Promise<Response> {
    const given = this.#giveAtOnce(call, found);
    if (given) return given;
    try {
      return await this.#ask(call, key);
    } catch (error) {
      if (!isOutage(error, call)) throw error;
      if (found.ageMs >= found.entry.ttlMs + call.control.staleIfErrorMs) throw error;
      const stale = this.#give(call, found, 'STALE');
      if (stale === undefined) throw error;
      call.context.decide('cache-stale-if-error');
      return stale;
    }
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
    if (stale && storesIn(call.control.mode)) this.#revalidate(call, entry.key);
    return stale;
  }

  /** A stored answer, as this caller wants it; `undefined` where it cannot be spelled that way. */
  #give(call: CachedCall, found: FoundEntry, status: CacheStatus): Response | undefined {
    const { request, context } = call;
    const { entry, ageMs } = found;
    if (hasGone(call)) throw context.signal.reason;
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
    const events = leaseStream(new ReplayStream(payload.events, context.signal));
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
    const isStored = storesIn(control.mode);
    // Before the provider is asked: a tag that is deleted while it answers makes the answer old.
    const tags =
      isStored && control.tags.length > 0 ? this.#shelf.versions(control.tags) : undefined;
    let isStoring = false;
    const flight: Flight = new Flight({
      leader: context,
      send: (shared) => send(request, shared),
      maxBytes: this.#options.maxEntryBytes ?? DEFAULT_MAX_ENTRY_BYTES,
      onComplete: (answer) => {
        if (!isStored || flight.isForgotten) return;
        const make = entryOf(answer, { call, key, now: this.#deps.clock.wallNow() });
        if (typeof make === 'string') {
          context.decide('cache-not-stored', { reason: make });
          return;
        }
        isStoring = true;
        this.#shelf.put({
          key,
          make,
          control,
          tags,
          isWanted: () => !flight.isForgotten,
          onOver: () => this.#underWay.delete(flight),
        });
      },
      onOver: () => {
        if (this.#flights.get(slot) === flight) this.#flights.delete(slot);
        if (!isStoring) this.#underWay.delete(flight);
      },
    });
    this.#underWay.set(flight, { key, tags: control.tags });
    if (control.coalesce) this.#flights.set(slot, flight);
    return flight;
  }

  /** Deletes an answer by its key; what is under way for it is not stored. */
  delete(key: string): Promise<boolean> {
    this.#forget((flight) => flight.key === key);
    return this.#shelf.delete(key);
  }

  /** Makes every answer with a tag unfindable, those under way included. */
  deleteByTag(tag: string): Promise<boolean> {
    this.#forget(({ tags }) => tags.includes(tag));
    return this.#shelf.deleteByTag(tag);
  }

  /** Deletes everything; what is under way is not stored. */
  clear(): Promise<boolean> {
    this.#forget(() => true);
    return this.#shelf.clear();
  }

  /** Calls that come later do not share what is under way. */
  #forget(which: (flight: { key: string; tags: readonly string[] }) => boolean): void {
    // What has come is stored already, for all that anybody can tell.
    this.#shelf.writeWaiting();
    for (const [flight, about] of this.#underWay) if (which(about)) flight.forget();
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

function storesIn(mode: CacheControl['mode']): boolean {
  return mode !== 'read-only' && mode !== 'off';
}

/** Whether nobody waits for the answer any more. A call whose deadline has passed still takes an old one, but for a stream, which ends with it. */
function hasGone({ context: { signal, stream } }: CachedCall): boolean {
  if (!signal.aborted) return false;
  const reason: unknown = signal.reason;
  return stream || !isGatewayError(reason) || reason.code !== 'zerohop_timeout';
}

/** Whether the provider failed, and not the caller: then an old answer is better than none. */
function isOutage(error: unknown, call: CachedCall): boolean {
  if (hasGone(call)) return false;
  const { failure } =
    error instanceof LoopError ? error.attempt : describeFailure(error, call.target.errors);
  const { kind, status } = failure;
  if (kind === 'aborted' || kind === 'interceptor' || kind === 'redirect' || kind === 'other')
    return false;
  if (kind !== 'status' && kind !== 'upstream_error') return true;
  return status === undefined || status >= 500 || status === 408 || status === 429;
}
