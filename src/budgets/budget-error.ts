import { GatewayError } from '../pipeline/errors.js';

/** Why a call is refused by a budget. */
export interface Refusal {
  readonly budget: string;
  readonly reason: 'exceeded' | 'store_down';
  /** Until it may be let through, in ms; `undefined` where that is not a matter of time. */
  readonly retryAfterMs: number | undefined;
}

/** The error of a call that a budget refuses. Shown to the caller as the SDK's 429 class. */
export function budgetError({ budget, reason, retryAfterMs }: Refusal): GatewayError {
  const why =
    reason === 'exceeded'
      ? `over the budget ${budget}`
      : `the budget ${budget} cannot be looked at (onStoreDown: 'closed')`;
  const error = new GatewayError(why, { code: 'zerohop_budget' });
  return Object.assign(error, {
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
    headers: { 'x-zerohop-budget': budget },
  });
}
