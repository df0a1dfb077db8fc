import { SseLimitError } from '../dialects/sse-decoder.js';
import { GatewayError } from '../pipeline/errors.js';
import type { ResponseFacts } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import type { AttemptFailure } from './describe-failure.js';
import { withFailure } from './upstream-error.js';

/** Key under which an error carries what had arrived of a stream. */
const PARTIAL: unique symbol = Symbol.for('zerohop.partial') as never;

/** What had arrived of a stream when it broke: text, tool calls and usage so far. */
export function partialOf(error: unknown): ResponseFacts | undefined {
  if (!(error instanceof Error) || !(PARTIAL in error)) return undefined;
  // Only withPartial() below sets it.
  return error[PARTIAL] as ResponseFacts;
}

/** Notes on an error what had arrived, in the place of what was noted before. */
export function withPartial<E extends Error>(error: E, facts: ResponseFacts): E {
  Object.defineProperty(error, PARTIAL, { value: facts, configurable: true });
  return error;
}

/** The error of a stream that ended without its terminal marker. */
export function truncatedStream(errors: ErrorFactory, facts: ResponseFacts): Error {
  const message = 'the stream ended before the answer was complete';
  return withFailure(withPartial(errors.truncated(message, undefined), facts), {
    kind: 'truncated',
    message,
  });
}

/** The error of a stream that broke after something of it had been handed over. */
export function brokenStream(
  { failure, error }: AttemptFailure,
  facts: ResponseFacts,
  errors: ErrorFactory,
): Error {
  const shown =
    failure.kind === 'connection' && errors.kindOf(error) === 'other'
      ? errors.connection(error.message, error)
      : error;
  return withPartial(withFailure(shown, failure), facts);
}

/** What the decoder says of an event that is too large, as an error of the gateway's. */
export function asLimit(thrown: unknown): unknown {
  if (!(thrown instanceof SseLimitError)) return thrown;
  return new GatewayError(`an event passed ${thrown.maxEventBytes} bytes (limits.maxEventBytes)`, {
    code: 'zerohop_limit',
    cause: thrown,
  });
}

/** What the SDKs take for an abort while they read a body. */
export function abortError(reason: unknown): Error {
  return reason instanceof Error && reason.name === 'AbortError'
    ? reason
    : new DOMException('This operation was aborted', 'AbortError');
}
