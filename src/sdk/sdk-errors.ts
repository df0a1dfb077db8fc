import { boundMessage, isGatewayError } from '../pipeline/errors.js';
import type { ErrorFactory } from '../pipeline/target.js';
import type { SdkClient } from './client-types.js';

type ErrorClass = new (...args: never[]) => Error;
type MessageErrorClass = new (options?: { message?: string; cause?: Error }) => Error;
type StatusErrorClass = new (
  status: undefined,
  body: unknown,
  message: string | undefined,
  headers: Headers | undefined,
) => Error;

interface ErrorClasses {
  readonly api: StatusErrorClass;
  readonly connection: MessageErrorClass;
  readonly truncated: MessageErrorClass;
  readonly timeout: MessageErrorClass;
  readonly abort: MessageErrorClass;
}

const classesOf = new WeakMap<object, ErrorClasses>();

/** The error classes a client's class carries as statics; found once for each class. */
function errorClasses(client: SdkClient): ErrorClasses {
  const clientClass = client.constructor;
  const known = classesOf.get(clientClass);
  if (known) return known;
  const find = (name: string): ErrorClass => {
    const found: unknown = Reflect.get(clientClass, name);
    // A class by the SDK's own name; one without it gets the platform's, so that nothing is lost.
    return typeof found === 'function' ? (found as ErrorClass) : Error;
  };
  const connection = find('APIConnectionError') as MessageErrorClass;
  const classes: ErrorClasses = {
    api: find('APIError') as StatusErrorClass,
    connection,
    truncated: class StreamTruncatedError extends connection {},
    timeout: find('APIConnectionTimeoutError') as MessageErrorClass,
    abort: find('APIUserAbortError') as MessageErrorClass,
  };
  classesOf.set(clientClass, classes);
  return classes;
}

function withCause<E extends Error>(error: E, cause: unknown): E {
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  }
  // Anthropic's errors have no code of their own.
  if (isGatewayError(cause) && Reflect.get(error, 'code') == null)
    Reflect.set(error, 'code', cause.code);
  return error;
}

/** Errors of the classes that `client`'s own SDK throws. */
export function sdkErrors(client: SdkClient): ErrorFactory {
  const classes = errorClasses(client);
  return {
    status({ status, body, message, headers, cause }) {
      const error =
        status !== undefined && client.makeStatusError
          ? client.makeStatusError(status, body, message, headers ?? new Headers())
          : new classes.api(undefined, body, message, headers);
      error.message = boundMessage(error.message);
      return withCause(error, cause);
    },
    connection: (message, cause) =>
      withCause(new classes.connection({ message: boundMessage(message) }), cause),
    truncated(message, cause) {
      const error = withCause(new classes.truncated({ message: boundMessage(message) }), cause);
      error.name = 'StreamTruncatedError';
      return error;
    },
    timeout: (message, cause) =>
      withCause(new classes.timeout({ message: boundMessage(message) }), cause),
    // openai 7 says why it was aborted; the others do not.
    abort: (cause) =>
      withCause(new classes.abort(), client._makeUserAbortError ? cause : undefined),
    kindOf(error) {
      if (error instanceof classes.abort) return 'abort';
      if (error instanceof classes.timeout) return 'timeout';
      if (error instanceof classes.connection) return 'connection';
      if (error instanceof classes.api) return 'status';
      return 'other';
    },
  };
}
