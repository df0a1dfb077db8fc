import type { Clock } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import { BoundedMemory } from './bounded-memory.js';
import { type CacheStore, isTimeToLive, type StoreCounters } from './cache-store.js';
import { GuardedStore, type StoreOperations } from './guarded-store.js';

/** A Keyv instance (5.6 or 6.1 and later), or a storage adapter for one. Known by what it can do. */
export interface KeyvLike {
  get(key: string): unknown;
  set(key: string, value: unknown, ttl?: number): unknown;
  delete(key: string): unknown;
  clear(): unknown;
}

/** A Keyv instance of our own making. */
interface OwnKeyv extends KeyvLike {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** What both majors' constructors take of what is asked of them here. */
interface OwnKeyvOptions {
  readonly store: KeyvLike;
  readonly namespace?: string | undefined;
  /** Keyv 5: values are stored as they are. */
  readonly serialize?: undefined;
  /** Keyv 6: values are stored as they are. */
  readonly serialization?: false;
  /** Keyv 5: failures reject; Keyv 6 knows nothing of it and emits them. */
  readonly throwOnErrors?: boolean;
}

/** The part of the package `keyv` that is used. */
export interface KeyvModule {
  readonly Keyv: new (options: OwnKeyvOptions) => OwnKeyv;
}

/** Options of {@link openKeyvStore}. */
export interface KeyvStoreOptions {
  /** What the user gave as `cache.store`. @defaultValue memory of this process */
  readonly store?: unknown;
  /** Memory: most entries. @defaultValue 10000 */
  readonly maxEntries?: number | undefined;
  /** Memory: most bytes. @defaultValue 67108864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** Memory: the size of a value in bytes. */
  readonly sizeOf: (value: unknown) => number;
  /** A given store: how long an operation may take, in ms. @defaultValue 100 */
  readonly timeoutMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests. @defaultValue `import('keyv')` */
  readonly loadKeyv?: (() => Promise<KeyvModule>) | undefined;
}

const NAMESPACE = 'zerohop';

/**
 * Opens what the cache keeps things in: memory of this process where nothing is given, or the Keyv instance
 * or storage adapter that is.
 *
 * @throws {@link GatewayError} `zerohop_config` where `store` is neither
 */
export function openKeyvStore(options: KeyvStoreOptions): CacheStore {
  const { store } = options;
  if (store === undefined) return new MemoryStore(options);
  if (!isKeyvLike(store)) {
    throw new GatewayError(
      'gateway.cache.store: must be a Keyv instance (5.6 or later) or a Keyv storage adapter, with get, set, delete and clear',
      { code: 'zerohop_config' },
    );
  }
  if (isKeyv(store)) {
    const guarded = new GuardedStore(store, options);
    listenWhereNobodyDoes(store, (error) => guarded.noteError(error));
    return guarded;
  }

  const adapter = new AdapterOperations(options.loadKeyv ?? importKeyv, store);
  const guarded = new GuardedStore(adapter, options);
  adapter.onError = (error) => guarded.noteError(error);
  return guarded;
}

function isKeyvLike(value: unknown): value is KeyvLike {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Partial<Record<string, unknown>>; // any object may be asked for any member
  return ['get', 'set', 'delete', 'clear'].every((name) => typeof members[name] === 'function');
}

/** Keyv instances of both majors have `getRaw()`, and storage adapters never do. */
function isKeyv(store: KeyvLike): boolean {
  return 'getRaw' in store && typeof store.getRaw === 'function';
}

/** Without a listener, an error that a connection emits ends the process; where the user listens, we need not. */
function listenWhereNobodyDoes(store: KeyvLike, listener: (error: unknown) => void): void {
  const { on, listenerCount, listeners } = store as Emitter; // any object may be asked for members
  if (typeof on !== 'function') return;
  const known =
    typeof listenerCount === 'function'
      ? listenerCount.call(store, 'error')
      : typeof listeners === 'function'
        ? listeners.call(store, 'error').length
        : 0;
  if (known === 0) on.call(store, 'error', listener);
}

interface Emitter {
  readonly on?: (event: 'error', listener: (error: unknown) => void) => unknown;
  readonly listenerCount?: (event: 'error') => number;
  readonly listeners?: (event: 'error') => readonly unknown[];
}

async function importKeyv(): Promise<KeyvModule> {
  // Its types are one major's only, and know nothing of the other one's options.
  return (await import('keyv')) as unknown as KeyvModule;
}

/** A storage adapter, in a Keyv instance of our own, which we may listen to. */
class AdapterOperations implements StoreOperations {
  onError: (error: unknown) => void = () => undefined;
  readonly #keyv: Promise<OwnKeyv>;

