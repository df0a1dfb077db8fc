import type { GatewayRequest } from '../pipeline/contract.js';
import type { Target } from '../pipeline/target.js';
import { unlessAborted } from '../pipeline/unless-aborted.js';
import type { ClientSource } from './client-source.js';
import { pathOf } from './foreign-client.js';
import { ForeignTarget } from './foreign-target.js';
import {
  noTarget,
  type OnUnsupported,
  type RequestChange,
  refusedParameter,
  type ShapedRequest,
  shapeRequest,
} from './shape-request.js';

/** What a target needs to know of a call. */
export interface AskingCall {
  readonly request: GatewayRequest;
  readonly context: { readonly signal: AbortSignal };
}

/** A target other than the caller's own client, over all calls. */
export interface ForeignSpec<Call extends AskingCall> {
  readonly name: string;
  readonly source: ClientSource<Call>;
  /** Asked for instead of the caller's. */
  readonly model?: string | undefined;
  readonly request?: RequestChange<Call> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly maxRetries?: number | undefined;
  /** Parameters that it does not take. */
  readonly unsupported?: readonly string[] | undefined;
  /** @defaultValue 'drop' */
  readonly onUnsupported?: OnUnsupported | undefined;
}

/** Such a target, opened for one call. */
export interface OpenedForeign extends ShapedRequest {
  readonly target: Target;
}

/**
 * Opens a target for one call: has its client, and makes the request it is to be asked. Ends with the call's
 * signal, however long the user's function takes.
 *
 * @throws {@link GatewayError} `zerohop_client`, `zerohop_config` where there is no client or no key;
 * `zerohop_no_target` where it cannot be asked this; `zerohop_interceptor` where the user's function fails
 */
export async function openForeign<Call extends AskingCall>(
  spec: ForeignSpec<Call>,
  call: Call,
  caller: Target,
): Promise<OpenedForeign> {
  const { name, source, model, headers, maxRetries, request: change } = spec;
  const { unsupported, onUnsupported = 'drop' } = spec;
  const { request } = call;
  const { operation } = request;
  const opening = source.open({ call, operation, caller });
  const foreign =
    opening instanceof Promise ? await unlessAborted(opening, call.context.signal) : opening;
  pathOf(operation, foreign.family);
  const passage = { from: caller, to: foreign.place, unsupported };
  const refused = refusedParameter(request, passage, onUnsupported);
  if (refused !== undefined) throw noTarget(`it does not take ${refused}`);
  const shaped = shapeRequest(request, { ...passage, call, model, change });
  return { ...shaped, target: new ForeignTarget(foreign, { name, caller, headers, maxRetries }) };
}
