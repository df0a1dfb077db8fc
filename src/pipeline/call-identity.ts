import { hash } from 'node:crypto';

/** What tells the calls of one target apart beside their bodies: who calls, where to, and how. */
export interface CallIdentity {
  /** The base URL. */
  readonly origin: string;
  readonly query: unknown;
  /** A digest of the caller's credentials, organisation and project; never what they are. */
  readonly credential: string;
  /** Headers that may change the answer: lower case, by name. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Who calls: these are digested, and are in no key as they are. */
const CREDENTIAL =
  /^(?:authorization|proxy-authorization|cookie|(?:x-)?(?:goog-)?api-key|openai-(?:organization|project)|anthropic-workspace-id|x-goog-user-project|x-auth-.*|.*-(?:token|secret|key))$/;

/**
 * Headers that say nothing of what is asked: of the connection, of tracing, of retries, and of the SDK.
 * All others may mean something to somebody, and count.
 */
const VOLATILE =
  /^(?:accept|accept-encoding|accept-language|b3|baggage|connection|content-length|content-type|host|idempotency-key|sentry-trace|traceparent|tracestate|user-agent|x-(?:amzn-trace-id|b3-.*|client-request-id|cloud-trace-context|correlation-id|datadog-.*|request-id|stainless-.*|zerohop-.*))$/;

/** Headers sorted into who calls and what is asked; a later value of a name replaces an earlier one, `null` removes it. */
export function sortHeaders(
  rows: Iterable<readonly [name: string, value: unknown]>,
  ignored: ReadonlySet<string> = new Set(),
): { readonly credentials: readonly string[]; readonly headers: CallIdentity['headers'] } {
  const last = new Map<string, string>();
  for (const [given, value] of rows) {
    const name = given.toLowerCase();
    if (value === null || value === undefined) last.delete(name);
    else last.set(name, String(value));
  }
  const credentials: string[] = [];
  const headers: [string, string][] = [];
  for (const [name, value] of [...last].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (VOLATILE.test(name) || ignored.has(name)) continue;
    if (CREDENTIAL.test(name)) credentials.push(name, value);
    else headers.push([name, value]);
  }
  return { credentials, headers };
}

/** A digest of secrets, from which they cannot be told. */
export function digest(secrets: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(secrets), 'hex');
}
