export {
  type AnthropicGatewayClient,
  type AnthropicGatewayClientOptions,
  createAnthropicGatewayClient,
} from './client/anthropic.js';
