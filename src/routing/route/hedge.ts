import { hasShape, isNumber, refuse } from '../../pipeline/option-checks.js';
import { type Candidates, type CompiledRoute, goesOn, type Hedge } from './candidates.js';
import type { RouteTarget } from './route-target.js';
import type { HedgeOptions } from './route-types.js';

const DEFAULT_SHARE = 0.05;
/** Hedges that may be saved up. */
const MAX_SAVED = 10;

const checkOptions = hasShape({
  after: (value, path) => {
    if (value === 'p95') return;
    if (!(typeof value === 'number' && value >= 0 && value <= 2 ** 31 - 1)) {
      refuse(path, "must be 'p95' or a number of ms");
    }
  },
  share: isNumber(0, 1, false),
});

/** When a route asks its second way, over all calls: each call puts in its share, each hedge takes one out. */
export class HedgePolicy {
  readonly after: number | 'p95';
  readonly #share: number;
  #saved: number;

  constructor(options: HedgeOptions, path: string) {
    checkOptions(options, path);
    this.after = options.after ?? 'p95';
    this.#share = options.share ?? DEFAULT_SHARE;
    this.#saved = this.#share > 0 ? 1 : 0;
  }

  deposit(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + this.#share);
  }

  tryTake(): boolean {
    if (this.#saved < 1 && this.#share < 1) return false;
    this.#saved -= 1;
    return true;
  }
}

/** Offers the targets of `first`, each with those of `second` as its hedge; where all fail, those of `second`. */
export function hedge(
  first: CompiledRoute,
  second: CompiledRoute,
  policy: HedgePolicy,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const { stream } = call.request;
      let isTaken = false;
      let isCounted = false;
      const offered: Hedge = {
        delayMs: ({ health }: RouteTarget) => {
          // Not before: a call that is only looked at is none.
          if (!isCounted) policy.deposit();
          isCounted = true;
          return policy.after === 'p95' ? health.stats.slowMs(stream) : policy.after;
        },
        take: () => {
          if (isTaken || !policy.tryTake()) return undefined;
          isTaken = true;
          return second.candidates(call);
        },
      };
      const candidates = first.candidates(call);
      let step = candidates.next();
      while (!step.done) step = candidates.next(yield { ...step.value, hedge: offered });
      const left = step.value;
      if (isTaken || (left !== undefined && !goesOn(left))) return left;
      return (yield* second.candidates(call)) ?? left;
    },
  };
}
