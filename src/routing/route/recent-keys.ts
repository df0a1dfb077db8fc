/** Keys that are remembered at once: the last ones used. */
const MAX_KEYS = 1_000;

/** What is known by key (a digest of who calls), of the keys that were used last. */
export class RecentKeys<Value> {
  readonly #make: () => Value;
  readonly #values = new Map<string, Value>();

  constructor(make: () => Value) {
    this.#make = make;
  }

  of(key: string): Value {
    const known = this.#values.get(key);
    if (known !== undefined && this.#values.size < MAX_KEYS) return known;
    const value = known ?? this.#make();
    // To the end: the first one is the one that was not used for longest.
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > MAX_KEYS) {
      for (const first of this.#values.keys()) {
        this.#values.delete(first);
        break;
      }
    }
    return value;
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }
}
