import OpenAI, { type ClientOptions } from 'openai';
import { createGateway } from '../gateway/create-gateway.js';
import type { Gateway } from '../gateway/gateway.js';
import { isGateway, splitOptions, type WithGateway } from './client-options.js';

/** Everything `new OpenAI()` takes, and `gateway`. */
export interface GatewayClientOptions extends ClientOptions, WithGateway {}

/** An `OpenAI` client, and its gateway. */
export type GatewayClient = OpenAI & { readonly gateway: Gateway };

/**
 * `new OpenAI()` with a gateway inside.
 *
 * @param options anything `new OpenAI()` takes, unchanged, and `gateway`: options for one of its own, or a {@link Gateway} to share
 * @throws {@link GatewayError} `zerohop_config` that names the bad option by its path; what `new OpenAI()` throws
 *
 * @example
 * ```ts ignore
 * const client = createGatewayClient({ gateway: { metadata: { service: 'checkout' } } });
 * const answer = await client.chat.completions.create({ model: 'gpt-5-mini', messages });
 * ```
 */
export function createGatewayClient(options: GatewayClientOptions = {}): GatewayClient {
  const { gateway, sdk } = splitOptions(options);
  return (isGateway(gateway) ? gateway : createGateway(gateway)).wrap(new OpenAI(sdk));
}
