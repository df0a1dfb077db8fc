import { isObject } from '../../dialects/json.js';
import type { GatewayRequest, OnInterrupted } from '../../pipeline/contract.js';
import { askUser } from './ask-user.js';
import { continuationOf } from './continuation-request.js';
import {
  type Broken,
  type ContinuedCall,
  type NotContinued,
  obstacleInRequest,
  obstacleTo,
} from './may-continue.js';

/** A call, and what its user wants to be done. */
export interface DecidedCall extends ContinuedCall {
  readonly choice: Exclude<OnInterrupted, 'error'>;
}

/** A stream that broke, and at whose. */
export interface BrokenAt extends Broken {
  readonly target: string;
}

/** The request that goes on with what was said, or why there is none. */
export async function nextRequest(
  broken: BrokenAt,
  call: DecidedCall,
): Promise<GatewayRequest | NotContinued> {
  const { request, choice, context } = call;
  const { failure, partial, target, continuations } = broken;
  const obstacle = obstacleTo(broken, call);
  if (obstacle !== undefined) return obstacle;
  const answer =
    choice === 'continue'
      ? choice
      : await askUser(choice, { failure, partial, target, continuations, context });
  if (answer === 'error') return 'declined';
  if (answer === 'continue') {
    return obstacleInRequest(request) ?? continuationOf(request, partial.text);
  }
  const stream = isObject(request.body) ? request.body.stream : undefined;
  // Whether it is a stream is not for it to say: the caller reads one.
  return { ...request, body: { ...answer.body, ...(stream !== undefined && { stream }) } };
}
