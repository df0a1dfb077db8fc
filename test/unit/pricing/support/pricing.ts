import type { Logger } from '../../../../src/pipeline/contract.js';
import type { PricedUsage, Pricer } from '../../../../src/pipeline/pricer.js';
import type { CostResult, Usage } from '../../../../src/pipeline/settlement.js';
import { createPricer } from '../../../../src/pricing/create-pricer.js';
import type { PriceSource } from '../../../../src/pricing/price-source.js';
import type { PricingOptions } from '../../../../src/pricing/pricing-options.js';

/** A time at which the tests look prices up. */
export const NOON = Date.UTC(2026, 10, 24, 12);

/** A pricer with what it warned of. */
export interface WatchedPricer extends Pricer {
  readonly warnings: readonly string[];
}

export function watchedPricer(options?: PricingOptions, load?: () => PriceSource): WatchedPricer {
  const warnings: string[] = [];
  const logger: Logger = { warn: (message) => warnings.push(message) };
  const pricer = createPricer(options, { logger, load });
  return {
    warnings,
    prepare: () => pricer.prepare(),
    price: (priced) => pricer.price(priced),
    sum: (costs) => pricer.sum(costs),
  };
}

/** A usage as a reader would give it. */
export function usageOf(counts: Partial<Usage> = {}): Usage {
  return { inputTokens: 0, outputTokens: 0, reported: {}, ...counts };
}

/** Something to be priced, with whatever a test does not care about filled in. */
export function priced(input: Partial<PricedUsage> = {}): PricedUsage {
  return {
    provider: 'openai',
    target: 'primary',
    model: 'gpt-4o',
    at: NOON,
    usage: usageOf({ inputTokens: 1_000_000 }),
    ...input,
  };
}

/** The amount, or why there is none. */
export function amountOf({ cost, unpriced }: CostResult): number | string {
  return cost?.amount ?? unpriced ?? 'neither';
}

/** Multiplies decimals exactly, as they are written: `2.5 × 1000` is `[25n × 1000n, 1]`. */
export function exactDollars(
  lines: readonly (readonly [count: number, perMillion: string])[],
): number {
  const scale = 20;
  let sum = 0n;
  for (const [count, rate] of lines) {
    const [whole = '', fraction = ''] = rate.split('.');
    sum += BigInt(count) * BigInt(whole + fraction.padEnd(scale, '0'));
  }
  const digits = sum.toString().padStart(scale + 7, '0');
  const split = digits.length - scale - 6;
  return Number(`${digits.slice(0, split)}.${digits.slice(split)}`);
}
