import type { CacheStore } from '../stores/cache-store.js';

/** A tag's version outlives every entry that has it. */
const TAG_TTL_MS = 400 * 86_400_000;

/**
 * Versions of tags, kept in the store beside the entries. An entry holds those that its tags had when it was
 * asked for; deleting a tag gives it another. A version that was lost makes misses, never a wrong hit.
 */
export class Tags {
  readonly #store: CacheStore;

  constructor(store: CacheStore) {
    this.#store = store;
  }

  /** The present versions, made where there are none; `undefined` where they cannot be had. */
  async versions(tags: readonly string[]): Promise<Readonly<Record<string, string>> | undefined> {
    const pairs = await Promise.all(
      tags.map(async (tag) => [tag, (await this.#read(tag)) ?? (await this.renew(tag))] as const),
    );
    const known = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
    return known.length === tags.length ? Object.fromEntries(known) : undefined;
  }

  /** Whether tags still have these versions. */
  async areCurrent(versions: Readonly<Record<string, string>>): Promise<boolean> {
    const current = await Promise.all(
      Object.entries(versions).map(async ([tag, version]) => (await this.#read(tag)) === version),
    );
    return current.every(Boolean);
  }

  /** Gives a tag another version: what has the old one is not found any more. `undefined` where it cannot be stored. */
  async renew(tag: string): Promise<string | undefined> {
    const version = crypto.randomUUID();
    return (await this.#store.set(keyOf(tag), version, TAG_TTL_MS)) ? version : undefined;
  }

  async #read(tag: string): Promise<string | undefined> {
    const version = await this.#store.get(keyOf(tag));
    return typeof version === 'string' ? version : undefined;
  }
}

function keyOf(tag: string): string {
  return `tag:${tag}`;
}
