import { CallContext } from '../../../src/pipeline/call-context.js';
import { type Clock, systemClock } from '../../../src/pipeline/clock.js';
import type { GatewayRequest } from '../../../src/pipeline/contract.js';

/** The context of a call that nobody waits for. */
export function contextOf(callerSignal?: AbortSignal, clock: Clock = systemClock): CallContext {
  return new CallContext({
    id: 'zh_1',
    operation: 'chat',
    requestModel: 'm',
    stream: false,
    metadata: {},
    logger: {},
    clock,
    callerSignal,
    onSettled: () => undefined,
  });
}

/** A request as interceptors see it. */
export const chatRequest: GatewayRequest = {
  operation: 'chat',
  method: 'POST',
  path: '/chat/completions',
  body: { model: 'm' },
  stream: false,
};
