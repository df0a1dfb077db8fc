/**
 * Everything in which a wrapped client may differ from the bare one, each with its reason. What is not
 * listed here is compared.
 */

/** Response headers that only one of the two has. */
export function isOwnResponseHeader(name: string): boolean {
  // The gateway says here what happened to the call; `date` is the time of the answer.
  return name.startsWith('x-zerohop-') || name === 'date';
}

/** Headers on the wire that belong to the transport or to retry safety, not to the call. */
export const transportHeaders: ReadonlyMap<string, string> = new Map([
  ['connection', 'set by the transport'],
  ['host', 'set by the transport'],
  ['content-length', 'set by the transport, where the size is known to it'],
  ['transfer-encoding', 'set by the transport, where the size is not known'],
  ['accept-encoding', 'what the transport can decompress'],
  ['accept-language', 'added by fetch, not by the SDK'],
  ['sec-fetch-mode', 'added by fetch, not by the SDK'],
  ['idempotency-key', 'added by the gateway so that a retry is safe; random'],
  ['traceparent', 'added by whoever instruments the transport'],
]);

/** Members that the gateway adds to an error, where they cannot be taken for the provider's. */
export const ownErrorMembers: ReadonlyMap<string, string> = new Map([
  ['attempts', 'read by attemptsOf()'],
  ['retryAfterMs', 'how long the provider asked to wait'],
  ['stack', 'depends on the way of the call'],
  ['cause', 'the transport’s own error; undici’s and fetch’s differ. Compared by presence'],
]);

/** Members of an SDK page that carry the request, which the gateway completes. */
export const ownRequestOptions: ReadonlyMap<string, string> = new Map([
  ['fetchOptions', 'carries what the gateway and its transport tell each other'],
  ['signal', 'the call’s own signal, which follows the caller’s'],
  ['maxRetries', 'the number of the attempt: the gateway retries'],
  ['idempotencyKey', 'added for retry safety'],
]);

/**
 * An error that came inside a stream, without its status: the SDKs throw their base class, the gateway the
 * class of the status that the error names (`overloaded_error` is 529), so that it is caught like any other.
 */
export function streamError(outcome: unknown): unknown {
  const error: unknown = Reflect.get(Object(outcome), 'error');
  if (typeof error !== 'object' || error === null) return outcome;
  const {
    '<class>': _,
    isExactly: __,
    instanceOf,
    ...rest
  } = Object.fromEntries(Object.entries(error));
  const { status: ___, message, text: ____, name: _____, ...kept } = rest;
  const isApiError = Array.isArray(instanceOf) && instanceOf.includes('APIError');
  return { ...kept, message: String(message).replace(/^[45]\d\d /, ''), isApiError };
}
