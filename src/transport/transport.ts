import { type ByteSource, joinChunks, sourceFromStream } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';
import { EXCHANGE, type Exchange } from '../pipeline/exchange.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import { GatewayResponse } from '../pipeline/gateway-response.js';
import { codingsOf, decodeAll, decodeSource } from './decompress.js';
import {
  AnyDispatchExchange,
  abortReason,
  DispatchExchange,
  type DispatchedResponse,
} from './dispatch-exchange.js';
import { endWith } from './end-with.js';
import {
  type Dispatcher,
  isCollected,
  MAX_ERROR_BODY_BYTES,
  type TransportInit,
} from './exchange.js';
import { followRedirects, type Hop, isRedirect } from './redirects.js';
import { isRuntimeFetch } from './runtime-fetch.js';

/** The shape of `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** How bytes leave. */
export interface TransportOptions {
  /** A `fetch` of the user's, which is then the only way out. */
  readonly fetch?: Fetch | undefined;
  /** `'fetch'` always takes the global `fetch`. @defaultValue 'auto' */
  readonly mode?: 'auto' | 'fetch' | undefined;
}

/** Where every copy of undici, Node's own included, keeps the global dispatcher. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/**
 * Makes the `fetch` that a wrapped client is given. It sends on the global dispatcher (so proxies and
 * mock agents that are set there work), without the fetch standard's machinery, wherever nothing would
 * be lost: no `fetch` of the user's, no patched global, a body that is text or bytes.
 */
export function createTransport({ fetch: userFetch, mode = 'auto' }: TransportOptions = {}): Fetch {
  return async function zerohopFetch(input, init: TransportInit = {}) {
    const exchange = init[EXCHANGE];
    const direct =
      userFetch === undefined && mode === 'auto' ? directRequest(input, init) : undefined;
    const send = direct
      ? (hop: Hop) => sendDirect(hop, direct.dispatcher, exchange)
      : (hop: Hop) => sendByFetch(userFetch ?? globalThis.fetch, hop, exchange);
    const url = direct?.url ?? (input instanceof Request ? input.url : input);
    const hop: Hop = { url, init, redirected: false };
    const response = await send(hop);
    return isRedirect(response.status) ? followRedirects(response, hop, send) : response;
  };
}

interface DirectRequest {
  readonly url: URL;
  readonly dispatcher: Dispatcher;
}

/** What it takes to go to the dispatcher directly, or `undefined` where `fetch` must do it. */
function directRequest(
  input: string | URL | Request,
  init: TransportInit,
): DirectRequest | undefined {
  const { body } = init;
  if (body != null && typeof body !== 'string' && !(body instanceof Uint8Array)) return undefined;
  if (input instanceof Request || init.integrity || !isNativeFetch()) return undefined;
  const url = typeof input === 'string' ? new URL(input) : input;
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) {
    return undefined;
  }
  const dispatcher: Dispatcher | undefined = init.dispatcher ?? globalDispatcher();
  return dispatcher === undefined ? undefined : { url, dispatcher };
}

let judgedFetch: unknown;
let judgement = false;

/** Whether the global `fetch` is the runtime's own; a patched one (msw, nock) has to be asked. */
function isNativeFetch(): boolean {
  if (judgedFetch !== globalThis.fetch) {
    judgedFetch = globalThis.fetch;
    judgement = isRuntimeFetch(globalThis.fetch);
  }
  return judgement;
}

function globalDispatcher(): Dispatcher | undefined {
  // Touching `Response` (done at import, by GatewayResponse) makes Node set up its dispatcher.
  const value: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  return isDispatcher(value) ? value : undefined;
}

function isDispatcher(value: unknown): value is Dispatcher {
  return (
    typeof value === 'object' &&
    value !== null &&
    'dispatch' in value &&
    typeof value.dispatch === 'function'
  );
}

async function sendDirect(
  hop: Hop,
  dispatcher: Dispatcher,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
  const { init } = hop;
  const url = hop.url instanceof URL ? hop.url : new URL(hop.url);
  const signal = init.signal ?? undefined;
  signal?.throwIfAborted();
  exchange?.signal.throwIfAborted();
  const own = init.dispatcher === undefined;
  const request = own
    ? new DispatchExchange(exchange, signal)
    : new AnyDispatchExchange(exchange, signal);
  try {
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: init.method ?? 'GET',
        headers: requestHeaders(init, url),
        // The guard in directRequest() left text and bytes only.
        body: (init.body ?? null) as string | Uint8Array | null,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      request,
    );
    return await adoptDispatched(await request.response, hop, exchange);
  } catch (error) {
    throw asFetchError(error, abortReason(signal, exchange?.signal));
  }
}

function requestHeaders({ headers: given, body }: TransportInit, url: URL): string[] {
  const headers = given instanceof Headers ? given : new Headers(given);
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  if (!headers.has('accept-encoding')) {
    list.push('accept-encoding', url.protocol === 'https:' ? 'br, gzip, deflate' : 'gzip, deflate');
  }
  if (!headers.has('user-agent')) list.push('user-agent', 'node');
  if (typeof body === 'string' && !headers.has('content-type')) {
    list.push('content-type', 'text/plain;charset=UTF-8');
  }
  return list;
}

