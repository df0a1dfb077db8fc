import type { Account } from './account.js';
import type { Amount } from './amount.js';
import type { Budget, Spending } from './budget.js';
import type { Meter, Reservation } from './meter.js';

/** How far a call goes over a budget. */
export interface Excess {
  readonly meter: Meter;
  /** The total before it. */
  readonly before: Amount;
  /** What would have to be free for it. */
  readonly needed: Amount;
}

const NOTHING: Spending = { cost: 0n, tokens: 0n };

/** What a budget has set aside for a call. */
export class Hold {
  readonly budget: Budget;
  readonly account: Account;
  /** How far the call goes over, if it does. */
  readonly excess: Excess | undefined;
  /** The store could not be had. */
  readonly isLocal: boolean;
  readonly #reservations: readonly Reservation[];

  constructor(budget: Budget, account: Account, reservations: readonly Reservation[]) {
    this.budget = budget;
    this.account = account;
    this.#reservations = reservations;
    this.isLocal = reservations.some(({ isLocal }) => isLocal);
    this.excess = this.#findExcess();
  }

  #findExcess(): Excess | undefined {
    let found: Excess | undefined;
    for (const { meter, amount, after, window } of this.#reservations) {
      const before = after - amount;
      // What has no estimate may still not begin where all is spent.
      if (after <= meter.limit && before < meter.limit) this.account.within(meter, window);
      else found ??= { meter, before, needed: max(after - meter.limit, 1n) };
    }
    return found;
  }

  /** Gives back what was set aside, and takes what was spent. To be called once. */
  async settle(spent: Spending): Promise<void> {
    await Promise.all(
      this.#reservations.map(async ({ meter, ledger, amount }) => {
        ledger.held -= amount;
        const difference = spent[meter.unit] - amount;
        // Memory has it at once: whoever asks next is to see it.
        const told = difference === 0n ? 0n : ledger.add(difference);
        if (told instanceof Promise) await told;
        this.budget.spentOn(this.account, meter);
      }),
    );
  }

  release(): Promise<void> {
    return this.settle(NOTHING);
  }
}

function max(one: Amount, other: Amount): Amount {
  return one > other ? one : other;
}
