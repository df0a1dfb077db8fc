import type { CacheStore } from '../stores/cache-store.js';
import { type CacheEntry, decodeEntry } from './cache-entry.js';
import type { CacheControl } from './cache-options.js';
import { canReplay, type ReplayWish } from './replay.js';
import type { Tags } from './tags.js';

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
  /** Name of the target that would be asked. */
  readonly target: string;
  /** Wall clock, in ms since the epoch. */
  readonly now: number;
}

/** Where entries are, and what is counted of them. */
export interface Shelf {
  readonly store: CacheStore;
  readonly tags: Tags;
  /** What is on its way into the store. */
  readonly writing: (key: string) => CacheEntry | undefined;
  /** What was stored is not an entry, or not whole. */
  readonly onCorrupt: (key: string) => void;
}

/** The stored answer for a call, as far as the call takes it. */
export async function findEntry(shelf: Shelf, lookup: Lookup): Promise<FoundEntry | undefined> {
  const { key } = lookup;
  const value = shelf.writing(key) ?? (await shelf.store.get(key));
  if (value === undefined || value === null) return undefined;
  const entry = decodeEntry(value, key);
  if (entry === undefined) {
    shelf.onCorrupt(key);
    return undefined;
  }
  const found = judge(entry, lookup);
  if (found === undefined || entry.tags === undefined) return found;
  return (await shelf.tags.areCurrent(entry.tags)) ? found : undefined;
}

function judge(entry: CacheEntry, { control, wish, target, now }: Lookup): FoundEntry | undefined {
  // Clocks of two machines differ; what seems to come from the future is new.
  const ageMs = Math.max(0, now - entry.storedAt);
  if (ageMs > control.maxAgeMs || !canReplay(entry, wish)) return undefined;
  if (entry.producer.target !== target && !control.acceptFallback) return undefined;
  if (ageMs < entry.ttlMs) return { entry, ageMs, freshness: 'fresh' };
  const window = Math.max(control.staleWhileRevalidateMs, control.staleIfErrorMs);
  return ageMs < entry.ttlMs + window ? { entry, ageMs, freshness: 'stale' } : undefined;
}
