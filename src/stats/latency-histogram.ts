const GROWTH = 1.1;
const LOG_GROWTH = Math.log(GROWTH);
const MIN_MS = 0.01;
const BUCKETS = 256;

/** Latencies in buckets that grow by a tenth: percentiles within 5 %, in a fixed kilobyte. */
export class LatencyHistogram {
  #counts: Uint32Array | undefined;
  #total = 0;

  add(latencyMs: number): void {
    this.#counts ??= new Uint32Array(BUCKETS);
    const index = Math.ceil(Math.log(Math.max(latencyMs, MIN_MS) / MIN_MS) / LOG_GROWTH);
    const bucket = Math.min(BUCKETS - 1, index);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  merge(other: LatencyHistogram): void {
    if (other.#counts === undefined) return;
    this.#counts ??= new Uint32Array(BUCKETS);
    for (const [bucket, count] of other.#counts.entries()) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    }
    this.#total += other.#total;
  }

  percentiles(): { p50: number; p95: number; p99: number } | undefined {
    if (this.#total === 0) return undefined;
    return { p50: this.#at(0.5), p95: this.#at(0.95), p99: this.#at(0.99) };
  }

  #at(fraction: number): number {
    let rest = Math.ceil(this.#total * fraction);
    for (const [bucket, count] of (this.#counts ?? []).entries()) {
      rest -= count;
      // The middle of the bucket, geometrically.
      if (rest <= 0) return MIN_MS * GROWTH ** (bucket - 0.5);
    }
    return MIN_MS * GROWTH ** BUCKETS;
  }
}
