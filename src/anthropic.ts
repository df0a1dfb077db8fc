export {
  type AnthropicGatewayClient,
  type AnthropicGatewayClientOptions,
  createAnthropicGatewayClient,
} from './client/anthropic.js';
export type { WithGateway } from './client/client-options.js';
