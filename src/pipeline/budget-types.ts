/**
 * What budgets are set up with, and what they say. Types and their rules only; the budgets themselves are
 * in `budgets/`.
 */
import type { Duration } from './cache-types.js';
import type { GatewayContext } from './contract.js';

/** What a budget counts: US dollars, or input and output tokens together. */
export type BudgetUnit = 'cost' | 'tokens';

/** The first day of a week. */
export type Weekday =
  | 'monday'
  | 'tuesday'
  | 'wednesday'
  | 'thursday'
  | 'friday'
  | 'saturday'
  | 'sunday';

/** A period of the calendar, as it begins in a time zone. */
export interface CalendarPeriod {
  readonly every: 'day' | 'week' | 'month';
  /** IANA name, such as `'Europe/Berlin'`. @defaultValue 'UTC' */
  readonly timeZone?: string | undefined;
  /**
   * Of a week its first day, of a month the day of the month that it begins on, from 1 to 31; a month that has no
   * such day begins on its last one.
   *
   * @defaultValue 'monday', 1
   */
  readonly startsOn?: Weekday | number | undefined;
}

/** For how long is counted, before it begins at 0 again. */
export type BudgetPeriod =
  /** Windows of this length, one after the other since the epoch (`'1h'`: from full hour to full hour, UTC). */
  | Duration
  /** At any time the last so long, in steps of a sixtieth of it. */
  | { readonly rolling: Duration }
  | CalendarPeriod
  /** For ever. */
  | 'total';

/** What is done with a call that goes over a budget. */
export type BudgetAnswer =
  /** It is refused: an error of the SDK's 429 class, `code: 'zerohop_budget'`. */
  | 'reject'
  /** Nothing but to say so: for a budget on trial. Routes do not see it. */
  | 'report'
  /** It goes on, and routes see it: `when(overBudget('monthly'), cheaper, primary)`. */
  | 'allow'
  /** The client is asked for this model instead. */
  | { readonly useModel: string };

/** A call that goes over a budget. */
export interface ExceededBudget {
  readonly name: string;
  /** What it is counted under. */
  readonly key: string;
  /** The model that the call asks for. */
  readonly model: string | undefined;
  readonly unit: BudgetUnit;
  /** What had been spent and set aside before it. */
  readonly spent: number;
  readonly limit: number;
  readonly context: GatewayContext;
}

/** A limit of what is spent. One of `cost` and `tokens`, or both. */
export interface BudgetOptions {
  /** Unique in a gateway; in errors, decisions and events. Letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** Counts apart by what it gives: a user, a team, whatever the metadata say. Calls without it share the key `default`; one of more than 200 characters is held by its digest. @defaultValue one key for all */
  readonly by?: ((context: GatewayContext) => string | undefined) | undefined;
  /** Counts the calls that ask for this model, and no others. */
  readonly model?: string | undefined;
  /** Counts the models apart, each up to the limit. Not beside `model`. @defaultValue false */
  readonly perModel?: boolean | undefined;
  /** US dollars. What has no price is not counted. */
  readonly cost?: number | undefined;
  /** Input and output together. */
  readonly tokens?: number | undefined;
  readonly period: BudgetPeriod;
  /** Shares of the limit at which there is an event, once for each key and period: `[0.8]`. @defaultValue none */
  readonly soft?: readonly number[] | undefined;
  /** @defaultValue 'reject' */
  readonly onExceeded?: BudgetAnswer | ((exceeded: ExceededBudget) => BudgetAnswer) | undefined;
  /** Where it is kept: `redisBudgetStore()` for several processes. @defaultValue memory of this process */
  readonly store?: BudgetStore | undefined;
  /** How long an operation of a store that is elsewhere may take. @defaultValue 100 ms */
  readonly storeTimeout?: Duration | undefined;
  /** Where the store cannot be had: `'open'` goes by what this process knows, `'closed'` refuses. @defaultValue 'open' */
  readonly onStoreDown?: 'open' | 'closed' | undefined;
  /** Keys that are told apart at once; others share the key `other`. @defaultValue 10_000 */
  readonly maxKeys?: number | undefined;
}

/** Tells an addition from others, so that one that is sent again counts once. */
export interface BudgetAddition {
  /** Who adds: another one for every process. */
  readonly writer: string;
  /** Greater with every addition of a writer to a key. */
  readonly sequence: number;
}

