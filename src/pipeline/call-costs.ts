import type { PricedUsage, Pricer } from './pricer.js';
import type { AttemptRecord, CostResult } from './settlement.js';

/** What the attempts of a call are priced by. */
export interface CallCostsInit {
  readonly pricer: Pricer | undefined;
  readonly requestModel: string | undefined;
  /** Wall clock at which the call was opened, in ms since the epoch. */
  readonly at: number;
}

/** The costs of a call's attempts. Each is priced once, whoever asks. */
export class CallCosts {
  readonly #init: CallCostsInit;
  /** Made when an attempt is priced. */
  #known: Map<AttemptRecord, CostResult> | undefined;

  constructor(init: CallCostsInit) {
    this.#init = init;
  }

  /** What attempts cost together, as far as they reported usage; each keeps its own. */
  of(attempts: readonly AttemptRecord[]): CostResult {
    const { pricer } = this.#init;
    if (pricer === undefined) return { unpriced: 'off' };
    const results: CostResult[] = [];
    this.#known ??= new Map();
    for (const attempt of attempts) {
      if (attempt.usage === undefined) continue;
      let result = this.#known.get(attempt);
      if (result === undefined) {
        result = pricer.price(this.#priced(attempt));
        if (result.cost) Object.assign(attempt, { cost: result.cost });
        this.#known.set(attempt, result);
      }
      results.push(result);
    }
    return results.length === 0 ? { unpriced: 'no_usage' } : pricer.sum(results);
  }

  #priced({ usage, provider, target, model, serviceTier }: AttemptRecord): PricedUsage {
    const { requestModel, at } = this.#init;
    return {
      usage,
      provider,
      target,
      model: model ?? requestModel,
      requestModel,
      serviceTier,
      at,
    };
  }
}
