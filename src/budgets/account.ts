import type { BudgetOptions, BudgetTotal, BudgetUnit } from '../pipeline/budget-types.js';
import { type Amount, toNumber } from './amount.js';
import { Meter } from './meter.js';
import type { Period, Window } from './period.js';
import type { StoreLink } from './store-link.js';

/** What an account is made with. */
export interface AccountInit {
  readonly budget: string;
  /** Tells the accounts of a budget apart. */
  readonly id: string;
  readonly key: string;
  readonly model: string | undefined;
  readonly limits: Pick<BudgetOptions, BudgetUnit>;
  readonly period: Period;
  readonly link: StoreLink;
}

/** Shares of a limit that are looked at. */
interface Shares {
  readonly shares: readonly number[];
  readonly spent: Amount;
  readonly window: Window;
}

/** What is counted under one key of a budget. */
export class Account {
  readonly key: string;
  readonly model: string | undefined;
  readonly meters: readonly Meter[];
  /** In which window a share was told of, and, under 'exceeded', that a call went over. */
  readonly #told = new Map<string, string>();
  readonly #isRolling: boolean;

  constructor({ budget, id, key, model, limits, period, link }: AccountInit) {
    this.key = key;
    this.model = model;
    this.#isRolling = period.steps > 0;
    // In braces, so that a Redis cluster keeps together what is asked for together.
    const prefix = `zerohop:budget:{${budget}:${id}}`;
    const units: readonly BudgetUnit[] = ['cost', 'tokens'];
    this.meters = units.flatMap((unit) => {
      const limit = limits[unit];
      return limit === undefined ? [] : [new Meter({ unit, limit, period, link, prefix })];
    });
  }

  /** The shares that are reached, and had not been in this window. In a rolling one they count again once they are not. */
  newShares(meter: Meter, { shares, spent, window }: Shares): readonly number[] {
    return shares.filter((share) => {
      const isReached = Number(spent) >= share * Number(meter.limit);
      return this.#isNew(`${meter.unit}:${share}`, isReached, window);
    });
  }

  /** Whether no call had gone over in this window. */
  isFirstExcess(meter: Meter, window: Window): boolean {
    return this.#isNew(`${meter.unit}:exceeded`, true, window);
  }

  /** A call did not go over. */
  within(meter: Meter, window: Window): void {
    this.#isNew(`${meter.unit}:exceeded`, false, window);
  }

  #isNew(what: string, isSo: boolean, { id }: Window): boolean {
    const window = this.#isRolling ? 'rolling' : id;
    const wasSo = this.#told.get(what) === window;
    if (isSo) this.#told.set(what, window);
    else if (this.#isRolling) this.#told.delete(what);
    return isSo && !wasSo;
  }

  forgetTold(): void {
    this.#told.clear();
  }

  isIdle(at: number, isKeptElsewhere: boolean): boolean {
    return this.meters.every((meter) => meter.isIdle(at, isKeptElsewhere));
  }
}

/** What is spent and set aside in accounts together, as far as this process knows. */
export function totalsOf(
  accounts: Iterable<Account>,
  units: readonly BudgetUnit[],
  at: number,
): { readonly [Unit in BudgetUnit]?: BudgetTotal } {
  const meters = Array.from(accounts, (account) => account.meters).flat();
  const totals = units.map((unit): readonly [BudgetUnit, BudgetTotal] => {
    let spent = 0n;
    let reserved = 0n;
    for (const meter of meters) {
      if (meter.unit !== unit) continue;
      spent += meter.spent(at);
      reserved += meter.held;
    }
    return [unit, { spent: toNumber(spent), reserved: toNumber(reserved) }];
  });
  return Object.fromEntries(totals);
}
