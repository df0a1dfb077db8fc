import type { AskedAttempt, AttemptEnd } from '../pipeline/admission.js';
import type { LimitUnit, RateLimitOptions } from '../pipeline/limit-types.js';
import type { Usage } from '../pipeline/settlement.js';
import { AnswerLengths, estimateInputTokens } from './estimate-tokens.js';
import type { Weights } from './limits.js';

/** What requests are weighed with. */
export interface WeigherOptions {
  readonly units: ReadonlySet<LimitUnit>;
  readonly countTokens: RateLimitOptions['countTokens'];
  /** US dollars that a usage costs at a target; `undefined` where that is not known. */
  readonly priceOf: (usage: Usage, attempt: AskedAttempt) => number | undefined;
}

const NOTHING: Weights = { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
const ONE_REQUEST: Weights = { ...NOTHING, requests: 1 };

/** Says what requests weigh: about, before they are sent, and exactly, by what they reported. */
export class Weigher {
  readonly #options: WeigherOptions;
  #isByTokens: boolean;
  readonly #lengths = new AnswerLengths();

  constructor(options: WeigherOptions) {
    this.#options = options;
    this.#isByTokens = [...options.units].some((unit) => unit !== 'requests');
  }

  /** Tokens count from now on, whatever the limits are. */
  countTokens(): void {
    this.#isByTokens = true;
  }

  weigh(attempt: AskedAttempt): Weights {
    if (!this.#isByTokens) return ONE_REQUEST;
    const { body } = attempt.request;
    const inputTokens = estimateInputTokens(body, this.#options.countTokens);
    const outputTokens = this.#lengths.expect(body, modelOf(body));
    return this.#weightsOf(attempt, { inputTokens, outputTokens, reported: {} });
  }

  /** What an attempt came to: nothing where it reported nothing, but for the request that was sent. */
  actual(attempt: AskedAttempt, { isSent, usage }: AttemptEnd): Weights {
    if (usage === undefined) return isSent ? ONE_REQUEST : NOTHING;
    const { body } = attempt.request;
    if (usage.outputTokens !== undefined) this.#lengths.saw(modelOf(body), usage.outputTokens);
    return this.#weightsOf(attempt, usage);
  }

  #weightsOf(attempt: AskedAttempt, usage: Usage): Weights {
    const inputTokens = sane(usage.inputTokens);
    const outputTokens = sane(usage.outputTokens);
    const cost = this.#options.units.has('cost') ? sane(this.#options.priceOf(usage, attempt)) : 0;
    return { requests: 1, tokens: inputTokens + outputTokens, inputTokens, outputTokens, cost };
  }
}

/** What is no weight weighs nothing; one that is not would stop all others for ever. */
function sane(weight: number | undefined): number {
  return weight !== undefined && Number.isFinite(weight) && weight > 0 ? weight : 0;
}

/** The model that a body asks for. */
export function modelOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('model' in body)) return '';
  return typeof body.model === 'string' ? body.model : '';
}
