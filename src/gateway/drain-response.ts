import { GatewayResponse, payloadSource } from '../pipeline/gateway-response.js';

/** Reads a response that nobody waits for to its end. */
export async function drainResponse(response: Response): Promise<void> {
  if (!(response instanceof GatewayResponse)) {
    await response.arrayBuffer();
    return;
  }
  const payload = response.takePayload();
  if (payload.kind === 'events') {
    while ((await payload.events.pull()) !== null);
    return;
  }
  const source = payloadSource(payload);
  while ((await source.pull()) !== null);
}
