import type { BudgetUnit } from '../pipeline/budget-types.js';
import { isThenable } from '../pipeline/is-thenable.js';
import { type Amount, toAmount, toNumber } from './amount.js';
import { ask, Ledger, type Told } from './ledger.js';
import { countsUntil, keptUntil, type Period, type Window, windowsBeside } from './period.js';
import type { StoreLink } from './store-link.js';
import { together } from './together.js';

/** What a meter is made with. */
export interface MeterInit {
  readonly unit: BudgetUnit;
  readonly limit: number;
  readonly period: Period;
  readonly link: StoreLink;
  /** What its keys at the store begin with. */
  readonly prefix: string;
}

/** What was set aside for a call, and what that came to. */
export interface Reservation {
  readonly meter: Meter;
  readonly ledger: Ledger;
  readonly window: Window;
  readonly amount: Amount;
  /** The total right after. */
  readonly after: Amount;
  /** The total is what this process knows, as the store could not be had. */
  readonly isLocal: boolean;
}

/** A total, and how far it can be trusted. */
export interface Reading {
  readonly total: Amount;
  readonly isLocal: boolean;
}

interface Counted {
  readonly window: Window;
  readonly ledger: Ledger;
}

/** Counts one unit for one key of a budget, window after window. */
export class Meter {
  readonly unit: BudgetUnit;
  readonly limit: Amount;
  readonly limitNumber: number;
  readonly #period: Period;
  readonly #link: StoreLink;
  readonly #prefix: string;
  readonly #ledgers = new Map<string, Counted>();
  #current: Counted | undefined;
  /** The keys of the windows beside the current one. */
  #beside: readonly string[] = [];
  /** What was in them when the store last told. */
  #besideTotal: Amount = 0n;

  constructor({ unit, limit, period, link, prefix }: MeterInit) {
    this.unit = unit;
    this.limit = toAmount(limit);
    this.limitNumber = limit;
    this.#period = period;
    this.#link = link;
    this.#prefix = `${prefix}:${unit}`;
  }

  /** Sets something aside. */
  reserve(amount: Amount, at: number): Reservation | Promise<Reservation> {
    const { window, ledger } = this.#at(at);
    ledger.held += amount;
    const told = ledger.add(amount);
    // Now: others may come before the store answers.
    const here = this.#localTotal(at);
    const beside = this.#askBeside();
    const conclude = (total: Amount | undefined, others: Amount | undefined): Reservation => {
      const isLocal = total === undefined || others === undefined;
      const after = isLocal ? here : total + others;
      return { meter: this, ledger, window, amount, after, isLocal };
    };
    if (!isThenable(told) && !isThenable(beside)) return conclude(told, beside);
    return Promise.all([told, beside]).then(([total, others]) => conclude(total, others));
  }

  /** Adds what was spent without a reservation. */
  async add(amount: Amount, at: number): Promise<void> {
    await this.#at(at).ledger.add(amount);
  }

  /** The total as the store has it. */
  async read(at: number): Promise<Reading> {
    const { ledger } = this.#at(at);
    const [total, others] = await Promise.all([ledger.refresh(), this.#askBeside()]);
    return total === undefined || others === undefined
      ? { total: this.#localTotal(at), isLocal: true }
      : { total: total + others, isLocal: false };
  }

  /** Begins at 0, but for what is held; `false` where the store cannot be had. */
  async reset(at: number): Promise<boolean> {
    const { window, ledger } = this.#at(at);
    const all = [ledger, ...windowsBeside(this.#period, window).map((beside) => this.#of(beside))];
    const done = await Promise.all(all.map((one) => one.reset()));
    this.#besideTotal = 0n;
    return done.every(Boolean);
  }

  windowAt(at: number): Window {
    return this.#at(at).window;
  }

  /** Set aside by this process. */
  get held(): Amount {
    let held = 0n;
    for (const { ledger } of this.#ledgers.values()) held += ledger.held;
    return held;
  }

  /** What is spent in this window, as far as this process knows. */
  spent(at: number): Amount {
    return this.#at(at).ledger.total + this.#besideTotal - this.held;
  }

  /** Whether nothing would be lost without it. */
  isIdle(at: number, isKeptElsewhere: boolean): boolean {
    for (const { window, ledger } of this.#ledgers.values()) {
      if (!ledger.isQuiet) return false;
      if (!isKeptElsewhere && ledger.total !== 0n && countsUntil(this.#period, window) > at) {
        return false;
      }
    }
    return true;
  }

  /** How long until so much is free, in ms; `undefined` where that is not a matter of time. */
  waitMs(needed: Amount, at: number): number | undefined {
    const { window } = this.#at(at);
    if (this.#period.steps === 0) {
      return window.endsAt === Number.POSITIVE_INFINITY ? undefined : window.endsAt - at;
    }
    const byAge = [...this.#ledgers.values()].sort(
      (one, other) => one.window.startsAt - other.window.startsAt,
    );
    let freed = 0n;
    for (const { window: past, ledger } of byAge) {
      freed += ledger.total;
      if (freed >= needed) return countsUntil(this.#period, past) - at;
    }
    // Others have spent it.
    return countsUntil(this.#period, window) - at;
  }

  #at(at: number): Counted {
    const window = this.#period.windowAt(at);
    if (this.#current?.window.id === window.id) return this.#current;
    for (const [id, { window: past }] of this.#ledgers) {
      if (countsUntil(this.#period, past) <= at) this.#ledgers.delete(id);
    }
    this.#beside = windowsBeside(this.#period, window).map((beside) => this.#keyOf(beside));
    const counted = { window, ledger: this.#of(window) };
    this.#current = counted;
    return counted;
  }

  #of(window: Window): Ledger {
    const known = this.#ledgers.get(window.id);
    if (known) return known.ledger;
    const ledger = new Ledger(this.#link, this.#keyOf(window), keptUntil(this.#period, window));
    this.#ledgers.set(window.id, { window, ledger });
    return ledger;
  }

  #keyOf({ id }: Window): string {
    return `${this.#prefix}:${id}`;
  }

  #localTotal(at: number): Amount {
    let total = 0n;
    for (const { window, ledger } of this.#ledgers.values()) {
      if (countsUntil(this.#period, window) > at) total += ledger.total;
    }
    return total;
  }

  /** The total of the windows beside the current one. */
  #askBeside(): Told<Amount> {
    const keys = this.#beside;
    if (keys.length === 0) return 0n;
    const { store } = this.#link;
    return ask(
      this.#link,
      () => store.sum?.(keys) ?? sumOf(keys, (key) => store.get(key)),
      (total) => {
        this.#besideTotal = toAmount(total);
        for (const { ledger } of this.#ledgers.values()) {
          if (ledger !== this.#current?.ledger) this.#besideTotal += ledger.unconfirmed;
        }
        return this.#besideTotal;
      },
    );
  }
}

function sumOf(
  keys: readonly string[],
  get: (key: string) => number | Promise<number>,
): number | Promise<number> {
  const amounts = keys.map((key) => {
    try {
      return get(key);
    } catch (error) {
      // As the others may have: all of them are heard.
      return Promise.reject(error);
    }
  });
  const all = together(amounts);
  return all instanceof Promise ? all.then(exactSum) : exactSum(all);
}

function exactSum(amounts: readonly number[]): number {
  return toNumber(amounts.reduce((sum, amount) => sum + toAmount(amount), 0n));
}
