import { recogniseOperation } from '../dialects/recognise.js';
import type { CacheDirectives } from '../pipeline/cache-types.js';
import type { CallPort } from '../pipeline/call-port.js';
import type { CallOptions } from '../pipeline/contract.js';
import { GatewayError, isGatewayError } from '../pipeline/errors.js';
import type { StreamEvent } from '../pipeline/event-source.js';
import { GatewayResponse } from '../pipeline/gateway-response.js';
import type { Operation } from '../pipeline/settlement.js';
import { belongsTo } from '../pipeline/settlement-of.js';
import { FetchTarget, type OutgoingRequest, StatusError } from '../routing/fetch-target.js';
import type { Fetch } from '../transport/transport.js';
import { readCacheDirectives } from './cache-directives.js';
import { checkCallOptions } from './gateway-options.js';

/** What the second door is made with. */
export interface GatewayFetchOptions {
  readonly transport: Fetch;
  readonly origins: readonly string[] | undefined;
}

const PREFIX = 'x-zerohop-';
const MAX_HEADER_CHARS = 8 * 1024;

/** Makes `gateway.fetch`: the pipeline behind the shape of `fetch`. */
export function createGatewayFetch(port: CallPort, options: GatewayFetchOptions): Fetch {
  return async function gatewayFetch(input, init) {
    const outgoing = await readRequest(input, init);
    if (port.isBypassed) return sendBare(outgoing);
    try {
      assertAllowed(outgoing.url, options.origins);
      return await send(port, outgoing, options.transport);
    } catch (error) {
      if (error instanceof StatusError) return errorResponse(error, outgoing.url);
      if (isGatewayError(error)) return refusalResponse(error, outgoing.url);
      throw error;
    }
  };
}

/** What the calling SDK would have done without us; our own headers stay here even then. */
function sendBare({
  url,
  method,
  headers,
  body,
  signal,
  rest,
}: OutgoingRequest): Promise<Response> {
  const kept = new Headers(headers);
  for (const [name] of headers) if (name.startsWith(PREFIX)) kept.delete(name);
  return globalThis.fetch(url, {
    ...rest,
    method,
    headers: kept,
    body: body ?? null,
    signal: signal ?? null,
  });
}

async function send(
  port: CallPort,
  outgoing: OutgoingRequest,
  transport: Fetch,
): Promise<Response> {
  const { headers, callOptions, cacheDirectives } = splitHeaders(outgoing.headers);
  const { url, method } = outgoing;
  const json = parseJson(outgoing.body, headers);
  const path = url.pathname + url.search;
  const { operation } = recogniseOperation(method, path, json);
  const target = new FetchTarget(
    { ...outgoing, headers, json },
    transport,
    operation === 'passthrough',
  );
  const { context, response } = port.open({
    method,
    path,
    body: json ?? outgoing.body,
    stream: typeof json === 'object' && json !== null && 'stream' in json && json.stream === true,
    callerSignal: outgoing.signal,
    options: callOptions,
    target,
    cacheDirectives,
  });
  return belongsTo(withErrorEvents(await response, operation), context);
}

/** The calling SDK knows how to read an error event in a stream; a body that breaks off would tell it nothing. */
function withErrorEvents(response: Response, operation: Operation): Response {
  const payload = response instanceof GatewayResponse ? response.peekPayload() : undefined;
  if (!(response instanceof GatewayResponse) || payload?.kind !== 'events') return response;
  const { events } = payload;
  let ended = false;
  return response.withPayload({
    kind: 'events',
    events: {
      async pull() {
        if (ended) return null;
        try {
          return await events.pull();
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
          ended = true;
          return [errorEvent(error, operation)];
        }
      },
      cancel: (reason) => events.cancel(reason),
    },
  });
}

/** An error as the event that a provider puts into a stream. */
function errorEvent({ error, message }: StatusError, operation: Operation): StreamEvent {
  const body = typeof error === 'object' && error !== null ? error : { error: { message } };
  const named = operation === 'responses' || operation === 'messages';
  const json =
    operation === 'responses'
      ? { type: 'error', sequence_number: 0, ...body }
      : named
        ? { type: 'error', ...body }
        : body;
  return { event: named ? 'error' : null, data: JSON.stringify(json), json };
}

