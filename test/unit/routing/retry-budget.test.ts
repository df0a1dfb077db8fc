import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../src/routing/retry-budget.js';

/** How many retries it lets begin at one moment. */
function beginAll(budget: RetryBudget, now: number): number {
  let begun = 0;
  while (begun < 1_000 && budget.begin(now)) begun += 1;
  return begun;
}

function endAll(budget: RetryBudget, count: number, hasFailed: boolean): void {
  for (let index = 0; index < count; index += 1) budget.end(hasFailed);
}

describe('a retry budget', () => {
  it('lends calls that failed at one moment a retry each, up to 500', () => {
    expect(beginAll(new RetryBudget(), 0)).toBe(500);
  });

  it('is full again where they are answered, or were never sent', () => {
    const budget = new RetryBudget();
    endAll(budget, beginAll(budget, 0), false);

    expect(beginAll(budget, 0)).toBe(500);
  });

  it('is in debt for what it holds where they all fail, and gains three a second', () => {
    const budget = new RetryBudget();
    endAll(budget, beginAll(budget, 0), true);

    expect(beginAll(budget, 33_000)).toBe(0);
    expect(budget.begin(34_000)).toBe(true);
  });

  it('lets a fifth of the calls be tried again in an outage', () => {
    const budget = new RetryBudget();
    endAll(budget, beginAll(budget, 0), true);
    let retried = 0;
    for (let call = 0; call < 10_000; call += 1) {
      budget.deposit();
      if (!budget.begin(0)) continue;
      retried += 1;
      budget.end(true);
    }

    expect(retried).toBeGreaterThan(1_800);
    expect(retried).toBeLessThanOrEqual(2_000);
  });
});
