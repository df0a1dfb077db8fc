/** What came of a store's operations, since it was opened. */
export interface StoreCounters {
  /** Operations that failed. */
  readonly failures: number;
  /** Operations that did not answer within their deadline. */
  readonly timeouts: number;
  /** Operations that were not tried, because the store had failed too often just before. */
  readonly skipped: number;
  /** Values that were dropped to stay within the bounds, though they had not expired. */
  readonly evicted: number;
  /** Values that are held; only where the store is memory. */
  readonly entries?: number | undefined;
  /** What they take, about, in bytes; only where the store is memory. */
  readonly bytes?: number | undefined;
}

/** Where the response cache keeps things. A store never fails a call: what goes wrong is counted. */
export interface CacheStore {
  /**
   * What is stored under a key; `undefined` where nothing is, or it cannot be had. Never throws or rejects.
   * Memory answers at once, anything else with a promise.
   */
  get(key: string): unknown;
  /**
   * Resolves `true` once stored, `false` where it could not be. Never rejects. A `ttlMs` that is not a
   * positive finite number stores nothing.
   */
  set(key: string, value: unknown, ttlMs: number): Promise<boolean>;
  /** Resolves `true` where there was something and it is gone, `false` where not. Never rejects. */
  delete(key: string): Promise<boolean>;
  /** Forgets everything of this store's namespace. Resolves `false` where it could not. Never rejects. */
  clear(): Promise<boolean>;
  /** Whether values leave the process: then they are JSON texts, else objects that are shared by reference. */
  readonly isExternal: boolean;
  /** A copy of the counters as they are now. */
  readonly counters: StoreCounters;
}

/** Whether a time to live can be told to a store. Keyv takes 0, `NaN` and, in 6, less than 0 for "for ever". */
export function isTimeToLive(ttlMs: number): boolean {
  return ttlMs > 0 && ttlMs <= Number.MAX_SAFE_INTEGER;
}
