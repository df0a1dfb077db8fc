import type { CallPort } from '../pipeline/call-port.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import { readCallOptions } from '../pipeline/per-call.js';
import type { ErrorFactory } from '../pipeline/target.js';
import {
  isSdkClient,
  type SdkClient,
  type SdkPromise,
  type SdkRequestOptions,
} from './client-types.js';
import {
  BASE,
  baseOf,
  type CloneOptions,
  cloneClient,
  refusal,
  restoreFetch,
} from './clone-client.js';
import { type Place, placeOf } from './place.js';
import { sdkErrors } from './sdk-errors.js';
import { type OwnRequest, SdkTarget } from './sdk-target.js';
import { type SealedCall, type Seam, seamOf } from './seam.js';

/** What a wrapped client is made with. */
export interface WrapOptions extends CloneOptions {
  readonly port: CallPort;
  /** What the client shows as `client.gateway`. */
  readonly gateway: object;
}

/**
 * Makes a client of the same class over a gateway: a clone, made by the client's own `withOptions()`, with
 * `request()`, `requestAPIList()` and `withOptions()` laid over the class's own. The client that was given
 * is not touched. A client that is wrapped already is wrapped anew, not twice.
 *
 * @throws {@link GatewayError} `zerohop_client` where the client cannot be cloned faithfully
 */
export function wrapClient<Client extends object>(given: Client, options: WrapOptions): Client {
  if (!isSdkClient(given)) {
    throw refusal(
      'it has no request(), requestAPIList(), buildRequest() and withOptions(); pass a client of the OpenAI or Anthropic SDK',
    );
  }
  const base = baseOf(given);
  const facade = cloneClient(base, options);
  cover(facade, base, options);
  // A clone has the class of what it was cloned from: cloneClient() made sure.
  return facade as unknown as Client;
}

/** Lays the gateway over a clone. The methods stay those of its class, reached past our own. */
function cover(facade: SdkClient, base: SdkClient, options: WrapOptions): void {
  const { port } = options;
  const withOptions = facade.withOptions.bind(facade);
  const door = new ClientDoor(facade, port);
  // A timeout that no timer can represent would fire at once: it means none.
  if (!(facade.timeout <= MAX_TIMER_MS)) facade.timeout = MAX_TIMER_MS;
  // The SDK sends it then, the same on every attempt of a call.
  facade.idempotencyHeader ??= 'Idempotency-Key';
  define(facade, {
    gateway: options.gateway,
    [BASE]: base,
    request(given: unknown, remainingRetries: number | null = null): SdkPromise {
      if (port.isBypassed) return base.request(given, remainingRetries);
      return door.seam.promise(facade, door.open(given, remainingRetries));
    },
    requestAPIList(page: unknown, given: unknown): SdkPromise {
      if (port.isBypassed) return base.requestAPIList(page, given);
      return door.seam.page(facade, page, door.open(given, null));
    },
    withOptions(changes: object): SdkClient {
      // The options of whatever class this is.
      const changed = withOptions(changes as never) as SdkClient;
      return wrapClient(restoreFetch(changed, changes), options);
    },
  });
}

function define(target: object, members: object): void {
  for (const key of Reflect.ownKeys(members)) {
    const value: unknown = Reflect.get(members, key);
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
  }
}

/** The way into the pipeline from one client. */
class ClientDoor {
  readonly seam: Seam;
  readonly #client: SdkClient;
  readonly #port: CallPort;
  readonly #request: OwnRequest & SdkClient['request'];
  readonly #errors: ErrorFactory;
  #baseURL = '';
  #place: Place | undefined;

  constructor(client: SdkClient, port: CallPort) {
    this.seam = seamOf(client);
    this.#client = client;
    this.#port = port;
    this.#request = client.request.bind(client);
    this.#errors = sdkErrors(client);
  }

  async open(given: unknown, remainingRetries: number | null): Promise<SealedCall> {
    // What the SDK's resources pass to request(), which may be a promise of it.
    const options = { ...((await given) as SdkRequestOptions) };
    const callOptions = readCallOptions(options);
    if (callOptions?.bypass) {
      const response = await this.#request(options, remainingRetries).asResponse();
      return { props: propsOf(response, options, new AbortController()), context: undefined };
    }
    const target = new SdkTarget(this.#client, options, {
      place: this.#findPlace(),
      errors: this.#errors,
      request: this.#request,
      remainingRetries,
    });
    const { signal: callerSignal, fetchOptions } = options;
    const { context, response } = this.#port.open({
      method: options.method.toUpperCase(),
      path: options.path,
      body: options.body,
      stream: isStreamed(options),
      callerSignal: callerSignal ?? undefined,
      options: callOptions,
      target,
    });
    const answer = await response;
    // The next page is asked for with these options, which the SDK keeps: they are the caller's own again, not this call's.
    options.signal = callerSignal;
    options.fetchOptions = fetchOptions;
    return { props: propsOf(answer, options, context.controller), context };
  }

  /** Where the base URL points, which an application may change. */
  #findPlace(): Place {
    const { baseURL } = this.#client;
    if (this.#place && baseURL === this.#baseURL) return this.#place;
    this.#baseURL = baseURL;
    this.#place = placeOf(this.#client);
    return this.#place;
  }
}

function isStreamed({ stream, body }: SdkRequestOptions): boolean {
  if (stream === true) return true;
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
}

function propsOf(
  response: Response,
  options: SdkRequestOptions,
  controller: AbortController,
): SealedCall['props'] {
  return {
    response,
    options,
    controller,
    requestLogID: 'log_zerohop',
    retryOfRequestLogID: undefined,
    startTime: Date.now(),
  };
}
