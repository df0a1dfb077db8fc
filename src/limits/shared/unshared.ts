/**
 * What a process has let through by its own part while Redis was away, in units, for Redis to be told when it is
 * back. That is forgotten at the pace at which the part comes back, as Redis fills meanwhile: once it is full, and not
 * before, since it may have been empty when it went.
 */
export class Unshared {
  readonly #perMs: number;
  readonly #fillMs: number;
  #units = 0;
  #forgotUntil: number | undefined;

  /**
   * @param perMs of the part
   * @param fillMs until an empty reservoir is full
   */
  constructor(perMs: number, fillMs: number) {
    this.#perMs = perMs;
    this.#fillMs = fillMs;
  }

  /** So much more was let through; less than nothing where it turned out to be less. */
  add(units: number, now: number): void {
    this.#forget(now);
    this.#units = Math.max(0, this.#units + units);
  }

  /** All that is to be told, once. */
  takeAll(now: number): number {
    this.#forget(now);
    const units = Math.ceil(this.#units);
    this.#units = 0;
    this.#forgotUntil = undefined;
    return units;
  }

  #forget(now: number): void {
    this.#forgotUntil ??= now + this.#fillMs;
    if (now <= this.#forgotUntil) return;
    this.#units = Math.max(0, this.#units - (now - this.#forgotUntil) * this.#perMs);
    this.#forgotUntil = now;
  }
}
