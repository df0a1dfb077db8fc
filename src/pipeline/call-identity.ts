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
export function sortHeaders(rows: Iterable<readonly [name: string, value: unknown]>): {
  readonly credentials: readonly string[];
  readonly headers: CallIdentity['headers'];
} {
  const last = new Map<string, string>();
  for (const [given, value] of rows) {
    const name = given.toLowerCase();
    if (value === null || value === undefined) last.delete(name);
    else last.set(name, String(value));
  }
  const credentials: string[] = [];
  const headers: [string, string][] = [];
  for (const [name, value] of [...last].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (VOLATILE.test(name)) continue;
    if (CREDENTIAL.test(name)) credentials.push(name, value);
    else headers.push([name, value]);
  }
  return { credentials, headers };
}

/** What a call adds to its headers, or takes out of them (`null`), laid over those it has. */
export function changeHeaders(
  { headers, credential }: CallIdentity,
  changes: Readonly<Record<string, string | null>>,
): Pick<CallIdentity, 'headers' | 'credential'> {
  const changed = new Map(headers);
  const credentials: (string | null)[] = [];
  for (const [given, value] of Object.entries(changes)) {
    const name = given.toLowerCase();
    if (VOLATILE.test(name)) continue;
    if (CREDENTIAL.test(name)) credentials.push(name, value);
    else if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  return {
    headers: [...changed].sort(([one], [other]) => (one < other ? -1 : 1)),
    credential: credentials.length === 0 ? credential : digest([credential, ...credentials]),
  };
}

/** A digest of secrets, from which they cannot be told. */
export function digest(secrets: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(secrets), 'hex');
}