/** The errors `fetch` throws, which is what the SDKs know. */
function asFetchError(error: unknown, reason: unknown): unknown {
  if (reason !== undefined) return reason;
  if (error instanceof DOMException && error.name === 'AbortError') return error;
  return new TypeError('fetch failed', { cause: error });
}

async function adoptDispatched(
  { status, statusText, headers: list, body }: DispatchedResponse,
  { url, init: request, redirected }: Hop,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
  const headers = new GatewayHeaders(list);
  const init = { status, statusText, headers, redirected, url: withoutFragment(url) };
  if (isBodyless(status, request.method)) {
    // There is nothing to come, but the connection is free only once that has been read.
    if (!(body instanceof Uint8Array)) await body.pull();
    return new GatewayResponse({ ...init, payload: { kind: 'bytes', bytes: null } });
  }
  const codings = codingsOf(headers.get('content-encoding'));
  if (codings) {
    // What is handed over is decoded, and must not claim otherwise.
    headers.delete('content-encoding');
    headers.delete('content-length');
  }
  if (body instanceof Uint8Array) {
    const limit = exchange?.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    const bytes = codings && body.byteLength > 0 ? await decodeAll(codings, body, limit) : body;
    countBytes(exchange, bytes.byteLength);
    return new GatewayResponse({ ...init, payload: { kind: 'bytes', bytes } });
  }
  if (codings === undefined)
    return new GatewayResponse({ ...init, payload: { kind: 'source', source: body } });
  body.isDecoded = true;
  const counted = countingSource(decodeSource(codings, body), request.signal, exchange);
  return new GatewayResponse({ ...init, payload: { kind: 'source', source: counted } });
}

/** The URL as a response shows it. */
function withoutFragment(url: string | URL): string {
  const text = String(url);
  const fragment = text.indexOf('#');
  return fragment < 0 ? text : text.slice(0, fragment);
}

/** Whether a response has no body by the standard, whatever its headers say. */
function isBodyless(status: number, method: string | undefined): boolean {
  return status === 204 || status === 205 || status === 304 || method === 'HEAD';
}

function countBytes(exchange: Exchange | undefined, bytes: number): void {
  if (exchange === undefined) return;
  exchange.firstByteAt ??= exchange.clock.now();
  exchange.bytesReceived += bytes;
}

/** Counts what passes, and gives a broken body the error `fetch` gives it. */
function countingSource(
  source: ByteSource,
  signal: AbortSignal | null | undefined,
  exchange: Exchange | undefined,
): ByteSource {
  return {
    async pull() {
      try {
        const chunk = await source.pull();
        if (chunk !== null) countBytes(exchange, chunk.byteLength);
        return chunk;
      } catch (error) {
        const reason = abortReason(signal ?? undefined, exchange?.signal);
        if (reason !== undefined) throw reason;
        if (error instanceof DOMException || error instanceof TypeError) throw error;
        throw new TypeError('terminated', { cause: error });
      }
    },
    cancel: (reason) => source.cancel(reason),
  };
}

async function sendByFetch(
  fetch: Fetch,
  { url, init, redirected }: Hop,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
  exchange?.signal.throwIfAborted();
  const ended = exchange && endWith(init.signal ?? undefined, exchange.signal);
  // Redirects are followed here, whatever the caller said: `fetch` would follow them anywhere.
  const options = { ...init, ...(ended && { signal: ended.signal }), redirect: 'manual' } as const;
  let response: Response;
  try {
    response = await fetch.call(undefined, String(url), options);
  } finally {
    ended?.release();
  }
  const { status, statusText } = response;
  if (exchange) {
    exchange.headersAt = exchange.clock.now();
    exchange.status = status;
  }
  if (response instanceof GatewayResponse) return response;
  const headers = new GatewayHeaders(response.headers);
  const base = {
    status,
    statusText,
    headers,
    redirected: redirected || response.redirected,
    url: response.url || withoutFragment(url),
  };
  if (response.body === null)
    return new GatewayResponse({ ...base, payload: { kind: 'bytes', bytes: null } });
  const source = countingSource(sourceFromStream(response.body), init.signal, exchange);
  if (!isCollected(exchange, status, headers.get('content-type')?.trim().toLowerCase() ?? null)) {
    return new GatewayResponse({ ...base, payload: { kind: 'source', source } });
  }
  const bytes = await collectBounded(source, status, exchange);
  return new GatewayResponse({ ...base, payload: { kind: 'bytes', bytes } });
}

/** Collects a body; of an error's body as much as tells what went wrong. */
async function collectBounded(
  source: ByteSource,
  status: number,
  exchange: Exchange | undefined,
): Promise<Uint8Array> {
  const limit =
    status >= 400 ? MAX_ERROR_BODY_BYTES : (exchange?.maxBodyBytes ?? Number.POSITIVE_INFINITY);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
    chunks.push(chunk);
    total += chunk.byteLength;
    if (total <= limit) continue;
    source.cancel();
    if (status >= 400) break;
    throw new GatewayError(`response body passed ${limit} bytes (limits.maxBodyBytes)`, {
      code: 'zerohop_limit',
    });
  }
  return joinChunks(chunks);
}
