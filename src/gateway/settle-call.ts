import { withAttempts } from '../pipeline/attempts-of.js';
import type { CallContext } from '../pipeline/call-context.js';
import { type GatewayError, type GatewayErrorCode, isGatewayError } from '../pipeline/errors.js';
import { belongsTo } from '../pipeline/settlement-of.js';
import type { Target } from '../pipeline/target.js';
import { describeFailure } from '../routing/describe-failure.js';
import { finishResponse } from '../routing/finish-response.js';
import { LoopError } from '../routing/loop-errors.js';

/** Runs a call and settles it: with its response, at the end of that response's body, or with an error. */
export async function settleCall(
  run: () => Promise<Response>,
  context: CallContext,
  target: Target,
): Promise<Response> {
  try {
    return belongsTo(finishResponse(await run(), context, target), context);
  } catch (thrown) {
    throw settleFailed(thrown, context, target);
  }
}

/** Settles a call that ends with an error, and makes the error the caller is to see. */
function settleFailed(thrown: unknown, context: CallContext, target: Target): Error {
  const { errors } = target;
  const { failure, error } =
    thrown instanceof LoopError
      ? thrown.attempt
      : describeFailure(context.signal.aborted ? context.signal.reason : thrown, errors);
  const aborted =
    failure.kind === 'aborted' ||
    (context.signal.aborted && !isGatewayError(context.signal.reason));
  const shown =
    aborted && errors.kindOf(error) !== 'abort' ? errors.abort(context.signal.reason) : error;
  const final = withAttempts(
    isGatewayError(shown) ? refusalError(shown, target) : shown,
    context.attempts,
  );
  context.settle(aborted ? 'aborted' : 'error', failure);
  return final;
}

const REFUSAL_STATUS: Partial<Record<GatewayErrorCode, number>> = {
  zerohop_closed: 503,
  zerohop_no_target: 503,
  zerohop_origin: 403,
  zerohop_request: 400,
  zerohop_rate_limited: 429,
  zerohop_budget: 429,
};

/** A refusal of the gateway's own, as an error of the caller's SDK. */
function refusalError(error: GatewayError, { errors }: Target): Error {
  const status = REFUSAL_STATUS[error.code] ?? 500;
  const body = { error: { message: error.message, type: 'gateway_error', code: error.code } };
  const headers = new Headers({ 'x-should-retry': 'false' });
  const retryAfterMs: unknown = Reflect.get(error, 'retryAfterMs');
  if (typeof retryAfterMs === 'number') {
    headers.set('retry-after-ms', String(retryAfterMs));
    headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  }
  const more: unknown = Reflect.get(error, 'headers');
  for (const [name, value] of Object.entries(more ?? {})) headers.set(name, String(value));
  return errors.status({ status, body, headers, cause: error });
}
