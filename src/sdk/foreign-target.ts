import type { DialectName } from '../dialects/dialect.js';
import type { CallIdentity } from '../pipeline/call-identity.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { EXCHANGE } from '../pipeline/exchange.js';
import type { KnownProvider } from '../pipeline/known-providers.js';
import type { ErrorFactory, ServerAddress, Target, Ticket } from '../pipeline/target.js';
import { uniqueId } from '../pipeline/unique-id.js';
import type { SdkRequestOptions } from './client-types.js';
import { type ForeignClient, pathOf } from './foreign-client.js';
import { mergeHeaders } from './merge-headers.js';
import { identityOf } from './sdk-identity.js';
import { hasTokenCache, isOneShot, SdkTarget } from './sdk-target.js';
import { translateError } from './translate-error.js';

/** What a call needs to know of a target that is not its own. */
export interface ForeignTargetInit {
  readonly name: string;
  /** The caller's own client, as a target: its errors are what the caller sees. */
  readonly caller: Target;
  /** The target's own, sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The caller's dialect, where the target speaks another: its errors are to be told in it. */
  readonly callerSpeaks?: DialectName | undefined;
  /** Retries after the first attempt. @defaultValue those of the caller */
  readonly maxRetries?: number | undefined;
}

/**
 * One call's way to another client than its own. Every attempt is that client's own `request()` with options
 * made anew: the operation, the body, and what times and counts it. Of the caller nothing else travels: no
 * header, no query, no key, no dispatcher. What the client's SDK throws is seen in the caller's classes.
 */
export class ForeignTarget implements Target {
  readonly name: string;
  readonly provider: KnownProvider;
  readonly address: ServerAddress;
  readonly owner: string;
  readonly errors: ErrorFactory;
  readonly maxRetries: number;
  readonly timeoutMs: number;
  readonly wantsRawBody: boolean;
  readonly #foreign: ForeignClient;
  readonly #init: ForeignTargetInit;
  /** Its own, not the caller's: with another body, or another account, that one would mean nothing. */
  #idempotencyKey: string | undefined;
  #hasSentOneShot = false;
  readonly #passesSignal: boolean;

  constructor(foreign: ForeignClient, init: ForeignTargetInit) {
    const { name, caller, maxRetries } = init;
    this.#foreign = foreign;
    this.#init = init;
    this.#passesSignal = !(caller instanceof SdkTarget) || caller.hasSignal;
    this.name = name;
    this.provider = foreign.place.provider;
    this.address = foreign.place.address;
    this.owner = foreign.place.owner;
    this.errors = caller.errors;
    this.maxRetries = maxRetries ?? caller.maxRetries;
    this.timeoutMs = timeoutOf(foreign, caller);
    this.wantsRawBody = caller.wantsRawBody;
  }

  get renewsCredentials(): boolean {
    return hasTokenCache(this.#foreign.client);
  }

  identity(): CallIdentity {
    const { headers } = this.#init;
    return identityOf(this.#foreign.client, { method: 'post', path: '', headers });
  }

  copy(): Target {
    return new ForeignTarget(this.#foreign, this.#init);
  }

  isReplayable(): boolean {
    return !this.#hasSentOneShot;
  }

  async send(request: GatewayRequest, ticket: Ticket): Promise<Response> {
    const { request: ask, errors } = this.#foreign;
    const { callerSpeaks } = this.#init;
    const options = this.#optionsFor(request, ticket);
    this.#hasSentOneShot ||= isOneShot(request.body);
    try {
      return await ask(options, 0).asResponse();
    } catch (error) {
      throw translateError(error, { from: errors, to: this.errors, callerSpeaks });
    } finally {
      // The SDK keeps its options for longer than the attempt.
      options.fetchOptions = undefined;
      // The SDK found out that the body is used up.
      if (options.__metadata?.hasStreamingBody === true) this.#hasSentOneShot = true;
    }
  }

  #optionsFor(request: GatewayRequest, ticket: Ticket): SdkRequestOptions {
    const { operation, body, stream, headers } = request;
    this.#idempotencyKey ??= `zerohop-${uniqueId()}`;
    const options: SdkRequestOptions = {
      method: 'post',
      path: pathOf(operation, this.#foreign.family),
      body: isOneShot(body) || !isObject(body) ? body : { ...body },
      stream,
      timeout: this.timeoutMs,
      // The SDK derives its retry-count header from this and the 0 below.
      maxRetries: ticket.retryCount,
      idempotencyKey: this.#idempotencyKey,
      fetchOptions: { [EXCHANGE]: ticket.exchange },
    };
    // The SDK puts what it is given together with its own, at a fifth of a call's price; the transport ends with the ticket's anyway.
    if (this.#passesSignal) options.signal = ticket.signal;
    if (headers || this.#init.headers) {
      options.headers = mergeHeaders([], { ...this.#init.headers, ...headers });
    }
    return options;
  }
}

function isObject(body: unknown): body is object {
  if (typeof body !== 'object' || body === null) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  return prototype === Object.prototype || prototype === null;
}

/**
 * How long an attempt may take: what the call itself says, but no longer than its client's owner says; where
 * neither says anything, as long as at the caller's own client.
 */
function timeoutOf({ timeoutMs: own }: ForeignClient, caller: Target): number {
  if (own === undefined) return Math.min(caller.timeoutMs, MAX_TIMER_MS);
  const asked = caller instanceof SdkTarget ? caller.requestTimeoutMs : undefined;
  return Math.min(own, asked ?? own, MAX_TIMER_MS);
}
