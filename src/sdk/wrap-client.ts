import type { CallPort } from '../pipeline/call-port.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import { GatewayError } from '../pipeline/errors.js';
import { readCallOptions } from '../pipeline/per-call.js';
import { isRuntimeFetch } from '../transport/runtime-fetch.js';
import { checkRequestBody } from './check-body.js';
import { isSdkClient, type SdkClient, type SdkPromise, type SdkRequestOptions } from './client-types.js';
import { type SealedCall, seamOf } from './seam.js';
import { SdkTarget } from './sdk-target.js';

type FetchLike = (input: never, init?: never) => Promise<Response>;

/** What a wrapped client is made with. */
export interface WrapOptions {
  readonly port: CallPort;
  /** Makes the `fetch` the client sends with; given the user's own where there is one. */
  readonly transport: (userFetch: FetchLike | undefined) => FetchLike;
  /** What the client shows as `client.gateway`. */
  readonly gateway: object;
  readonly note: (message: string) => void;
}

/** Key under which a wrapped client keeps the client it was made from. */
const BASE: unique symbol = Symbol.for('zerohop.base') as never;
/** Marks our transports, so that they are told from a `fetch` of the user's. */
const TRANSPORT: unique symbol = Symbol.for('zerohop.transport') as never;

/**
 * Makes a client of the same class over a gateway: a clone, made by the client's own `withOptions()`, with
 * `request()`, `requestAPIList()` and `withOptions()` laid over the class's own. The client that was given
 * is not touched. A client that is wrapped already is wrapped anew, not twice.
 *
 * @throws {@link GatewayError} `zerohop_client` where the client cannot be cloned faithfully
 */
export function wrapClient<Client extends object>(given: Client, options: WrapOptions): Client {
  if (!isSdkClient(given)) {
    throw refusal('it has no request(), requestAPIList(), buildRequest() and withOptions(); pass a client of the OpenAI or Anthropic SDK');
  }
  const base = BASE in given && isSdkClient(given[BASE]) ? given[BASE] : given;
  const facade = cloneClient(base, options);
  coverClient(facade, base, options);
  // A clone has the class of what it was cloned from: cloneClient() made sure.
  return facade as unknown as Client;
}

function refusal(why: string): GatewayError {
  return new GatewayError(`cannot wrap this client: ${why}`, { code: 'zerohop_client' });
}

function cloneClient(base: SdkClient, { transport, note }: WrapOptions): SdkClient {
  const { name } = base.constructor;
  const userFetch = ownFetch(base);
  const fetch = Object.assign(transport(userFetch), { [TRANSPORT]: userFetch ?? null });
  let clone = tryClone(base, { fetch });
  if (!(clone instanceof Error)) {
    if (clone.fetch !== fetch && isX509(base)) clone = new Error('X.509');
    else {
      assertFaithful(base, clone, clone.fetch === fetch);
      return clone;
    }
  }
  if (isX509(base) || /X\.509/.test(clone.message)) {
    const onOwn = tryClone(base, {});
    if (!(onOwn instanceof Error)) {
      note(`${name}: an X.509 client keeps its own transport; the gateway's is not used`);
      return onOwn;
    }
  }
  throw refusal(
    `${name}.withOptions() failed (${clone.message}); a subclass whose constructor takes something else than the SDK's options must override withOptions()`,
  );
}

