import { type CallIdentity, digest, sortHeaders } from '../pipeline/call-identity.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { EXCHANGE } from '../pipeline/exchange.js';
import { type KnownProvider, ownerOf, providerOf } from '../pipeline/known-providers.js';
import {
  addressOf,
  type ErrorFactory,
  type ServerAddress,
  type Target,
  type Ticket,
} from '../pipeline/target.js';

type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** A request at the second door. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: RequestInit['body'];
  readonly signal: AbortSignal | undefined;
  /** What else was given to `fetch` (`dispatcher`, `redirect`, …). */
  readonly rest: RequestInit;
  /** The body parsed, where it is JSON. */
  readonly json?: unknown;
}

/** An answer with an error status, at the second door: becomes the response again. */
export class StatusError extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The body parsed, or `undefined` where it is not JSON. */
  readonly error: unknown;

  constructor(status: number, headers: Headers, body: Uint8Array, message = 'from the upstream') {
    super(`${status} ${message}`);
    this.name = 'StatusError';
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.error = parse(body);
  }
}

const decoder = new TextDecoder();

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}

/** Retries and timeout of a caller whose own SDK's are not known: those of the OpenAI and Anthropic SDKs. */
const MAX_RETRIES = 2;
const TIMEOUT_MS = 600_000;

class FetchError extends TypeError {
  override name = 'TypeError';
}

class FetchTimeout extends DOMException {
  constructor(message: string) {
    super(message, 'TimeoutError');
  }
}

/** Errors as a `fetch` throws them. */
const fetchErrors: ErrorFactory = {
  status: ({ status, body, message, headers }) =>
    new StatusError(
      status ?? 502,
      headers ?? new Headers(),
      new TextEncoder().encode(JSON.stringify(body ?? { error: { message } })),
      message,
    ),
  connection: (message, cause) => new FetchError(message, { cause }),
  truncated: (message, cause) => new FetchError(message, { cause }),
  timeout: (message) => new FetchTimeout(message),
  abort: (cause) =>
    cause instanceof Error ? cause : new DOMException('This operation was aborted', 'AbortError'),
  kindOf(error) {
    if (error instanceof StatusError) return 'status';
    if (error instanceof FetchTimeout) return 'timeout';
    return error instanceof FetchError ? 'connection' : 'other';
  },
};

/** Where a call at the second door goes: to the URL that the calling SDK made. */
export class FetchTarget implements Target {
  readonly name: string;
  readonly provider: KnownProvider;
  readonly address: ServerAddress;
  readonly errors = fetchErrors;
  readonly maxRetries = MAX_RETRIES;
  readonly timeoutMs = TIMEOUT_MS;
  readonly renewsCredentials = false;
  readonly wantsRawBody: boolean;
  readonly #request: OutgoingRequest;
  readonly #transport: Fetch;

  constructor(request: OutgoingRequest, transport: Fetch, wantsRawBody: boolean) {
    this.name = request.url.host;
    this.provider = providerOf(request.url.host, '', request.url.pathname);
    this.address = addressOf(request.url);
    this.wantsRawBody = wantsRawBody;
    this.#request = request;
    this.#transport = transport;
  }

  get owner(): string {
    return ownerOf(this.provider, this.address);
  }

  identity(): CallIdentity {
    const { url } = this.#request;
    const { credentials, headers } = sortHeaders(this.#request.headers);
    return { origin: url.origin, query: undefined, credential: digest(credentials), headers };
  }

  copy(): Target {
    return this;
  }

  isReplayable(): boolean {
    const { body } = this.#request;
    return (
      !(body instanceof ReadableStream) &&
      !(typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
    );
  }

  async send(request: GatewayRequest, { signal, exchange }: Ticket): Promise<Response> {
    const { url, method, rest, json } = this.#request;
    const changed = json !== undefined && request.body !== json;
    const attempt = new AbortController();
    const onAbort = () => attempt.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const stop = exchange.clock.timer(this.timeoutMs, () =>
      attempt.abort(new FetchTimeout(`no answer within ${this.timeoutMs} ms`)),
    );
    try {
      const response = await this.#transport(url, {
        ...rest,
        method,
        headers: withHeaders(this.#request.headers, request.headers, changed),
        body: changed ? JSON.stringify(request.body) : (this.#request.body ?? null),
        signal: attempt.signal,
        [EXCHANGE]: exchange,
      } as RequestInit);
      // A redirect that the caller wants to see is no answer, either.
      if (response.status >= 300) {
        throw new StatusError(response.status, response.headers, await response.bytes());
      }
      return response;
    } finally {
      stop();
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function withHeaders(
  own: Headers,
  changes: GatewayRequest['headers'],
  bodyChanged: boolean,
): Headers {
  if (!changes && !bodyChanged) return own;
  const headers = new Headers(own);
  if (bodyChanged) headers.delete('content-length');
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return headers;
}