/** Where budgets are kept. What fails or is late holds no call up, and is added when the store is back. */
export interface BudgetStore {
  /**
   * Adds to an amount, which may be less than nothing, and gives the new total. A rejection says that nothing
   * was added.
   *
   * @param expiresAt wall clock in ms after which the amount is of no use; absent where it is never so
   */
  add(
    key: string,
    amount: number,
    expiresAt: number | undefined,
    addition: BudgetAddition,
  ): number | Promise<number>;
  /** 0 where there is nothing. */
  get(key: string): number | Promise<number>;
  reset(key: string): unknown;
  /** Of several amounts, for rolling periods. @defaultValue one `get()` for each */
  sum?(keys: readonly string[]): number | Promise<number>;
  /** An addition counts once, however often it is sent: it may be sent again before it is known what came of it. @defaultValue false */
  readonly countsOnce?: boolean | undefined;
}

/** Something to know about a budget. */
export interface BudgetEvent {
  /** A share of `soft` was reached, a call went over it, or its store could not be had (once a minute). */
  readonly kind: 'soft' | 'exceeded' | 'store_down';
  readonly name: string;
  readonly key: string;
  /** With `perModel`. */
  readonly model?: string | undefined;
  /** When the period began, `'total'`, or `'rolling'`. */
  readonly period: string;
  readonly unit: BudgetUnit;
  /** The share of `soft`. */
  readonly share?: number | undefined;
  /** Without what is set aside for calls under way. */
  readonly spent: number;
  readonly limit: number;
}

/** Which of a budget's amounts: a key of `by`, with the model where the budget tells them apart. */
export type BudgetKey =
  | string
  | { readonly key?: string | undefined; readonly model?: string | undefined };

/** What is spent, in one unit or both. */
export type BudgetSpending = { readonly [Unit in BudgetUnit]?: number | undefined };

/** One unit of a budget. */
export interface BudgetAmount {
  readonly limit: number;
  /** Without what is set aside by this process. */
  readonly spent: number;
  /** Set aside by this process, for calls under way. */
  readonly reserved: number;
}

/** A budget as it is for one key. */
export interface BudgetState {
  readonly name: string;
  readonly key: string;
  readonly model?: string | undefined;
  /** When the period began, `'total'`, or `'rolling'`. */
  readonly period: string;
  /** Wall clock in ms; absent where it never does, or all the time. */
  readonly endsAt?: number | undefined;
  readonly cost?: BudgetAmount | undefined;
  readonly tokens?: BudgetAmount | undefined;
  /** The store could not be had: this is what this process knows. */
  readonly isLocal: boolean;
}

/** A budget as a call would meet it. */
export interface ExplainedBudget extends BudgetState {
  /** The call would go over it, with what it is likely to take. */
  readonly exceeds: boolean;
  /** What is done with calls that do; absent where a function says so for each. */
  readonly onExceeded?: BudgetAnswer | undefined;
}

/** How a budget does, over the keys that this process has met in the period. */
export interface BudgetStats {
  readonly name: string;
  readonly keys: number;
  /** As far as this process knows. */
  readonly cost?: BudgetTotal | undefined;
  readonly tokens?: BudgetTotal | undefined;
  /** Calls that went over it, since the gateway was made. */
  readonly exceeded: number;
}

/** What is spent of a budget, and set aside for calls under way, over several keys. */
export type BudgetTotal = Pick<BudgetAmount, 'spent' | 'reserved'>;

/** What came of the operations of stores that are elsewhere. */
export interface BudgetCounters {
  /** Operations that failed. */
  readonly failures: number;
  /** Operations that did not answer in time. */
  readonly timeouts: number;
  /** Operations that were not tried, because the store had failed just before. */
  readonly skipped: number;
  /** Amounts that are kept here until a store is back. */
  readonly unsent: number;
}

/** The budgets of a gateway, to look at and to put right. */
export interface GatewayBudgets {
  /** @throws {@link GatewayError} `zerohop_config` for a name that is none */
  get(name: string, key?: BudgetKey): Promise<BudgetState>;
  /** Adds what was spent elsewhere, or takes something off. A number is in the budget's unit, where it has one only. */
  add(name: string, key: BudgetKey | undefined, amount: number | BudgetSpending): Promise<void>;
  /** Begins at 0 again; what is set aside by this process stays so. Rejects where the store cannot be had. */
  reset(name: string, key?: BudgetKey): Promise<void>;
  readonly counters: BudgetCounters;
}
