/** Lets the first so many names through, and gives all others one name that they share. */
export class LimitedNames {
  readonly #known = new Set<string>();
  readonly #limit: number;
  readonly #other: string;

  constructor(limit: number, other = '_other') {
    this.#limit = limit;
    this.#other = other;
  }

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#limit) return this.#other;
    this.#known.add(name);
    return name;
  }
}
