import { joinChunks, sourceFromStream, type ByteSource } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import { GatewayResponse, payloadSource } from '../pipeline/gateway-response.js';
import { codingsOf, decodeAll, decodeSource } from './decompress.js';
import { abortReason, AnyDispatchExchange, DispatchExchange, type DispatchedResponse } from './dispatch-exchange.js';
import { EXCHANGE, type Exchange } from '../pipeline/exchange.js';
import { isRuntimeFetch } from './runtime-fetch.js';
import {
  type Dispatcher,
  isCollected,
  MAX_ERROR_BODY_BYTES,
  type TransportInit,
} from './exchange.js';

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
const MAX_REDIRECTS = 20;

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
    return followRedirects({ url, init, redirected: false }, send);
  };
}

/** One request on the way to an answer: the first, or one that a redirect led to. */
interface Hop {
  readonly url: string | URL;
  readonly init: TransportInit;
  readonly redirected: boolean;
}

interface DirectRequest {
  readonly url: URL;
  readonly dispatcher: Dispatcher;
}

/** What it takes to go to the dispatcher directly, or `undefined` where `fetch` must do it. */
function directRequest(input: string | URL | Request, init: TransportInit): DirectRequest | undefined {
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
    typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function'
  );
}

async function sendDirect(
  url: URL,
  init: TransportInit,
  dispatcher: Dispatcher,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
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
        headers: requestHeaders(init.headers, url),
        // The guard in directRequest() left text and bytes only.
        body: (init.body ?? null) as string | Uint8Array | null,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      request,
    );
    return await adoptDispatched(await request.response, url, exchange);
  } catch (error) {
    throw asFetchError(error, abortReason(signal, exchange?.signal));
  }
}

function requestHeaders(init: RequestInit['headers'], url: URL): string[] {
  const headers = init instanceof Headers ? init : new Headers(init);
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  if (!headers.has('accept-encoding')) {
    list.push('accept-encoding', url.protocol === 'https:' ? 'br, gzip, deflate' : 'gzip, deflate');
  }
  if (!headers.has('user-agent')) list.push('user-agent', 'node');
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
  url: URL,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
  const headers = new GatewayHeaders(list);
  const coding = codingOf(headers.get('content-encoding'));
  if (coding) {
    // What is handed over is decoded, and must not claim otherwise.
    headers.delete('content-encoding');
    headers.delete('content-length');
  }
  const init = { status, statusText, headers, url: url.href };
  if (body instanceof Uint8Array) {
    const limit = exchange?.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    const bytes = coding && body.byteLength > 0 ? await decodeAll(coding, body, limit) : body;
    countBytes(exchange, bytes.byteLength);
    return new GatewayResponse({ ...init, payload: { kind: 'bytes', bytes: status === 204 ? null : bytes } });
  }
  const counted = countingSource(coding ? decodeSource(coding, body) : body, exchange);
  return new GatewayResponse({ ...init, payload: { kind: 'source', source: counted } });
}

function countBytes(exchange: Exchange | undefined, bytes: number): void {
  if (exchange === undefined) return;
  exchange.firstByteAt ??= exchange.clock.now();
  exchange.bytesReceived += bytes;
}

/** Counts what passes, and gives a broken body the error `fetch` gives it. */
function countingSource(source: ByteSource, exchange: Exchange | undefined): ByteSource {
  return {
    async pull() {
      try {
        const chunk = await source.pull();
        if (chunk !== null) countBytes(exchange, chunk.byteLength);
        return chunk;
      } catch (error) {
        if (error instanceof DOMException || error instanceof TypeError) throw error;
        throw new TypeError('terminated', { cause: error });
      }
    },
    cancel: (reason) => source.cancel(reason),
  };
}

async function sendByFetch(
  fetch: Fetch,
  url: string | URL,
  init: TransportInit,
  exchange: Exchange | undefined,
): Promise<GatewayResponse> {
  exchange?.signal.throwIfAborted();
  const response = await fetch.call(undefined, String(url), { redirect: 'manual', ...init });
  const { status, statusText, headers, redirected } = response;
  if (exchange) {
    exchange.headersAt = exchange.clock.now();
    exchange.status = status;
  }
  const base = { status, statusText, headers, redirected, url: response.url || String(url) };
  if (response instanceof GatewayResponse) return response;
  if (response.body === null) return new GatewayResponse({ ...base, payload: { kind: 'bytes', bytes: null } });
  const source = countingSource(sourceFromStream(response.body), exchange);
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
  const limit = status >= 400 ? MAX_ERROR_BODY_BYTES : (exchange?.maxBodyBytes ?? Number.POSITIVE_INFINITY);
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

type Send = (url: string | URL, init: TransportInit) => Promise<GatewayResponse>;

/** Follows redirects as `fetch` does, but never to another origin: what was sent is meant for one. */
async function followRedirects(start: string | URL, init: TransportInit, send: Send): Promise<Response> {
  let url = start;
  let current = init;
  for (let hops = 0; ; hops += 1) {
    const response = await send(url, current);
    const location = redirectLocation(response);
    if (location === null || init.redirect === 'manual') return response;
    const payload = response.peekPayload();
    if (payload) payloadSource(payload).cancel();
    const { origin } = new URL(url);
    const target = new URL(location, url);
    if (init.redirect === 'error' || hops >= MAX_REDIRECTS || target.origin !== origin) {
      throw new GatewayError(
        target.origin === origin
          ? `refused a redirect (${response.status}) within ${origin}`
          : `refused a redirect (${response.status}) from ${origin} to another origin`,
        { code: 'zerohop_redirect' },
      );
    }
    current = redirectedInit(response.status, current);
    url = target;
  }
}

function redirectLocation(response: Response): string | null {
  const { status } = response;
  if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
    return null;
  }
  return response.headers.get('location');
}

/** The method and body after a redirect, by the fetch standard (HTTP-redirect fetch, step 12). */
function redirectedInit(status: number, init: TransportInit): TransportInit {
  const method = init.method ?? 'GET';
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (!becomesGet) return init;
  const headers = new Headers(init.headers);
  for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language']) {
    headers.delete(name);
  }
  return { ...init, method: 'GET', body: null, headers };
}
