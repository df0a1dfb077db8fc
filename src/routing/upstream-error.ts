import { errorBody } from '../dialects/translation/error-body.js';
import { boundMessage } from '../pipeline/errors.js';
import type { Failure } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import type { AnswerReading } from './answer-reading.js';

/** Key of the {@link Failure} that an error was made from, so that it need not be guessed back from it. */
const FAILURE: unique symbol = Symbol('zerohop.failure');

/** The failure that an error was made from here. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !(FAILURE in error)) return undefined;
  // Only withFailure() below sets it.
  return error[FAILURE] as Failure;
}

/** Notes on an error what it was made from. */
export function withFailure<E extends Error>(error: E, failure: Failure): E {
  Object.defineProperty(error, FAILURE, { value: failure });
  return error;
}

/** The error for an error object that came in an answer's place: the SDK's, of the status it names. */
export function upstreamError(
  errors: ErrorFactory,
  { reader, translator }: AnswerReading,
  response: Response,
): Error {
  const failure = reader.failure ?? { kind: 'malformed', message: 'unreadable answer' };
  if (failure.kind === 'upstream_error') {
    return withFailure(
      errors.status({
        status: failure.status,
        body: translator ? errorBody(translator.to, failure) : reader.errorBody,
        message: failure.message,
        headers: response.headers,
      }),
      failure,
    );
  }
  const what = `the upstream answered ${response.status} with ${failure.message}`;
  return withFailure(errors.connection(boundMessage(what), undefined), failure);
}