async function readRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<OutgoingRequest> {
  if (!(input instanceof Request)) {
    const { method = 'GET', headers, body = null, signal, ...rest } = init ?? {};
    return {
      url: new URL(input),
      method: method.toUpperCase(),
      headers: new Headers(headers),
      body,
      signal: signal ?? undefined,
      rest,
    };
  }
  const request = new Request(input, init);
  const { url, method, headers, redirect, signal } = request;
  return {
    url: new URL(url),
    method,
    headers,
    body: request.body === null ? null : await readBody(request),
    signal,
    rest: { ...(init?.dispatcher && { dispatcher: init.dispatcher }), redirect },
  };
}

/** A request's body, which a retry has to be able to send again: as text only where it is JSON. */
async function readBody(request: Request): Promise<string | Uint8Array<ArrayBuffer>> {
  if (isJsonType(request.headers)) return request.text();
  return new Uint8Array(await request.arrayBuffer());
}

function isJsonType(headers: Headers): boolean {
  return /json/i.test(headers.get('content-type') ?? '');
}

interface SplitHeaders {
  readonly headers: Headers;
  readonly callOptions: CallOptions | undefined;
  readonly cacheDirectives: CacheDirectives | undefined;
}

/** Takes our own headers out of those that go to the wire. They carry metadata and restrictions, and nothing that decides where a call goes or whose it is. */
function splitHeaders(given: Headers): SplitHeaders {
  const headers = new Headers(given);
  let callOptions: CallOptions | undefined;
  let cacheDirectives: CacheDirectives | undefined;
  for (const [name, value] of given) {
    if (!name.startsWith(PREFIX)) continue;
    headers.delete(name);
    if (name === `${PREFIX}metadata`) callOptions = { metadata: parseMetadata(value) };
    if (name === `${PREFIX}cache-control`) cacheDirectives = readCacheDirectives(value);
  }
  if (callOptions) checkCallOptions(callOptions, PREFIX);
  return { headers, callOptions, cacheDirectives };
}

function parseMetadata(value: string): Record<string, unknown> {
  const bad = () =>
    new GatewayError(
      `${PREFIX}metadata: must be a JSON object of at most ${MAX_HEADER_CHARS} characters`,
      { code: 'zerohop_request' },
    );
  if (value.length > MAX_HEADER_CHARS) throw bad();
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return { ...parsed };
  } catch {
    // Said below.
  }
  throw bad();
}

function parseJson(body: unknown, headers: Headers): unknown {
  if (typeof body !== 'string' || !isJsonType(headers)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function assertAllowed(url: URL, origins: readonly string[] | undefined): void {
  const allowed = origins
    ? origins.some((origin) => new URL(origin).origin === url.origin)
    : url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  if (!allowed) {
    throw new GatewayError(
      `gateway.fetch may not send to ${url.origin}; allow it in gateway.origins`,
      {
        code: 'zerohop_origin',
      },
    );
  }
}

function isLoopback(host: string): boolean {
  // URLs spell every IPv4 address in four numbers; `127.example.com` is somebody's name.
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

/** The final error, as the provider said it, with a word to the calling SDK not to try again by itself. */
function errorResponse({ status, headers, body }: StatusError, url: URL): Response {
  const labelled = new Headers(headers);
  labelled.set('x-should-retry', 'false');
  labelled.delete('content-length');
  return wholeResponse(status, labelled, body, url);
}

function refusalResponse(error: GatewayError, url: URL): Response {
  const status =
    error.code === 'zerohop_origin' ? 403 : error.code === 'zerohop_request' ? 400 : 500;
  const body = { error: { message: error.message, type: 'gateway_error', code: error.code } };
  const headers = new Headers({ 'content-type': 'application/json', 'x-should-retry': 'false' });
  return wholeResponse(status, headers, new TextEncoder().encode(JSON.stringify(body)), url);
}

function wholeResponse(status: number, headers: Headers, bytes: Uint8Array, url: URL): Response {
  return new GatewayResponse({
    status,
    headers,
    url: url.href,
    payload: { kind: 'bytes', bytes: bytes.byteLength === 0 ? null : bytes },
  });
}