function tryClone(base: SdkClient, options: object): SdkClient | Error {
  try {
    // withOptions() takes the options of whatever class this is.
    return base.withOptions(options as never) as SdkClient;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isX509(client: SdkClient): boolean {
  const identity: unknown = client._options?.['workloadIdentity'];
  const credential: unknown = client._options?.['x509Transport'] ?? client._options?.['credential'];
  return (typeof identity === 'object' && identity !== null && 'certificate' in identity) || credential != null;
}

/** A subclass whose constructor takes something else makes clones that are not like it. */
function assertFaithful(base: SdkClient, clone: SdkClient, hasTransport: boolean): void {
  const { name } = base.constructor;
  const cure = `let ${name}'s constructor take the SDK's options object, or override withOptions()`;
  if (clone === base || clone.constructor !== base.constructor) {
    throw refusal(`${name}.withOptions() does not return another ${name}; ${cure}`);
  }
  if (!hasTransport || clone.baseURL !== base.baseURL || Reflect.get(clone, 'apiKey') !== Reflect.get(base, 'apiKey')) {
    throw refusal(`a clone of ${name} does not keep its options (baseURL, apiKey, fetch); ${cure}`);
  }
}

/** The `fetch` the user gave the client, if any: neither the global one nor a transport of ours. */
function ownFetch(client: SdkClient): FetchLike | undefined {
  const given: unknown = client._options?.['fetch'] ?? client.fetch;
  if (typeof given !== 'function' || given === globalThis.fetch || isRuntimeFetch(given)) return undefined;
  // Written by cloneClient() only.
  if (TRANSPORT in given) return (given[TRANSPORT] as FetchLike | null) ?? undefined;
  return given as FetchLike;
}

/** Lays the gateway over a clone. The methods stay those of its class, reached past our own. */
function coverClient(facade: SdkClient, base: SdkClient, options: WrapOptions): void {
  const { port } = options;
  const seam = seamOf(facade);
  const request = facade.request.bind(facade);
  const withOptions = facade.withOptions.bind(facade);
  if (!(facade.timeout <= MAX_TIMER_MS)) facade.timeout = MAX_TIMER_MS;
  facade.idempotencyHeader ??= 'Idempotency-Key';
  const open = async (given: unknown, remainingRetries: number | null): Promise<SealedCall> =>
    openCall(facade, request, port, { ...((await given) as SdkRequestOptions) }, remainingRetries);
  define(facade, {
    gateway: options.gateway,
    [BASE]: base,
    request(given: unknown, remainingRetries: number | null = null): SdkPromise {
      if (port.isBypassed) return base.request(given, remainingRetries);
      return seam.promise(facade, open(given, remainingRetries));
    },
    requestAPIList(page: unknown, given: unknown): SdkPromise {
      if (port.isBypassed) return base.requestAPIList(page, given);
      return seam.page(facade, page, open(given, null));
    },
    withOptions(changes: object): SdkClient {
      const changed = withOptions(changes as never) as SdkClient;
      return wrapClient(restoreFetch(changed, changes), options);
    },
  });
}

/** Undoes the transport in a clone of a wrapped client, so that it can be wrapped like any other. */
function restoreFetch(client: SdkClient, changes: object): SdkClient {
  if ('fetch' in changes && changes.fetch !== undefined) return client;
  const fetch = ownFetch(client);
  return client.withOptions({ fetch: fetch ?? globalThis.fetch } as never) as SdkClient;
}

function define(target: object, members: Record<PropertyKey, unknown>): void {
  for (const key of Reflect.ownKeys(members)) {
    Object.defineProperty(target, key, { value: members[key as string], configurable: true, writable: true });
  }
}

async function openCall(
  facade: SdkClient,
  request: SdkClient['request'],
  port: CallPort,
  options: SdkRequestOptions,
  remainingRetries: number | null,
): Promise<SealedCall> {
  const callOptions = readCallOptions(options);
  if (callOptions?.bypass) {
    // The bare SDK's own way, on the same transport.
    const response = await request(options, remainingRetries).asResponse();
    return { props: propsOf(response, options, new AbortController()), context: undefined };
  }
  const target = new SdkTarget(facade, options, { request, remainingRetries });
  checkRequestBody(options.body, target.errors);
  const { context, response } = port.open({
    method: options.method.toUpperCase(),
    path: options.path,
    body: options.body,
    stream: isStreamed(options),
    callerSignal: options.signal ?? undefined,
    options: callOptions,
    target,
  });
  return { props: propsOf(await response, target.options, context.controller), context };
}

function isStreamed({ stream, body }: SdkRequestOptions): boolean {
  if (stream === true) return true;
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
}

function propsOf(response: Response, options: SdkRequestOptions, controller: AbortController): SealedCall['props'] {
  return {
    response,
    options,
    controller,
    requestLogID: 'log_zerohop',
    retryOfRequestLogID: undefined,
    startTime: Date.now(),
  };
}
