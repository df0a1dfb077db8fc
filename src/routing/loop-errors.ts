import { isGatewayError } from '../pipeline/errors.js';
import type { Failure } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import { type AttemptFailure, describeFailure } from './describe-failure.js';

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

/** The call's signal fired: its deadline, the gateway's closing, or the caller. */
export function abortedFailure(reason: unknown, errors: ErrorFactory): AttemptFailure {
  if (isGatewayError(reason)) return describeFailure(reason, errors);
  const failure: Failure =
    reason === OUTRUN
      ? { kind: 'aborted', code: 'hedge_lost', message: OUTRUN.message }
      : { kind: 'aborted', message: 'aborted' };
  return { failure, error: errors.abort(reason) };
}
