import type { DialectName } from '../dialects/dialect.js';
import { failureFromErrorBody } from '../dialects/failures.js';
import { errorBody } from '../dialects/translation/error-body.js';
import { isGatewayError } from '../pipeline/errors.js';
import type { ErrorFactory } from '../pipeline/target.js';

/** Between whose classes, and in which dialect the error's body is to be told, if not in the target's own. */
export interface ErrorPassage {
  readonly from: ErrorFactory;
  readonly to: ErrorFactory;
  readonly callerSpeaks?: DialectName | undefined;
}

/**
 * An error of one SDK in the classes of another: what a target threw, as its caller knows it. Status, body,
 * headers and request id stay, and the error itself is the cause. Errors that are of the caller's classes
 * already, the gateway's own, and aborts by name are left as they are.
 */
export function translateError(error: unknown, { from, to, callerSpeaks }: ErrorPassage): Error {
  if (!(error instanceof Error)) return to.connection(String(error), error);
  if (isGatewayError(error) || error.name === 'AbortError') return error;
  if (to.kindOf(error) !== 'other') return error;
  switch (from.kindOf(error)) {
    case 'abort':
      return withCause(to.abort(error), error);
    case 'timeout':
      return to.timeout(error.message, error);
    case 'connection':
      return to.connection(error.message, error);
    case 'status':
      return translateStatus(error, to, callerSpeaks);
    default:
      // Credentials that could not be had, a request that its SDK would not make: it never got there.
      return to.connection(error.message, error);
  }
}

function translateStatus(
  error: Error,
  to: ErrorFactory,
  callerSpeaks: DialectName | undefined,
): Error {
  const status: unknown = Reflect.get(error, 'status');
  const headers: unknown = Reflect.get(error, 'headers');
  const code = typeof status === 'number' ? status : undefined;
  const body = wholeBody(Reflect.get(error, 'error'));
  const translated = to.status({
    status: code,
    body:
      callerSpeaks === undefined ? body : errorBody(callerSpeaks, failureFromErrorBody(code, body)),
    message: error.message.replace(/^\d{3} /, ''),
    headers: headers instanceof Headers ? withoutLength(headers) : undefined,
    cause: error,
  });
  const requestId: unknown = Reflect.get(error, 'requestID');
  // Providers have it under names of their own, of which an SDK reads its own provider's.
  if (requestId != null && Reflect.get(translated, 'requestID') == null) {
    Reflect.set(translated, 'requestID', requestId);
  }
  return translated;
}

/** The body as it came: openai keeps the provider's error object alone, Anthropic all of it. */
function wholeBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return 'error' in body && typeof body.error === 'object' ? body : { error: body };
}

/** At the second door the body is written anew, and may be of another length. */
function withoutLength(given: Headers): Headers {
  const headers = new Headers(given);
  headers.delete('content-length');
  headers.delete('content-encoding');
  return headers;
}

function withCause(error: Error, cause: Error): Error {
  if (error.cause === undefined) {
    Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  }
  return error;
}
