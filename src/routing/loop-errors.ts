import { isGatewayError } from '../pipeline/errors.js';
import type { Failure } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import { type AttemptFailure, describeFailure } from './describe-failure.js';

/** Why an attempt is given up when another target has answered first. */
export const OUTRUN = new DOMException('another target answered first', 'AbortError');

/**
 * What the loop and the walk throw to one another, and nobody else sees. It is an `Error` for p-retry's sake, but made
 * without one's constructor: a stack nobody reads costs more than all the rest of it.
 */
abstract class Thrown extends Error {
  declare attempt: AttemptFailure;

  protected static make<Own extends Thrown>(prototype: Own, attempt: AttemptFailure): Own {
    // Of the class that the prototype is of.
    const thrown = Object.create(prototype) as Own;
    thrown.attempt = attempt;
    return thrown;
  }
}

// For whoever looks at one all the same.
Object.defineProperties(Thrown.prototype, {
  message: {
    get(this: Thrown) {
      return this.attempt.failure.message;
    },
  },
  cause: {
    get(this: Thrown) {
      return this.attempt.error;
    },
  },
});

/** An attempt that failed, on its way through p-retry. */
export class FailedAttempt extends Thrown {
  declare protected readonly kind: 'failed';

  static of(attempt: AttemptFailure): FailedAttempt {
    return Thrown.make(FailedAttempt.prototype, attempt);
  }
}

/** What the loop ends with when nothing may follow. */
export class LoopError extends Thrown {
  declare protected readonly kind: 'loop';

  static of(attempt: AttemptFailure): LoopError {
    return Thrown.make(LoopError.prototype, attempt);
  }
}

/** For whoever is told by a throw. What fails is a value between the loop and the walk: a throw costs 2 µs. */
export function orThrow<Result>(result: Result | FailedAttempt | LoopError): Result {
  if (result instanceof FailedAttempt || result instanceof LoopError) throw result;
  return result;
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
