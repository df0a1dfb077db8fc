import type { CallIdentity } from './call-identity.js';
import type { GatewayRequest } from './contract.js';
import type { Exchange } from './exchange.js';
import type { KnownProvider } from './known-providers.js';

/** An answer that is an error. */
export interface StatusAnswer {
  /** Absent where an error object in a stream names none. */
  readonly status: number | undefined;
  readonly body: unknown;
  /** Used where the body has no message. */
  readonly message?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly cause?: unknown;
}

/** Makes the errors a caller sees, out of the classes of the caller's own SDK. */
export interface ErrorFactory {
  /** An answer with an error status, or an error object where an answer should be. */
  status(answer: StatusAnswer): Error;
  /** The connection failed, or what came over it is not an answer. */
  connection(message: string, cause: unknown): Error;
  /** A stream that ended without its end. */
  truncated(message: string, cause: unknown): Error;
  timeout(message: string, cause: unknown): Error;
  /** The caller aborted. */
  abort(cause: unknown): Error;
  /** What kind of error of the SDK this is. */
  kindOf(error: unknown): 'abort' | 'timeout' | 'connection' | 'status' | 'other';
}

/** What an attempt is sent with. */
export interface Ticket {
  /** Counts from 0 for this target: goes into the SDK's retry-count header. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
  readonly exchange: Exchange;
}

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  /** 443 or 80 where the URL names none. */
  readonly port: number;
}

/** The address in a URL. */
export function addressOf(url: URL): ServerAddress {
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { host: url.hostname, port };
}

/** Where a call can be sent. */
export interface Target {
  readonly name: string;
  /** Whose API it is. */
  readonly provider: KnownProvider;
  /** Where it is, for telemetry: host and port. */
  readonly address: ServerAddress;
  /** Whose that is, in a word; see {@link ownerOf}. */
  readonly owner: string;
  readonly errors: ErrorFactory;
  /** Retries after the first attempt, as the caller's SDK means it. */
  readonly maxRetries: number;
  /** The SDK's `timeout`, of each attempt, in ms. */
  readonly timeoutMs: number;
  /** The caller takes the body as it is (`__binaryResponse`, the second door's passthrough). */
  readonly wantsRawBody: boolean;
  /** Whether a 401 may be due to credentials that the client has meanwhile renewed. */
  readonly renewsCredentials: boolean;
  /** Who calls, and how: what keeps callers apart who must not share an answer. */
  identity(): CallIdentity;
  /** The same for another call. */
  copy(): Target;
  /** Whether the request can be sent again; asked after an attempt. A one-shot body cannot. */
  isReplayable(): boolean;
  /** Sends one attempt. Resolves with a response below 400; throws an error of the SDK. */
  send(request: GatewayRequest, ticket: Ticket): Promise<Response>;
}