  constructor(load: () => Promise<KeyvModule>, store: KeyvLike) {
    this.#keyv = load().then(({ Keyv }) => {
      const keyv = new Keyv({ store, namespace: NAMESPACE, throwOnErrors: true });
      // Without a listener, an error that the adapter emits ends the process.
      keyv.on('error', (error) => this.onError(error));
      return keyv;
    });
    // Every operation awaits it and is told; until there is one, nobody else does.
    this.#keyv.catch(() => undefined);
  }

  async get(key: string): Promise<unknown> {
    return (await this.#keyv).get(key);
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<unknown> {
    return (await this.#keyv).set(key, value, ttlMs);
  }

  async delete(key: string): Promise<unknown> {
    return (await this.#keyv).delete(key);
  }

  async clear(): Promise<unknown> {
    return (await this.#keyv).clear();
  }
}

/** A value in memory. Keyv 5 and 6 put different envelopes around it, and it is found again in either. */
class Held {
  readonly value: unknown;
  readonly bytes: number;

  constructor(value: unknown, bytes: number) {
    this.value = value;
    this.bytes = bytes;
  }
}

function heldIn(stored: unknown): Held | undefined {
  let inner = stored;
  for (let depth = 0; depth < 3; depth += 1) {
    if (inner instanceof Held) return inner;
    if (typeof inner !== 'object' || inner === null || !('value' in inner)) return undefined;
    inner = inner.value;
  }
  return undefined;
}

/**
 * Memory of this process, through Keyv, which is loaded when the first value is stored. Reading goes past
 * Keyv to the memory under it: at once, and without its microseconds and turns of the event loop.
 */
class MemoryStore implements CacheStore {
  readonly isExternal = false;
  readonly #memory: BoundedMemory;
  readonly #sizeOf: (value: unknown) => number;
  readonly #load: () => Promise<KeyvModule>;
  #keyv: Promise<OwnKeyv> | undefined;
  #failures = 0;

  constructor(options: KeyvStoreOptions) {
    this.#sizeOf = options.sizeOf;
    this.#load = options.loadKeyv ?? importKeyv;
    this.#memory = new BoundedMemory({
      maxEntries: options.maxEntries,
      maxBytes: options.maxBytes,
      sizeOf: (stored) => heldIn(stored)?.bytes ?? 0,
      wallNow: () => options.clock.wallNow(),
    });
  }

  get counters(): StoreCounters {
    const { size: entries, bytes, evicted } = this.#memory;
    return { failures: this.#failures, timeouts: 0, skipped: 0, evicted, entries, bytes };
  }

  get(key: string): unknown {
    return heldIn(this.#memory.get(key))?.value;
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<boolean> {
    if (!isTimeToLive(ttlMs)) return false;
    const done = await this.#try(async (keyv) =>
      keyv.set(key, new Held(value, this.#sizeOf(value)), ttlMs),
    );
    return done !== false && this.#memory.has(key);
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#try(async (keyv) => keyv.delete(key))) === true;
  }

  async clear(): Promise<boolean> {
    return (await this.#try(async (keyv) => keyv.clear())) !== false;
  }

  /** What Keyv answers; `false` where it fails. */
  async #try(work: (keyv: OwnKeyv) => Promise<unknown>): Promise<unknown> {
    try {
      this.#keyv ??= this.#open();
      return await work(await this.#keyv);
    } catch {
      this.#failures += 1;
      return false;
    }
  }

  async #open(): Promise<OwnKeyv> {
    const { Keyv } = await this.#load();
    const keyv = new Keyv({
      store: this.#memory,
      namespace: undefined,
      serialize: undefined,
      serialization: false,
      throwOnErrors: true,
    });
    // Without a listener, Keyv 6 rejects by throwing what it emits; with one, it answers `false`.
    keyv.on('error', () => undefined);
    return keyv;
  }
}
