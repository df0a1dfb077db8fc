const CAPACITY = 100;
const PER_CALL = 0.2;
const PER_SECOND = 3;

/**
 * Bounds the retries of one target to a fifth of its calls (K3), so that an outage is not multiplied. A
 * token bucket: each call puts in 0.2, each retry takes 1; it starts full with 100 and gains three a
 * second, so that an idle target always has some. A retry that is answered puts its token back: a target
 * that answers is not in an outage, and what is bounded is the load that comes to nothing. The ratio is
 * Envoy's, the refund the AWS SDKs'.
 */
export class RetryBudget {
  #tokens = CAPACITY;
  #refilledAt: number | undefined;

  /** Counts a call. */
  deposit(): void {
    this.#tokens = Math.min(CAPACITY, this.#tokens + PER_CALL);
  }

  /** Puts back what a retry took that has been answered. */
  refund(): void {
    this.#tokens = Math.min(CAPACITY, this.#tokens + 1);
  }

  /** Takes a retry out, if there is one. `now` in monotonic ms. */
  tryWithdraw(now: number): boolean {
    const elapsedMs = Math.max(0, now - (this.#refilledAt ?? now));
    this.#refilledAt = now;
    this.#tokens = Math.min(CAPACITY, this.#tokens + (elapsedMs / 1000) * PER_SECOND);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
