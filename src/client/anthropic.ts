import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import { createGateway } from '../gateway/create-gateway.js';
import type { Gateway } from '../gateway/gateway.js';
import { isGateway, splitOptions, type WithGateway } from './client-options.js';

/** Everything `new Anthropic()` takes, and `gateway`. */
export interface AnthropicGatewayClientOptions extends ClientOptions, WithGateway {}

/** An `Anthropic` client, and its gateway. */
export type AnthropicGatewayClient = Anthropic & { readonly gateway: Gateway };

/**
 * `new Anthropic()` with a gateway inside.
 *
 * @param options anything `new Anthropic()` takes, unchanged, and `gateway`: options for one of its own, or a {@link Gateway} to share
 * @throws {@link GatewayError} `zerohop_config` that names the bad option by its path; what `new Anthropic()` throws
 */
export function createAnthropicGatewayClient(
  options: AnthropicGatewayClientOptions = {},
): AnthropicGatewayClient {
  const { gateway, sdk } = splitOptions(options);
  return (isGateway(gateway) ? gateway : createGateway(gateway)).wrap(new Anthropic(sdk));
}
