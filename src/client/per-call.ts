import { checkCallOptions } from '../gateway/gateway-options.js';
import type { CallOptions } from '../pipeline/contract.js';
import { tagCallOptions } from '../pipeline/per-call.js';

/**
 * Options for one call, as the SDK's own request options: goes wherever those are accepted, in every
 * method of every resource.
 *
 * @param options what this call sets for itself
 * @param request the SDK's own options for the same call (`signal`, `timeout`, `headers`, …)
 * @returns the SDK's options with the gateway's among them, under a symbol the SDK does not look at
 * @throws {@link GatewayError} `zerohop_config` that names the bad option
 *
 * @example
 * ```ts ignore
 * await client.chat.completions.create(body, perCall({ metadata: { userId } }, { timeout: 5_000 }));
 * ```
 */
export function perCall<Request extends object = object>(
  options: CallOptions,
  request?: Request,
): Request {
  checkCallOptions(options, 'perCall');
  // With nothing given there is nothing in it that `Request` does not allow.
  return tagCallOptions(options, request ?? ({} as Request));
}
