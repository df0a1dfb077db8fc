import type { Switched } from '../budgets/budgets.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { gatewayErrorIn } from '../pipeline/errors.js';

/** A request that others may share is to ask for another model. Each of them sees to that for itself. */
export class OtherModel extends Error {
  readonly switched: Switched;

  constructor(switched: Switched) {
    super(`another model: ${switched.model}`);
    this.switched = switched;
  }
}

/** A request for another model. */
export function askFor(request: GatewayRequest, { model }: Switched): GatewayRequest {
  // Only a body whose model could be read is asked to have another.
  return { ...request, body: { ...(request.body as object), model } };
}

/** What a call goes through the cache with. */
export interface OwnLimits {
  readonly context: CallContext;
  /** Whether two calls are counted apart by a rate limit. */
  readonly countsApart: (one: CallContext, other: CallContext) => boolean;
}

/**
 * The answer of the cache, each call by its own budgets and rate limits: one that only shared the request of another
 * is not refused with that one, and gets no answer of a model that is only meant for that one.
 *
 * @param answer asks the cache
 */
export async function throughBudgets(
  { context, countsApart }: OwnLimits,
  request: GatewayRequest,
  answer: (request: GatewayRequest, switched: Switched | undefined) => Promise<Response>,
): Promise<Response> {
  let asked = request;
  let switched: Switched | undefined;
  for (;;) {
    try {
      return await answer(asked, switched);
    } catch (error) {
      const { shares } = context;
      const isOther = error instanceof OtherModel;
      if (shares && (isOther || isRefused(error, () => countsApart(context, shares)))) {
        // It was the other one's. Now the call stands for itself.
        context.shares = undefined;
        context.isBilled = true;
        continue;
      }
      if (!isOther) throw error;
      switched = error.switched;
      asked = askFor(asked, switched);
    }
  }
}

/** Whether somebody's budget or limit has refused a request, by which a call of another might not be refused. */
function isRefused(error: unknown, countsApart: () => boolean): boolean {
  const code = gatewayErrorIn(error)?.code;
  return code === 'zerohop_budget' || (code === 'zerohop_rate_limited' && countsApart());
}
