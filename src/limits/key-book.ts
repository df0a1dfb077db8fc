import type { Limits } from './limits.js';

/** Keys that are looked at before one is given up for. */
const MAX_LOOKED = 8;
const OTHER_KEY = 'other';

/** The limits of the keys of a limiter, so many at once. */
export class KeyBook {
  readonly #make: (key: string) => Limits;
  readonly #maxKeys: number;
  readonly #keys = new Map<string, Limits>();

  constructor(make: (key: string) => Limits, maxKeys: number) {
    this.#make = make;
    this.#maxKeys = maxKeys;
  }

  /** The limits of a key, and the key that it is counted under. */
  of(key: string): { readonly key: string; readonly limits: Limits } {
    const known = this.#keys.get(key);
    if (known) return { key, limits: known };
    if (this.#keys.size >= this.#maxKeys && key !== OTHER_KEY && !this.#forgetIdle()) {
      return this.of(OTHER_KEY);
    }
    const limits = this.#make(key);
    this.#keys.set(key, limits);
    return { key, limits };
  }

  /** Forgets keys that are as good as new, of those that came first; whether there was one. */
  #forgetIdle(): boolean {
    let looked = 0;
    for (const [key, limits] of this.#keys) {
      if (limits.isIdle) {
        this.#keys.delete(key);
        return true;
      }
      looked += 1;
      if (looked >= MAX_LOOKED) return false;
      // Those that are in use go to the end, so that the next look begins elsewhere.
      this.#keys.delete(key);
      this.#keys.set(key, limits);
    }
    return false;
  }

  /** The limits of a key, where there are any yet; changes nothing. */
  peek(key: string): Limits | undefined {
    return this.#keys.get(key);
  }

  values(): Iterable<Limits> {
    return this.#keys.values();
  }

  get size(): number {
    return this.#keys.size;
  }
}
