import { RetryBudget } from './retry-budget.js';

/** What is remembered of a target between calls. */
export interface TargetHealth {
  readonly budget: RetryBudget;
  /** Monotonic time of the last whole answer. */
  lastAnswerAt: number | undefined;
  /** It has refused to be asked for usage on streams. */
  refusesUsage?: boolean | undefined;
}

const MAX_TARGETS = 1_000;

/** What is remembered of each target, for as many as can be told apart; the oldest goes first. */
export class HealthBook {
  readonly #entries = new Map<string, TargetHealth>();

  of(target: string): TargetHealth {
    const known = this.#entries.get(target);
    if (known) return known;
    const fresh: TargetHealth = { budget: new RetryBudget(), lastAnswerAt: undefined };
    if (this.#entries.size >= MAX_TARGETS) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(target, fresh);
    return fresh;
  }
}
