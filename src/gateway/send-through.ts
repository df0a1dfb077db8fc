import type { CallContext } from '../pipeline/call-context.js';
import { composePipeline } from '../pipeline/compose-pipeline.js';
import type { GatewayRequest, Interceptor } from '../pipeline/contract.js';
import type { Target, Ticket } from '../pipeline/target.js';

/** Sends one attempt through the attempt ring. */
export function sendThrough(
  interceptors: readonly Interceptor[] = [],
  target: Target,
  context: CallContext,
): (request: GatewayRequest, ticket: Ticket) => Promise<Response> {
  if (interceptors.length === 0) return (request, ticket) => target.send(request, ticket);
  return (request, ticket) =>
    composePipeline(interceptors, (sent) => target.send(sent, ticket), context)(request);
}
