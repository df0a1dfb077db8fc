const CAPACITY = 100;
const PER_CALL = 0.2;
const PER_SECOND = 3;
/** Retries that may be under way at once. */
const MAX_UNDER_WAY = 500;

/**
 * Bounds the retries of one target to a fifth of its calls (K3), so that an outage is not multiplied. A
 * token bucket: each call puts in 0.2, each retry that fails takes 1; it starts full with 100 and gains three a
 * second, so that an idle target always has some. Retries under way, whose end nobody knows yet, are lent their
 * tokens: calls that all failed at one moment may all be tried again, and where that comes to nothing the bucket is
 * in debt for as much as it holds. The ratio is Envoy's; that an answered retry costs nothing, the AWS SDKs'.
 */
export class RetryBudget {
  #tokens = CAPACITY;
  #underWay = 0;
  #refilledAt: number | undefined;

  /** Counts a call. */
  deposit(): void {
    this.#tokens = Math.min(CAPACITY, this.#tokens + PER_CALL);
  }

  /** Begins a retry, if there may be one; {@link end} is to follow. `now` in monotonic ms. */
  begin(now: number): boolean {
    const elapsedMs = Math.max(0, now - (this.#refilledAt ?? now));
    this.#refilledAt = now;
    this.#tokens = Math.min(CAPACITY, this.#tokens + (elapsedMs / 1000) * PER_SECOND);
    if (this.#tokens < 1 || this.#underWay >= MAX_UNDER_WAY) return false;
    this.#underWay += 1;
    return true;
  }

  /** Ends a retry: one that failed takes its token. */
  end(hasFailed: boolean): void {
    this.#underWay -= 1;
    if (hasFailed) this.#tokens = Math.max(-CAPACITY, this.#tokens - 1);
  }
}
