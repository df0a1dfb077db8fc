import { GatewayError } from '../pipeline/errors.js';
import { isRuntimeFetch } from '../transport/runtime-fetch.js';
import { isSdkClient, type SdkClient } from './client-types.js';

/** The shape of `fetch`, as far as it is passed on. */
export type FetchLike = (input: never, init?: never) => Promise<Response>;

/** What a clone is made with. */
export interface CloneOptions {
  /** Makes the `fetch` the client sends with; given the user's own where there is one. */
  readonly transport: (userFetch: FetchLike | undefined) => FetchLike;
  readonly note: (message: string) => void;
  /** Switches off the spans that the client makes itself: the gateway makes them. */
  readonly mutesSpans?: boolean | undefined;
}

/** Marks our transports, so that they are told from a `fetch` of the user's. */
const TRANSPORT: unique symbol = Symbol.for('zerohop.transport') as never;

/** Key under which a wrapped client keeps the client it was made from. */
export const BASE: unique symbol = Symbol.for('zerohop.base') as never;

/** The client that a wrapped one was made from; any other is its own. */
export function baseOf(client: SdkClient): SdkClient {
  return BASE in client && isSdkClient(client[BASE]) ? client[BASE] : client;
}

/** Why a client is not wrapped. */
export function refusal(why: string): GatewayError {
  return new GatewayError(`cannot wrap this client: ${why}`, { code: 'zerohop_client' });
}

/** A clone of a client by its own `withOptions()`, sending through the transport. */
export function cloneClient(
  base: SdkClient,
  { transport, note, mutesSpans }: CloneOptions,
): SdkClient {
  const { name } = base.constructor;
  const userFetch = ownFetch(base);
  const fetch = Object.assign(transport(userFetch), { [TRANSPORT]: userFetch ?? null });
  const mute = mutesSpans && 'openTelemetry' in base ? { openTelemetry: false } : {};
  let clone = tryClone(base, { ...mute, fetch });
  if (!(clone instanceof Error)) {
    if (clone.fetch !== fetch && isX509(base)) clone = new Error('X.509');
    else {
      assertFaithful(base, clone, clone.fetch === fetch);
      return clone;
    }
  }
  if (isX509(base) || /X\.509/.test(clone.message)) {
    const onOwn = tryClone(base, mute);
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
    return base.withOptions({ ...forgottenOptions(base), ...options } as never) as SdkClient;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What `AzureOpenAI` of openai 6 keeps beside its options, so that its `withOptions()` loses it. */
function forgottenOptions(base: SdkClient): object {
  const apiVersion: unknown = Reflect.get(base, 'apiVersion');
  const deployment: unknown = Reflect.get(base, 'deploymentName');
  if (typeof apiVersion !== 'string' || apiVersion === '') return {};
  return { apiVersion, ...(typeof deployment === 'string' && { deployment }) };
}

function isX509(client: SdkClient): boolean {
  const identity: unknown = client._options?.workloadIdentity;
  const credential: unknown = client._options?.x509Transport ?? client._options?.credential;
  return (
    (typeof identity === 'object' && identity !== null && 'certificate' in identity) ||
    credential != null
  );
}

/** A subclass whose constructor takes something else makes clones that are not like it. */
function assertFaithful(base: SdkClient, clone: SdkClient, hasTransport: boolean): void {
  const { name } = base.constructor;
  const cure = `let ${name}'s constructor take the SDK's options object, or override withOptions()`;
  if (clone === base || clone.constructor !== base.constructor) {
    throw refusal(`${name}.withOptions() does not return another ${name}; ${cure}`);
  }
  if (
    !hasTransport ||
    clone.baseURL !== base.baseURL ||
    Reflect.get(clone, 'apiKey') !== Reflect.get(base, 'apiKey')
  ) {
    throw refusal(`a clone of ${name} does not keep its options (baseURL, apiKey, fetch); ${cure}`);
  }
}

/** The `fetch` the user gave the client, if any: neither the global one nor a transport of ours. */
export function ownFetch(client: SdkClient): FetchLike | undefined {
  const given: unknown = client._options?.fetch ?? client.fetch;
  if (typeof given !== 'function' || given === globalThis.fetch || isRuntimeFetch(given))
    return undefined;
  // Written by cloneClient() only.
  if (TRANSPORT in given) return (given[TRANSPORT] as FetchLike | null) ?? undefined;
  return given as FetchLike;
}

/** Undoes the transport in a clone of a wrapped client, so that it can be wrapped like any other. */
export function restoreFetch(client: SdkClient, changes: object): SdkClient {
  if ('fetch' in changes && changes.fetch !== undefined) return client;
  const fetch = ownFetch(client);
  const own = { ...forgottenOptions(client), fetch: fetch ?? globalThis.fetch };
  return client.withOptions(own as never) as SdkClient;
}
