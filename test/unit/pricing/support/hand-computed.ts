import type { ModelPrices } from '../../../../src/pricing/pricing-options.js';

/** A usage as it stood on the wire, the prices it is billed at, and what that makes. */
export interface HandComputed {
  readonly title: string;
  readonly reported: Readonly<Record<string, unknown>>;
  readonly prices: ModelPrices;
  readonly provider?: string;
  readonly serviceTier?: string;
  /** Count × dollars for a million, as one would write it down: no token in two lines. */
  readonly lines: readonly (readonly [count: number, perMillion: string])[];
  /** What the lines add up to. */
  readonly dollars: number;
}
