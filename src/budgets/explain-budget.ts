import type { ExplainedBudget } from '../pipeline/budget-types.js';
import type { GatewayContext } from '../pipeline/contract.js';
import type { Budget } from './budget.js';
import type { Estimate } from './budgets.js';

interface LikelyCall {
  readonly context: GatewayContext;
  readonly model: string | undefined;
  readonly estimate: Estimate;
}

/** A budget as a call would meet it now. Asks its store, and sets nothing aside. */
export async function explainBudget(
  budget: Budget,
  { context, model, estimate }: LikelyCall,
): Promise<ExplainedBudget> {
  const state = await budget.state({ key: budget.keyOf(context), model });
  const exceeds = budget.units.some((unit) => {
    const { spent = 0, reserved = 0, limit = Number.POSITIVE_INFINITY } = state[unit] ?? {};
    const before = spent + reserved;
    return before >= limit || before + (estimate[unit] ?? 0) > limit;
  });
  return { ...state, exceeds, onExceeded: budget.answer };
}
