import type { CallInput } from '../pipeline/call-port.js';
import { GatewayError } from '../pipeline/errors.js';
import { readCallOptions } from '../pipeline/per-call.js';
import type { Operation } from '../pipeline/settlement.js';
import type { SdkClient, SdkRequestOptions } from './client-types.js';
import { baseOf, cloneClient } from './clone-client.js';
import { placeOf } from './place.js';
import { sdkErrors } from './sdk-errors.js';
import { SdkTarget } from './sdk-target.js';
import { seamOf } from './seam.js';

/** An operation that the SDKs have a method for. */
export type NamedOperation = Exclude<Operation, 'passthrough'>;

/** A call that is not made. */
export interface RehearsedCall {
  readonly operation: NamedOperation;
  readonly body: unknown;
  /** The SDK's own options for it, those of the gateway among them. */
  readonly options: object;
}

/** Where a client has the method that asks for an operation. */
const RESOURCES: Readonly<Record<NamedOperation, readonly string[]>> = {
  chat: ['chat', 'completions'],
  responses: ['responses'],
  messages: ['messages'],
  completions: ['completions'],
  embeddings: ['embeddings'],
};

/**
 * The call that a wrapped client would make, found by having a clone of it make it: so all is there that its SDK
 * does to a body and to options. The clone asks and never sends.
 *
 * @throws {@link GatewayError} `zerohop_config` where the client has no such method; what that method throws
 */
export async function rehearseCall(client: SdkClient, call: RehearsedCall): Promise<CallInput> {
  const options = { ...(await askedOptions(client, call)) };
  const { method, path, body, stream = false } = options;
  return {
    method: method.toUpperCase(),
    path,
    body,
    stream,
    callerSignal: undefined,
    options: readCallOptions(options),
    target: new SdkTarget(client, options, {
      place: placeOf(client),
      errors: sdkErrors(client),
      request: nowhere,
      remainingRetries: null,
    }),
  };
}

function askedOptions(
  client: SdkClient,
  { operation, body, options }: RehearsedCall,
): Promise<SdkRequestOptions> {
  const clone = cloneClient(baseOf(client), { transport: () => nowhere, note: () => undefined });
  const resource = RESOURCES[operation].reduce<unknown>(
    (holder, name) => Reflect.get(Object(holder), name),
    clone,
  );
  const create: unknown = Reflect.get(Object(resource), 'create');
  if (typeof create !== 'function') {
    throw noRequest(operation);
  }
  const { promise, resolve, reject } = Promise.withResolvers<SdkRequestOptions>();
  const unanswered = seamOf(clone).promise(clone, new Promise(() => undefined));
  Object.defineProperty(clone, 'request', {
    value(given: unknown) {
      // What the SDK's resources pass to request(), which may be a promise of it.
      resolve(given as SdkRequestOptions);
      return unanswered;
    },
  });
  const made: unknown = create.call(resource, body, options);
  // A method of the user's that has something else in its place.
  Promise.resolve(made).then(() => reject(noRequest(operation)), reject);
  return promise;
}

function noRequest(operation: NamedOperation): GatewayError {
  return new GatewayError(`explain.operation: this client makes no ${operation} request`, {
    code: 'zerohop_config',
  });
}

function nowhere(): never {
  throw new GatewayError('a call that is only explained is not sent', { code: 'zerohop_config' });
}
