import {
  type AskedCall,
  Budgets,
  type BudgetsDependencies,
  type Estimate,
  type Estimator,
} from '../budgets/budgets.js';
import { recogniseOperation } from '../dialects/recognise.js';
import { AnswerLengths, estimateInputTokens } from '../limits/estimate-tokens.js';
import { refuse } from '../pipeline/option-checks.js';
import type { PricedUsage, Pricer } from '../pipeline/pricer.js';
import type { AttemptRecord } from '../pipeline/settlement.js';
import type { Router } from '../routing/route/router.js';
import { modelOf } from './call-parts.js';
import type { GatewayOptions } from './gateway-options.js';

interface BudgetParts extends Omit<BudgetsDependencies, 'estimator'> {
  readonly pricer: Pricer | undefined;
  readonly router: Router | undefined;
}

/** The budgets of a gateway; nothing where there are none, so that they cost nothing. */
export function makeBudgets(
  { budgets = [] }: GatewayOptions,
  parts: BudgetParts,
): Budgets | undefined {
  if (budgets.length === 0) return undefined;
  const { pricer } = parts;
  const ofMoney = budgets.findIndex(({ cost }) => cost !== undefined);
  if (ofMoney >= 0 && pricer === undefined) {
    refuse(`gateway.budgets[${ofMoney}].cost`, 'needs prices, and `pricing` is off');
  }
  // Before the first call, which is to wait for nothing.
  if (ofMoney >= 0) setImmediate(() => pricer?.prepare()).unref();
  return new Budgets(budgets, { ...parts, estimator: new CallEstimator(parts) });
}

/** Guesses what calls take: their characters, the answers that their model has given so far, and the price at the first target. */
class CallEstimator implements Estimator {
  readonly #parts: BudgetParts;
  readonly #lengths = new AnswerLengths();

  constructor(parts: BudgetParts) {
    this.#parts = parts;
  }

  estimate(call: AskedCall): Estimate {
    const { operation, body } = call.request;
    const inputTokens = estimateInputTokens(body);
    const outputTokens =
      operation === 'embeddings' ? 0 : this.#lengths.expect(body, modelOf(body) ?? '');
    const tokens = inputTokens + outputTokens;
    const { pricer, clock } = this.#parts;
    if (pricer === undefined) return { tokens };
    const usage = { inputTokens, outputTokens, reported: {} };
    const priced = { ...this.#firstTarget(call), usage, at: clock.wallNow() };
    return { tokens, cost: pricer.price(priced).cost?.amount };
  }

  /** Whom the call is going to ask, unless that one is not to be had. */
  #firstTarget({
    request,
    context,
    target,
  }: AskedCall): Pick<PricedUsage, 'provider' | 'target' | 'model' | 'requestModel'> {
    try {
      const { dialect } = recogniseOperation(request.method, request.path, request.body);
      const by = { caller: target, dialect };
      const first = this.#parts.router?.candidates({ request, context }, by).next();
      if (first && !first.done) {
        const { name } = first.value.target;
        const { provider = 'unknown', model } = first.value.target.asks(request, target);
        return { provider, target: name, model, requestModel: model };
      }
    } catch {
      // A function of the user's, which the route itself will meet again.
    }
    const model = modelOf(request.body);
    return { provider: target.provider.name, target: target.name, model, requestModel: model };
  }

  saw(model: string | undefined, attempts: readonly AttemptRecord[]): void {
    for (const { usage, failure } of attempts) {
      if (failure !== undefined || usage?.outputTokens === undefined) continue;
      this.#lengths.saw(model ?? '', usage.outputTokens);
    }
  }
}
