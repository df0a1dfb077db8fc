/** How much may be taken of something, and how fast it comes back. */
export interface BucketSize {
  /** Comes back in each interval. */
  readonly amount: number;
  readonly intervalMs: number;
  /** Can be taken at once, at most. */
  readonly capacity: number;
}

/**
 * A token bucket: in any stretch of time no more is taken than came back in it, plus the capacity. What is taken
 * may be more than the capacity, from a full bucket: it leaves a debt, so that no request is too large for ever.
 * Times are monotonic ms.
 */
export class TokenBucket {
  readonly #size: BucketSize;
  readonly #perMs: number;
  #level: number;
  #at: number;

  constructor(size: BucketSize, now: number) {
    this.#size = size;
    this.#perMs = size.amount / size.intervalMs;
    this.#level = size.capacity;
    this.#at = now;
  }

  get size(): BucketSize {
    return this.#size;
  }

  /** What could be taken now; below zero where more was taken than there was. */
  level(now: number): number {
    const elapsedMs = Math.max(0, now - this.#at);
    return Math.min(this.#size.capacity, this.#level + elapsedMs * this.#perMs);
  }

  has(weight: number, now: number): boolean {
    // A breath less counts: fractions of a token do not add up exactly.
    return this.level(now) >= Math.min(weight, this.#size.capacity) - EPSILON;
  }

  take(weight: number, now: number): void {
    this.#level = this.level(now) - weight;
    this.#at = now;
  }

  /** Puts back what was taken and not used; what does not fit any more is lost. */
  give(weight: number, now: number): void {
    this.take(-weight, now);
    this.#level = Math.min(this.#level, this.#size.capacity);
  }

  /** Takes as {@link take} does, and leaves no debt. */
  takeWhatIsThere(weight: number, now: number): void {
    const level = this.level(now);
    this.#level = Math.max(Math.min(0, level), level - weight);
    this.#at = now;
  }

  /** Until {@link has}, in ms, with `ahead` taken before. */
  waitMs(weight: number, now: number, ahead = 0): number {
    const missing = ahead + Math.min(weight, this.#size.capacity) - this.level(now);
    return missing <= EPSILON ? 0 : missing / this.#perMs;
  }

  /** Nothing of what was taken is remembered any more. */
  isFull(now: number): boolean {
    return this.level(now) >= this.#size.capacity - EPSILON;
  }
}

const EPSILON = 1e-9;
