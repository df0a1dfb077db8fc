import type { CallContext } from '../pipeline/call-context.js';
import type { Target } from '../pipeline/target.js';
import type { Attempt } from './attempt.js';
import type { AttemptFailure } from './describe-failure.js';
import type { TargetHealth } from './health-book.js';
import { abortedFailure, FailedAttempt } from './loop-errors.js';
import type { AttemptObserver } from './loop-options.js';
import { decideRetry } from './retry-policy.js';

/** What the turns of one target of one call are decided by. */
export interface TurnOptions {
  readonly target: Target;
  readonly health: TargetHealth;
  readonly context: CallContext;
  readonly maxAttempts: number;
  /** The target's own number where it is absent. */
  readonly maxRetries?: number | undefined;
  readonly observer?: AttemptObserver | undefined;
}

/** A connection that was idle for longer than this was closed by us, so it cannot have been stale. */
const STALE_WINDOW_MS = 10_000;

/** Counts the retries of one target of one call, and decides on each by policy and budget. */
export class RetryTurns {
  readonly #options: TurnOptions;
  #taken = 0;
  #staleUsed = false;
  #renewed = false;
  #isUnderWay = false;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Retries that were made. */
  get taken(): number {
    return this.#taken;
  }

  /** How long to wait before the next attempt, in ms; `undefined` where none may follow. */
  next(attempt: AttemptFailure, hadHeaders: boolean): number | undefined {
    if (this.#isLeft()) return undefined;
    const { context, health, target } = this.#options;
    const { failure, headers, error } = attempt;
    const decision = decideRetry({
      failure,
      headers,
      retries: this.#taken,
      retriesLeft: this.#left(),
      remainingMs: context.remainingMs(),
      replayable: target.isReplayable(),
      staleConnection: !hadHeaders && this.#isStale(attempt),
      renewsCredentials: target.renewsCredentials && !this.#renewed,
      wallNow: context.clock.wallNow(),
      random: context.clock.random(),
    });
    if (!decision.retry) {
      const { reason, retryAfterMs } = decision;
      context.decide('retry-stopped', { reason });
      if (retryAfterMs !== undefined) Object.assign(error, { retryAfterMs });
      return undefined;
    }
    if (!health.budget.begin(context.clock.now())) {
      context.decide('retry-stopped', { reason: 'retry_budget_exhausted' });
      return undefined;
    }
    this.#isUnderWay = true;
    const { reason, waitMs } = decision;
    if (reason === 'stale_connection') this.#staleUsed = true;
    if (reason === 'credentials_renewed') this.#renewed = true;
    context.decide('retry', { reason, waitMs: Math.round(waitMs) });
    return waitMs;
  }

  /** Notes what became of the retry that was decided on, if there was one; one that was never sent has not failed. */
  ended(hasFailed: boolean): void {
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    this.#options.health.budget.end(hasFailed);
  }

  /**
   * Waits for the turn of a retry that was decided on; gives what the target is left with where it may not be sent
   * after all.
   *
   * @param failed what it follows
   * @param record the attempt that failed
   */
  async take(
    failed: FailedAttempt,
    waitMs: number,
    record: Attempt['record'] | undefined,
  ): Promise<FailedAttempt | undefined> {
    const { context, maxAttempts, target } = this.#options;
    if (record) record.waitedMs = Math.round(waitMs);
    try {
      if (waitMs > 0) await context.clock.delay(waitMs, context.signal);
      else context.signal.throwIfAborted();
    } catch (reason) {
      this.ended(false);
      return FailedAttempt.of(abortedFailure(reason, target.errors));
    }
    // Other calls, or another way of this one, may have met the same meanwhile.
    if (this.#isLeft()) return failed;
    if (context.attempts.length >= maxAttempts) {
      this.#stop('attempts_exhausted');
      return failed;
    }
    this.#taken += 1;
    return undefined;
  }

  /** Whether the target is not to be asked once more. */
  #isLeft(): boolean {
    if (this.#options.observer?.mayRetry() !== false) return false;
    this.#stop('target_left');
    return true;
  }

  #stop(reason: string): void {
    this.ended(false);
    this.#options.context.decide('retry-stopped', { reason });
  }

  #left(): number {
    const { target, context, maxAttempts, maxRetries = target.maxRetries } = this.#options;
    return Math.min(maxRetries - this.#taken, maxAttempts - context.attempts.length);
  }

  #isStale({ failure }: AttemptFailure): boolean {
    const { health, context } = this.#options;
    if (this.#staleUsed || failure.kind !== 'connection') return false;
    if (health.lastAnswerAt === undefined) return false;
    const { code } = failure;
    const broke = code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE';
    return broke && context.clock.now() - health.lastAnswerAt < STALE_WINDOW_MS;
  }
}
