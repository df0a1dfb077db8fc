import { createHash } from 'node:crypto';
import type {
  BudgetAnswer,
  BudgetEvent,
  BudgetKey,
  BudgetOptions,
  BudgetSpending,
  BudgetState,
  BudgetStats,
  BudgetUnit,
} from '../pipeline/budget-types.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext } from '../pipeline/contract.js';
import { Account, totalsOf } from './account.js';
import { type Amount, toAmount, toNumber } from './amount.js';
import { type Excess, Hold } from './hold.js';
import type { Meter } from './meter.js';
import { createPeriod, type Period } from './period.js';
import type { StoreLink } from './store-link.js';
import { together } from './together.js';

/** What a budget is made with. */
export interface BudgetDependencies {
  readonly clock: Clock;
  readonly link: StoreLink;
  /** The store is memory of this process: then time is what passes, and nobody's clock on the wall. */
  readonly isOwn: boolean;
  readonly emit: (event: BudgetEvent) => void;
}

/** A call, as a budget sees it. */
export interface BudgetedCall {
  readonly context: GatewayContext;
  readonly model: string | undefined;
  /** What is set aside for it. */
  readonly estimate: Spending;
}

/** What is spent, in each unit. */
export type Spending = Readonly<Record<BudgetUnit, Amount>>;

const DEFAULT_KEY = 'default';
const OTHER_KEY = 'other';
const DEFAULT_MAX_KEYS = 10_000;
const MAX_KEY = 200;
const STORE_DOWN_EVERY_MS = 60_000;
/** Keys that are looked at before one is given up for. */
const MAX_LOOKED = 8;
const UNITS: readonly BudgetUnit[] = ['cost', 'tokens'];

/** One budget, over all its keys. */
export class Budget {
  readonly name: string;
  readonly #options: BudgetOptions;
  readonly #deps: BudgetDependencies;
  readonly #period: Period;
  readonly #now: () => number;
  readonly #shares: readonly number[];
  readonly #accounts = new Map<string, Account>();
  #storeToldAt = Number.NEGATIVE_INFINITY;
  #exceeded = 0;

  constructor(options: BudgetOptions, deps: BudgetDependencies) {
    this.name = options.name;
    this.#options = options;
    this.#deps = deps;
    this.#period = createPeriod(options.period);
    this.#shares = [...(options.soft ?? [])].sort((one, other) => one - other);
    const { clock, isOwn } = deps;
    const origin = clock.wallNow() - clock.now();
    this.#now =
      isOwn && !this.#period.isCalendar ? () => origin + clock.now() : () => clock.wallNow();
  }

  /** Whether calls that ask for a model count. */
  covers(model: string | undefined): boolean {
    return this.#options.model === undefined || this.#options.model === model;
  }

  /** Sets aside what a call is likely to take. */
  reserve(call: BudgetedCall): Hold | Promise<Hold> {
    const account = this.#accountOf(this.keyOf(call.context), call.model);
    const at = this.#now();
    const reservations = account.meters.map((meter) =>
      meter.reserve(call.estimate[meter.unit], at),
    );
    const all = together(reservations);
    if (all instanceof Promise) return all.then((told) => new Hold(this, account, told));
    return new Hold(this, account, all);
  }

