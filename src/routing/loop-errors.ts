import type { AttemptFailure } from './describe-failure.js';

/** Why an attempt is given up when another target has answered first. */
export const OUTRUN = new DOMException('another target answered first', 'AbortError');

/** An attempt that failed, on its way through p-retry. */
export class FailedAttempt extends Error {
  readonly attempt: AttemptFailure;
  constructor(attempt: AttemptFailure) {
    super(attempt.failure.message);
    this.attempt = attempt;
  }
}

/** What the loop ends with when nothing may follow. */
export class LoopError extends Error {
  readonly attempt: AttemptFailure;
  constructor(attempt: AttemptFailure) {
    super(attempt.failure.message, { cause: attempt.error });
    this.attempt = attempt;
  }
}
