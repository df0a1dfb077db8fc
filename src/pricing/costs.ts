import type { Cost, CostResult, UnpricedReason, Usage } from '../pipeline/settlement.js';
import { addCharges, type Charges } from './charge-usage.js';
import { fromDollars, toDollars } from './money.js';

const UNPRICED: Readonly<Record<UnpricedReason, CostResult>> = {
  off: { unpriced: 'off' },
  no_prices: { unpriced: 'no_prices' },
  unknown_model: { unpriced: 'unknown_model' },
  no_usage: { unpriced: 'no_usage' },
  invalid_usage: { unpriced: 'invalid_usage' },
  unknown_rate: { unpriced: 'unknown_rate' },
  price_function: { unpriced: 'price_function' },
};

/** Says why there is no cost. */
export function unpriced(reason: UnpricedReason): CostResult {
  return UNPRICED[reason];
}

/** Turns picodollars into a cost. */
export function toCost({ total, parts, approximate }: Charges, source: Cost['source']): CostResult {
  const amount = toDollars(total);
  if (parts === undefined) {
    return { cost: { amount, currency: 'USD', source, ...(approximate && { approximate }) } };
  }
  const cost: Cost = {
    amount,
    currency: 'USD',
    source,
    input: toDollars(parts.input),
    output: toDollars(parts.output),
    cacheRead: toDollars(parts.cacheRead),
    cacheWrite: toDollars(parts.cacheWrite),
    requests: toDollars(parts.requests),
  };
  return { cost: approximate ? { ...cost, approximate } : cost };
}

/** Adds costs to the picodollar; a sum with a part that has no price has none. */
export function sumCosts(costs: readonly CostResult[]): CostResult {
  if (costs.length === 1 && costs[0] !== undefined) return costs[0];
  let sum: Charges | undefined;
  let source: Cost['source'] = 'provider';
  for (const { cost, unpriced: reason } of costs) {
    if (cost === undefined) return unpriced(reason);
    const charges = toCharges(cost);
    sum = sum === undefined ? charges : addCharges(sum, charges);
    if (cost.source === 'local') source = 'local';
  }
  return sum === undefined ? unpriced('no_usage') : toCost(sum, source);
}

function toCharges(cost: Cost): Charges {
  const total = fromDollars(cost.amount);
  const { input, output, cacheRead, cacheWrite, requests, approximate } = cost;
  if (input === undefined || output === undefined) return { total, approximate };
  return {
    total,
    approximate,
    parts: {
      input: fromDollars(input),
      output: fromDollars(output),
      cacheRead: fromDollars(cacheRead ?? 0),
      cacheWrite: fromDollars(cacheWrite ?? 0),
      requests: fromDollars(requests ?? 0),
    },
  };
}

/**
 * What the provider says the call cost. With a key of the caller's own, OpenRouter's `cost` is its fee
 * alone, and what the other provider takes stands beside it, or nowhere.
 */
export function reportedDollars({ reportedCost, reported }: Usage): number | undefined {
  if (reportedCost === undefined || !Number.isFinite(reportedCost) || reportedCost < 0)
    return undefined;
  if (reported.is_byok !== true) return reportedCost;
  const details = reported.cost_details;
  const upstream: unknown =
    typeof details === 'object' && details !== null
      ? Reflect.get(details, 'upstream_inference_cost')
      : undefined;
  const isKnown = typeof upstream === 'number' && Number.isFinite(upstream) && upstream >= 0;
  return isKnown ? toDollars(fromDollars(reportedCost + upstream)) : undefined;
}