  /** What is done with a call that goes over; tells who listens. */
  answerTo(
    account: Account,
    excess: Excess,
    { context, model }: Pick<BudgetedCall, 'context' | 'model'>,
  ): BudgetAnswer {
    const { meter } = excess;
    this.#exceeded += 1;
    if (account.isFirstExcess(meter, this.#period.windowAt(this.#now()))) {
      this.#emit('exceeded', account, meter);
    }
    const { onExceeded = 'reject' } = this.#options;
    if (typeof onExceeded !== 'function') return onExceeded;
    try {
      const answer: unknown = onExceeded({
        name: this.name,
        key: account.key,
        model,
        unit: meter.unit,
        spent: toNumber(excess.before),
        limit: meter.limitNumber,
        context,
      });
      return isAnswer(answer) ? answer : 'reject';
    } catch {
      return 'reject';
    }
  }

  /** What is done with every call that goes over; `undefined` where a function says so for each. */
  get answer(): BudgetAnswer | undefined {
    const { onExceeded = 'reject' } = this.#options;
    return typeof onExceeded === 'function' ? undefined : onExceeded;
  }

  /** Whether a call is refused of which nobody knows whether it goes over. */
  get closesWithStore(): boolean {
    return this.#options.onStoreDown === 'closed';
  }

  storeDown(account: Account): void {
    const now = this.#deps.clock.now();
    const [meter] = account.meters;
    if (meter === undefined || now - this.#storeToldAt < STORE_DOWN_EVERY_MS) return;
    this.#storeToldAt = now;
    this.#emit('store_down', account, meter);
  }

  /** How long until a call may be let through, in ms. */
  waitMs({ meter, needed }: Excess): number | undefined {
    return meter.waitMs(needed, this.#now());
  }

  /** Tells of the shares that what is spent has come to. */
  spentOn(account: Account, meter: Meter): void {
    if (this.#shares.length === 0) return;
    const at = this.#now();
    const spent = meter.spent(at);
    const window = this.#period.windowAt(at);
    for (const share of account.newShares(meter, { shares: this.#shares, spent, window })) {
      this.#emit('soft', account, meter, share);
    }
  }

  #emit(kind: BudgetEvent['kind'], account: Account, meter: Meter, share?: number): void {
    const at = this.#now();
    this.#deps.emit({
      kind,
      name: this.name,
      key: account.key,
      ...(this.#options.perModel && { model: account.model }),
      period: meter.windowAt(at).label,
      unit: meter.unit,
      ...(share !== undefined && { share }),
      spent: toNumber(meter.spent(at)),
      limit: meter.limitNumber,
    });
  }

  stats(): BudgetStats {
    const totals = totalsOf(this.#accounts.values(), this.units, this.#now());
    return { name: this.name, keys: this.#accounts.size, ...totals, exceeded: this.#exceeded };
  }

  async state(which?: BudgetKey): Promise<BudgetState> {
    const account = this.#named(which);
    const at = this.#now();
    const readings = await Promise.all(account.meters.map((meter) => meter.read(at)));
    const amounts: Partial<Record<BudgetUnit, BudgetState['cost']>> = {};
    for (const [index, meter] of account.meters.entries()) {
      const reserved = meter.held;
      const total = readings[index]?.total ?? 0n;
      amounts[meter.unit] = {
        limit: meter.limitNumber,
        spent: toNumber(total - reserved),
        reserved: toNumber(reserved),
      };
    }
    const { label, endsAt } = this.#period.windowAt(at);
    const ends = this.#period.steps === 0 && endsAt !== Number.POSITIVE_INFINITY;
    return {
      name: this.name,
      key: account.key,
      ...(this.#options.perModel && { model: account.model }),
      period: label,
      ...(ends && { endsAt }),
      ...amounts,
      isLocal: readings.some(({ isLocal }) => isLocal),
    };
  }

  async add(which: BudgetKey | undefined, spending: BudgetSpending): Promise<void> {
    const account = this.#named(which);
    const at = this.#now();
    await Promise.all(
      account.meters.map(async (meter) => {
        await meter.add(toAmount(spending[meter.unit] ?? 0), at);
        this.spentOn(account, meter);
      }),
    );
  }

  /** `false` where the store cannot be had. */
  async reset(which?: BudgetKey): Promise<boolean> {
    const account = this.#named(which);
    const at = this.#now();
    const done = await Promise.all(account.meters.map((meter) => meter.reset(at)));
    account.forgetTold();
    return done.every(Boolean);
  }

  /** The units that it has limits in. */
  get units(): readonly BudgetUnit[] {
    return UNITS.filter((unit) => this.#options[unit] !== undefined);
  }

  #named(which: BudgetKey = DEFAULT_KEY): Account {
    const { key = DEFAULT_KEY, model } = typeof which === 'string' ? { key: which } : which;
    return this.#accountOf(shortened(key), model);
  }

  keyOf(context: GatewayContext): string {
    const { by } = this.#options;
    if (by === undefined) return DEFAULT_KEY;
    try {
      const given: unknown = by(context);
      return typeof given === 'string' && given !== '' ? shortened(given) : DEFAULT_KEY;
    } catch {
      return DEFAULT_KEY;
    }
  }

  #accountOf(key: string, asked: string | undefined): Account {
    const { perModel, maxKeys = DEFAULT_MAX_KEYS } = this.#options;
    const model = perModel ? shortened(asked ?? '') : this.#options.model;
    const id = perModel ? JSON.stringify([key, model]) : key;
    const known = this.#accounts.get(id);
    if (known) return known;
    if (this.#accounts.size >= maxKeys && key !== OTHER_KEY && !this.#forgetIdle()) {
      return this.#accountOf(OTHER_KEY, asked);
    }
    const { link } = this.#deps;
    const account = new Account({
      budget: this.name,
      id,
      key,
      model,
      limits: this.#options,
      period: this.#period,
      link,
    });
    this.#accounts.set(id, account);
    return account;
  }

  /** Forgets a key of which nothing would be lost, of those that came first; whether there was one. */
  #forgetIdle(): boolean {
    const at = this.#now();
    let looked = 0;
    for (const [id, account] of this.#accounts) {
      this.#accounts.delete(id);
      if (account.isIdle(at, !this.#deps.isOwn)) return true;
      // Those that are in use go to the end, so that the next look begins elsewhere.
      this.#accounts.set(id, account);
      looked += 1;
      if (looked >= MAX_LOOKED) return false;
    }
    return false;
  }
}

/** A key as it is held: one that is very long by its digest. */
function shortened(key: string): string {
  if (key.length <= MAX_KEY) return key;
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

function isAnswer(value: unknown): value is BudgetAnswer {
  if (value === 'reject' || value === 'report' || value === 'allow') return true;
  if (typeof value !== 'object' || value === null || !('useModel' in value)) return false;
  return typeof value.useModel === 'string' && value.useModel !== '';
}
