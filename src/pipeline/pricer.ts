import type { CostResult, Usage } from './settlement.js';

/** A usage to be priced, and what its price depends on. */
export interface PricedUsage {
  readonly usage: Usage | undefined;
  /** `gen_ai.provider.name` of the target. */
  readonly provider: string;
  /** Name of the target. */
  readonly target: string;
  /** As the provider named it in the answer, else as it was asked for. */
  readonly model: string | undefined;
  /** As it was asked for from this target: the price of a snapshot, or of a region, may stand under this name alone. */
  readonly requestModel?: string | undefined;
  /** As the provider named it in the answer. */
  readonly serviceTier?: string | undefined;
  /** Wall clock, in ms since the epoch: prices change. */
  readonly at: number;
}

/** Says what a usage cost. Never throws. */
export interface Pricer {
  /** Loads what pricing needs, ahead of the first {@link price}. */
  prepare(): void;
  price(priced: PricedUsage): CostResult;
  /** Adds costs exactly; a sum with a part that has no price has none. */
  sum(costs: readonly CostResult[]): CostResult;
}
