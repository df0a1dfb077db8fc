import type { CallIdentity } from '../pipeline/call-identity.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { EXCHANGE } from '../pipeline/exchange.js';
import type { KnownProvider } from '../pipeline/known-providers.js';
import type { ErrorFactory, ServerAddress, Target, Ticket } from '../pipeline/target.js';
import type { SdkClient, SdkPromise, SdkRequestOptions } from './client-types.js';
import { mergeHeaders } from './merge-headers.js';
import type { Place } from './place.js';
import { identityOf } from './sdk-identity.js';

/** Calls the client's own `request()`, past our override. */
export type OwnRequest = (options: SdkRequestOptions, remainingRetries: number) => SdkPromise;

/** What is the same for all calls of a client, and how often this one may be repeated. */
export interface SdkTargetInit {
  readonly place: Place;
  readonly errors: ErrorFactory;
  readonly request: OwnRequest;
  readonly remainingRetries: number | null;
}

/**
 * One call's way to its own client. Every attempt is the client's original `request()` with no retries
 * of its own, so the SDK prepares, signs, adapts and times it as it always does.
 */
export class SdkTarget implements Target {
  readonly name: string;
  readonly provider: KnownProvider;
  readonly address: ServerAddress;
  readonly owner: string;
  readonly errors: ErrorFactory;
  readonly maxRetries: number;
  readonly timeoutMs: number;
  readonly wantsRawBody: boolean;
  /** The `timeout` of this one request, in ms, where its caller set one. */
  readonly requestTimeoutMs: number | undefined;
  readonly #client: SdkClient;
  readonly #options: SdkRequestOptions;
  readonly #request: OwnRequest;
  readonly #fetchOptions: Record<PropertyKey, unknown> | undefined;
  readonly #headers: unknown;
  readonly #init: SdkTargetInit;
  #body: unknown;

  constructor(client: SdkClient, options: SdkRequestOptions, init: SdkTargetInit) {
    const { place, errors, request, remainingRetries } = init;
    this.#init = init;
    this.name = place.name;
    this.provider = place.provider;
    this.address = place.address;
    this.owner = place.owner;
    this.errors = errors;
    const maxRetries = retriesOr(client.maxRetries, 2)(options.maxRetries);
    this.maxRetries =
      remainingRetries === null ? maxRetries : Math.min(remainingRetries, maxRetries);
    this.requestTimeoutMs = options.timeout;
    this.timeoutMs = Math.min(options.timeout ?? client.timeout, MAX_TIMER_MS);
    this.wantsRawBody = options.__binaryResponse === true;
    this.#client = client;
    this.#options = options;
    this.#request = request;
    this.#fetchOptions = options.fetchOptions;
    this.#headers = options.headers;
    this.#body = options.body;
    if (options.timeout !== undefined && options.timeout > MAX_TIMER_MS)
      options.timeout = MAX_TIMER_MS;
  }

  /** The caller's client. */
  get client(): SdkClient {
    return this.#client;
  }

  /** Whether the caller gave this one request a signal. */
  get hasSignal(): boolean {
    return Boolean(this.#options.signal);
  }

  get renewsCredentials(): boolean {
    return hasTokenCache(this.#client);
  }

  identity(): CallIdentity {
    return identityOf(this.#client, this.#options);
  }

  copy(): Target {
    const options = { ...this.#options, headers: this.#headers, signal: undefined };
    return new SdkTarget(this.#client, options, this.#init);
  }

  isReplayable(): boolean {
    const { body, __metadata } = this.#options;
    return __metadata?.hasStreamingBody !== true && !isOneShot(body);
  }

  send(request: GatewayRequest, { retryCount, signal, exchange }: Ticket): Promise<Response> {
    const options = this.#options;
    if (request.body !== this.#body) {
      this.#body = request.body;
      options.body = request.body;
    }
    if (request.headers) options.headers = mergeHeaders(this.#headers, request.headers);
    // Not the caller's: the SDKs leave listeners on what they are given, and that one may live for long.
    if (options.signal) options.signal = signal;
    // The SDK derives its retry-count header from this and the 0 below.
    options.maxRetries = retryCount;
    options.fetchOptions = { ...this.#fetchOptions, [EXCHANGE]: exchange };
    return this.#request(options, 0).asResponse();
  }
}

/** Anthropic drops a token that was refused, and asks for another; openai does so within one attempt. */
export function hasTokenCache(client: SdkClient): boolean {
  const state: unknown = Reflect.get(client, '_authState');
  return typeof state === 'object' && state !== null && Boolean(Reflect.get(state, 'tokenCache'));
}

function retriesOr(client: number, fallback: number): (own: number | undefined) => number {
  const valid = (value: number | undefined) =>
    value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return (own) => valid(own) ?? valid(client) ?? fallback;
}

/** A body that is used up by sending it once. */
export function isOneShot(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  if (body instanceof ReadableStream || Symbol.asyncIterator in body) return true;
  return Symbol.iterator in body && 'next' in body && typeof body.next === 'function';
}
