const KEPT = 128;
/** Fewer say nothing of a tail. */
const MIN_SAMPLES = 20;
/** Samples after which a quantile is worked out anew. */
const RENEWED_AFTER = 8;

/** The last times of something, in ms, for their quantile. In a fixed kilobyte, made with the first sample. */
export class RecentTimes {
  readonly #fraction: number;
  #samples: Float64Array | undefined;
  #count = 0;
  #known: number | undefined;
  #knownAt = 0;

  /** @param fraction of the samples that are at or below the quantile, from 0 to 1 */
  constructor(fraction: number) {
    this.#fraction = fraction;
  }

  add(ms: number): void {
    this.#samples ??= new Float64Array(KEPT);
    this.#samples[this.#count % KEPT] = ms;
    this.#count += 1;
  }

  /** `undefined` as long as too little is known. */
  quantile(): number | undefined {
    if (this.#samples === undefined || this.#count < MIN_SAMPLES) return undefined;
    if (this.#known === undefined || this.#count - this.#knownAt >= RENEWED_AFTER) {
      const size = Math.min(this.#count, KEPT);
      const sorted = this.#samples.slice(0, size).sort();
      this.#known = sorted[Math.ceil(size * this.#fraction) - 1];
      this.#knownAt = this.#count;
    }
    return this.#known;
  }
}
