import { AnswerLengths, estimateInputTokens } from '../limits/estimate-tokens.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { CostResult } from '../pipeline/settlement.js';
import type { CostEstimator } from '../routing/route/router.js';

/** How large a call will be, about. */
export interface EstimatedSize {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Knows of no answer: takes what a request allows, else a typical length. */
const lengths = new AnswerLengths();

/** The size of a call before it is made: its characters, and what it allows of an answer. */
export function estimateSize({ operation, body }: GatewayRequest): EstimatedSize {
  return {
    inputTokens: estimateInputTokens(body),
    outputTokens: operation === 'embeddings' ? 0 : lengths.expect(body, ''),
  };
}

/** What calls would cost, about, by the prices that they are charged by. */
export class CostEstimates implements CostEstimator {
  /** Made after the targets, whose prices it knows. */
  pricer: Pricer | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  prepare(): void {
    // Not now: the pricer is not made yet, and what it loads takes its time.
    setImmediate(() => this.pricer?.prepare()).unref();
  }

  of(request: GatewayRequest): ReturnType<CostEstimator['of']> {
    const usage = { ...estimateSize(request), reported: {} };
    return ({ target, provider = 'unknown', model }): CostResult => {
      const at = this.#clock.wallNow();
      const priced = { usage, target, provider, model, requestModel: model, at };
      return this.pricer?.price(priced) ?? { unpriced: 'off' };
    };
  }
}
