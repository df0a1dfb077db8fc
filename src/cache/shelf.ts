// Not the global one, which tests with timers of their own replace.
import { setImmediate } from 'node:timers';
import { isThenable } from '../pipeline/is-thenable.js';
import type { CacheStore, StoreCounters } from '../stores/cache-store.js';
import { type CacheEntry, decodeEntry, encodeEntry } from './cache-entry.js';
import type { CacheControl } from './cache-options.js';
import { canReplay, type ReplayWish } from './replay.js';
import { Tags } from './tags.js';

/** What is counted of a cache since it was made. */
export interface CacheCounters extends StoreCounters {
  /** What was found and was no whole entry; it was deleted. */
  readonly corrupt: number;
  /** Answers that were stored. */
  readonly stored: number;
}

/** A stored answer that a call may be given. */
export interface FoundEntry {
  readonly entry: CacheEntry;
  readonly ageMs: number;
  /** `stale` ones only on the terms of `staleWhileRevalidate` and `staleIfError`. */
  readonly freshness: 'fresh' | 'stale';
}

/** What an entry is looked for with. */
export interface Lookup {
  readonly key: string;
  readonly control: CacheControl;
  readonly wish: ReplayWish;
  /** Whether a target of that name would be asked now, or one as good. */
  readonly isChosen: (target: string) => boolean;
  /** Wall clock, in ms since the epoch. */
  readonly now: number;
}

/** An answer on its way into the store. */
export interface Storing {
  readonly key: string;
  /** Makes the entry, once the versions of its tags are known. */
  readonly make: (tags: CacheEntry['tags']) => CacheEntry;
  readonly control: CacheControl;
  /** The versions its tags had when it was asked for. */
  readonly tags: Promise<CacheEntry['tags']> | undefined;
  /** Nobody has deleted it meanwhile. */
  readonly isWanted: () => boolean;
  /** It is in the store, or never will be. */
  readonly onOver: () => void;
}

interface Writing {
  readonly entry: CacheEntry;
  readonly stored: Promise<boolean>;
}

/** Most answers that wait for their callers to go first. */
const MAX_WAITING = 32;

/** The entries of a cache: those in its store, and those on their way there. */
export class Shelf {
  readonly #store: CacheStore;
  readonly #tags: Tags;
  readonly #background: (work: Promise<unknown>) => void;
  /** What the store has not taken yet: found all the same. */
  readonly #writing = new Map<string, Writing>();
  /** Answers whose callers have them first; entries are made of them after that, or when somebody looks. */
  #waiting: Storing[] = [];
  #isDue = false;
  #corrupt = 0;
  #stored = 0;

  constructor(store: CacheStore, background: (work: Promise<unknown>) => void) {
    this.#store = store;
    this.#tags = new Tags(store);
    this.#background = background;
  }

  get counters(): CacheCounters {
    return { ...this.#store.counters, corrupt: this.#corrupt, stored: this.#stored };
  }

  /** The stored answer for a call, as far as the call takes it: at once where the store is memory. */
  find(lookup: Lookup): FoundEntry | undefined | Promise<FoundEntry | undefined> {
    const { key } = lookup;
    if (this.#waiting.some((storing) => storing.key === key)) this.writeWaiting();
    const value = this.#writing.get(key)?.entry ?? this.#store.get(key);
    return isThenable(value)
      ? Promise.resolve(value).then((given) => this.#take(given, lookup))
      : this.#take(value, lookup);
  }

  #take(value: unknown, lookup: Lookup): FoundEntry | undefined | Promise<FoundEntry | undefined> {
    if (value === undefined || value === null) return undefined;
    const entry = decodeEntry(value, lookup.key);
    if (entry === undefined) {
      this.#corrupt += 1;
      this.#background(this.#store.delete(lookup.key));
      return undefined;
    }
    const found = judge(entry, lookup);
    if (found === undefined || entry.tags === undefined) return found;
    return this.#tags.areCurrent(entry.tags).then((areCurrent) => (areCurrent ? found : undefined));
  }

  /** The versions that tags have now; `undefined` where they cannot be had. */
  versions(tags: readonly string[]): Promise<CacheEntry['tags']> {
    return this.#tags.versions(tags);
  }

  /** Stores an answer: in memory once its caller has it, elsewhere at once. */
  put(storing: Storing): void {
    if (this.#store.isExternal || storing.tags !== undefined) {
      this.#background(this.#write(storing));
      return;
    }
    this.#waiting.push(storing);
    if (this.#waiting.length >= MAX_WAITING) this.writeWaiting();
    if (this.#isDue) return;
    this.#isDue = true;
    const later = new Promise<void>((resolve) => setImmediate(resolve));
    this.#background(
      later.then(() => {
        this.#isDue = false;
        return this.#writeAll();
      }),
    );
  }

  /** Stores what waits for its caller to go first. */
  writeWaiting(): void {
    if (this.#waiting.length > 0) this.#background(this.#writeAll());
  }

  #writeAll(): Promise<unknown> {
    const waiting = this.#waiting;
    this.#waiting = [];
    return Promise.all(waiting.map((storing) => this.#write(storing)));
  }

  async #write({ make, control, tags: tagged, isWanted, onOver }: Storing): Promise<void> {
    try {
      const tags = tagged && (await tagged);
      // Without its tags it could not be deleted by them.
      if (!isWanted() || (tagged !== undefined && tags === undefined)) return;
      const entry = make(tags);
      const keptMs = entry.ttlMs + Math.max(control.staleWhileRevalidateMs, control.staleIfErrorMs);
      const value = this.#store.isExternal ? encodeEntry(entry) : entry;
      const stored = this.#store.set(entry.key, value, keptMs);
      const writing: Writing = { entry, stored };
      this.#writing.set(entry.key, writing);
      if (await stored) this.#stored += 1;
      if (this.#writing.get(entry.key) === writing) this.#writing.delete(entry.key);
    } finally {
      onOver();
    }
  }

  async delete(key: string): Promise<boolean> {
    const writing = this.#writing.get(key);
    this.#writing.delete(key);
    await writing?.stored;
    return this.#store.delete(key);
  }

  async deleteByTag(tag: string): Promise<boolean> {
    return (await this.#tags.renew(tag)) !== undefined;
  }

  async clear(): Promise<boolean> {
    const writing = [...this.#writing.values()];
    this.#writing.clear();
    await Promise.all(writing.map(({ stored }) => stored));
    return this.#store.clear();
  }
}

function judge(
  entry: CacheEntry,
  { control, wish, isChosen, now }: Lookup,
): FoundEntry | undefined {
  // Clocks of two machines differ; what seems to come from the future is new.
  const ageMs = Math.max(0, now - entry.storedAt);
  if (ageMs > control.maxAgeMs || !canReplay(entry, wish)) return undefined;
  if (!control.acceptFallback && !isChosen(entry.producer.target)) return undefined;
  if (ageMs < entry.ttlMs) return { entry, ageMs, freshness: 'fresh' };
  const window = Math.max(control.staleWhileRevalidateMs, control.staleIfErrorMs);
  return ageMs < entry.ttlMs + window ? { entry, ageMs, freshness: 'stale' } : undefined;
}
