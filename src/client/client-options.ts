import type { Gateway } from '../gateway/gateway.js';
import type { GatewayOptions } from '../gateway/gateway-options.js';

/** What a gateway client takes beyond the SDK's own options. */
export interface WithGateway {
  /** Options for a gateway of its own, or a gateway to share with other clients. */
  readonly gateway?: GatewayOptions | Gateway | undefined;
}

/** Tells our option from the SDK's. */
export function splitOptions<Options extends WithGateway>(
  options: Options,
): { gateway: GatewayOptions | Gateway | undefined; sdk: Omit<Options, 'gateway'> } {
  const { gateway, ...sdk } = options;
  return { gateway, sdk };
}

/** Whether it is a gateway rather than options for one. */
export function isGateway(value: GatewayOptions | Gateway | undefined): value is Gateway {
  return typeof value === 'object' && 'wrap' in value && typeof value.wrap === 'function';
}
