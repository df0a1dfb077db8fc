const SLOTS = 10;

/** Counts results of the last `windowMs`, to a tenth of it. Takes the same memory and time for any traffic. */
export class RollingCounts {
  readonly #slotMs: number;
  readonly #totals = new Array<number>(SLOTS).fill(0);
  readonly #failures = new Array<number>(SLOTS).fill(0);
  #slot = 0;
  /** Results in the window, as of the last {@link add}. */
  total = 0;
  /** Those of them that failed. */
  failures = 0;

  constructor(windowMs: number) {
    this.#slotMs = windowMs / SLOTS;
  }

  /** Counts one result. `now` in monotonic ms. */
  add(ok: boolean, now: number): void {
    this.#advance(Math.floor(now / this.#slotMs));
    const index = this.#slot % SLOTS;
    this.#totals[index] = (this.#totals[index] ?? 0) + 1;
    this.total += 1;
    if (ok) return;
    this.#failures[index] = (this.#failures[index] ?? 0) + 1;
    this.failures += 1;
  }

  #advance(slot: number): void {
    const from = Math.max(this.#slot + 1, slot - SLOTS + 1);
    for (let passed = from; passed <= slot; passed += 1) {
      const index = passed % SLOTS;
      this.total -= this.#totals[index] ?? 0;
      this.failures -= this.#failures[index] ?? 0;
      this.#totals[index] = 0;
      this.#failures[index] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }

  clear(): void {
    this.#totals.fill(0);
    this.#failures.fill(0);
    this.total = 0;
    this.failures = 0;
  }
}
