import { failureFromErrorBody } from '../dialects/failures.js';
import { boundMessage, type GatewayError, gatewayErrorIn } from '../pipeline/errors.js';
import type { Failure, FailureKind } from '../pipeline/settlement.js';
import type { ErrorFactory } from '../pipeline/target.js';
import { failureOf } from './upstream-error.js';

/** A failed attempt, understood. */
export interface AttemptFailure {
  readonly failure: Failure;
  /** What the caller gets, should nothing follow. An error of the SDK wherever one can be made. */
  readonly error: Error;
  readonly headers?: Headers | undefined;
}

/** Understands whatever an attempt threw. */
export function describeFailure(thrown: unknown, errors: ErrorFactory): AttemptFailure {
  const known = failureOf(thrown);
  if (known && thrown instanceof Error) return { failure: known, error: thrown };
  const own = gatewayErrorIn(thrown);
  if (own) return describeOwn(own, errors);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.name === 'AbortError')
    return { failure: { kind: 'aborted', message: 'aborted' }, error };
  switch (errors.kindOf(error)) {
    case 'abort':
      return { failure: { kind: 'aborted', message: 'aborted' }, error };
    case 'timeout':
      return { failure: { kind: 'timeout', message: boundMessage(error.message) }, error };
    case 'connection':
      return describeConnection(error);
    case 'status':
      return describeStatus(error);
    default:
      return isNetworkError(error)
        ? {
            failure: connectionFailure(error),
            error: errors.connection(
              `Connection error: ${networkDetail(error) ?? error.message}.`,
              error,
            ),
          }
        : { failure: { kind: 'other', message: boundMessage(error.message) }, error };
  }
}

const OWN_KINDS: Partial<Record<GatewayError['code'], FailureKind>> = {
  zerohop_interceptor: 'interceptor',
  zerohop_redirect: 'redirect',
  zerohop_limit: 'limit',
  zerohop_malformed: 'malformed',
  zerohop_rate_limited: 'over_limit',
  zerohop_budget: 'over_limit',
};

function describeOwn(own: GatewayError, errors: ErrorFactory): AttemptFailure {
  const kind =
    own.code === 'zerohop_timeout' ? timeoutKind(own.message) : (OWN_KINDS[own.code] ?? 'other');
  const goesOn = Reflect.get(own, 'goesOn') === true;
  const type = goesOn ? 'next_target' : undefined;
  const failure = { kind, code: own.code, type, message: boundMessage(own.message) };
  if (kind === 'interceptor' || kind === 'other' || kind === 'over_limit')
    return { failure, error: own };
  const error =
    kind.includes('timeout') || kind === 'deadline'
      ? errors.timeout(own.message, own)
      : errors.connection(own.message, own);
  return { failure, error };
}

function timeoutKind(message: string): FailureKind {
  if (message.includes('timeouts.connect')) return 'connect_timeout';
  if (message.includes('timeouts.firstByte')) return 'first_byte_timeout';
  if (message.includes('timeouts.idle')) return 'idle_timeout';
  if (message.includes('timeouts.total')) return 'deadline';
  return 'timeout';
}

function describeConnection(error: Error): AttemptFailure {
  const detail = networkDetail(error);
  // The SDK says "Connection error." and no more; code and host tell what happened, and hold nothing private.
  if (detail !== undefined && !error.message.includes(detail)) {
    error.message = boundMessage(`${error.message.replace(/\.$/, '')}: ${detail}.`);
  }
  return { failure: connectionFailure(error), error };
}

function connectionFailure(error: Error): Failure {
  return { kind: 'connection', code: networkCode(error), message: boundMessage(error.message) };
}

function describeStatus(error: Error): AttemptFailure {
  const status = numberIn(error, 'status');
  const headers =
    'headers' in error && error.headers instanceof Headers ? error.headers : undefined;
  const body = 'error' in error ? error.error : undefined;
  const described = failureFromErrorBody(status, body);
  error.message = errorMessage(error, status, body, headers);
  return {
    failure: {
      ...described,
      kind: 'status',
      status: status ?? described.status,
      code: described.code ?? stringIn(error, 'code'),
      type: described.type ?? stringIn(error, 'type'),
      message: boundMessage(described.message || error.message),
    },
    error,
    headers,
  };
}

/** The SDKs put the whole body into the message where it is not JSON. */
function errorMessage(
  error: Error,
  status: number | undefined,
  body: unknown,
  headers: Headers | undefined,
): string {
  const contentType = headers?.get('content-type') ?? '';
  const text = error.message.replace(/^\d{3}\s*/, '');
  const hasBody = body === undefined && text !== 'status code (no body)';
  if (hasBody && status !== undefined && contentType !== '' && !/json/i.test(contentType)) {
    const excerpt = /[<{]/.test(text.slice(0, 64)) || text.length > 120 ? '' : ` ${text}`;
    return `${status} the upstream answered with ${contentType.split(';')[0]}${excerpt}`;
  }
  return boundMessage(error.message);
}

function numberIn(value: object, name: string): number | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'number' ? found : undefined;
}

function stringIn(value: object, name: string): string | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : undefined;
}

/** The network error in a chain of causes, which is the first that has a code. */
function networkErrorIn(error: unknown): { code: string; error: Error } | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    const code = stringIn(current, 'code');
    if (code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code)) return { code, error: current };
    const nested: unknown = current instanceof AggregateError ? current.errors[0] : undefined;
    current = current.cause ?? nested;
  }
  return undefined;
}

/** The code of the network error in a chain of causes. */
export function networkCode(error: unknown): string | undefined {
  return networkErrorIn(error)?.code;
}

/** Its code, and the host whose name was not found. */
function networkDetail(error: unknown): string | undefined {
  const found = networkErrorIn(error);
  const host = found && stringIn(found.error, 'hostname');
  return host === undefined ? found?.code : `${found?.code} ${host}`;
}

function isNetworkError(error: Error): boolean {
  return (
    networkCode(error) !== undefined ||
    (error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message))
  );
}
