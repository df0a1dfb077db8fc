import type { CallContext } from './call-context.js';
import { GatewayError } from './errors.js';
import type { Settlement } from './settlement.js';

/** Key of the call that a response, a stream or a parsed answer belongs to. */
const CALL: unique symbol = Symbol('zerohop.call');

/** Notes which call `value` belongs to, where nobody sees it. */
export function belongsTo<Value>(value: Value, context: CallContext): Value {
  if (typeof value === 'object' && value !== null && Object.isExtensible(value)) {
    Object.defineProperty(value, CALL, { value: context, configurable: true });
  }
  return value;
}

/**
 * What a call amounted to, once it has: tokens, finish reasons, text, tool calls, timings, attempts.
 *
 * @param answer whatever a wrapped client gave for the call: the parsed answer, the stream, or the `Response`
 * @returns a promise that resolves when the call settles; for a stream that is at its end
 * @throws {@link GatewayError} `zerohop_client` where `answer` does not come from a wrapped client
 */
export async function settlementOf(answer: object | PromiseLike<object>): Promise<Settlement> {
  const value: unknown = await answer;
  // Written by belongsTo() only.
  const context = Reflect.get(Object(value), CALL) as CallContext | undefined;
  if (context === undefined) {
    throw new GatewayError('settlementOf() was given something that no wrapped client returned', {
      code: 'zerohop_client',
    });
  }
  return new Promise((resolve) => context.onSettled(resolve));
}
