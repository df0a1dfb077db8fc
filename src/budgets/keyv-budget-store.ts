import type { BudgetAddition, BudgetStore } from '../pipeline/budget-types.js';
import { GatewayError } from '../pipeline/errors.js';
import { type Amount, toAmount, toNumber } from './amount.js';

/** A Keyv instance (5.6 or 6.1 and later), as far as it is used. */
export interface BudgetKeyv {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  throwOnErrors?: boolean | undefined;
}

/** What is stored under a key. */
interface Stored {
  /** Decimal digits: JSON has no large whole numbers. */
  readonly total: string;
  /** The last addition of each writer that is known. */
  readonly last: Readonly<Record<string, number>>;
}

const NOTHING: Stored = { total: '0', last: {} };
/** Writers that are remembered for each key: one for every gateway of this process. */
const MAX_WRITERS = 20;

/**
 * Amounts in Keyv, so that they outlive the process. For one process at a time: Keyv cannot add, so that two
 * that do so at once lose what one of them added. For several there is `redisBudgetStore()`.
 *
 * @param keyv one of its own: it is set to throw on errors, as what cannot be read is not to be taken for 0
 * @throws {@link GatewayError} `zerohop_config` where it is no Keyv instance
 */
export function keyvBudgetStore(keyv: BudgetKeyv): BudgetStore {
  if (!isKeyv(keyv)) {
    throw new GatewayError('keyvBudgetStore: must be given a Keyv instance (5.6 or later)', {
      code: 'zerohop_config',
    });
  }
  return new KeyvBudgetStore(keyv);
}

function isKeyv(value: unknown): value is BudgetKeyv {
  if (typeof value !== 'object' || value === null) return false;
  return ['get', 'set', 'delete', 'on'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}

class KeyvBudgetStore implements BudgetStore {
  readonly countsOnce = true;
  readonly #keyv: BudgetKeyv;
  /** The last operation on each key that something is under way for. */
  readonly #last = new Map<string, Promise<unknown>>();
  #errors = 0;

  constructor(keyv: BudgetKeyv) {
    this.#keyv = keyv;
    // Keyv 5 answers a reading that failed as if nothing were there; what a storage adapter emits, both majors do.
    keyv.throwOnErrors = true;
    keyv.on('error', () => {
      this.#errors += 1;
    });
  }

  add(
    key: string,
    amount: number,
    expiresAt: number | undefined,
    { writer, sequence }: BudgetAddition,
  ): Promise<number> {
    return this.#inTurn(key, async () => {
      const { total, last } = await this.#read(key);
      if ((last[writer] ?? 0) >= sequence) return toNumber(BigInt(total));
      const sum: Amount = BigInt(total) + toAmount(amount);
      const others = Object.entries(last).filter(([name]) => name !== writer);
      const kept = [...others.slice(1 - MAX_WRITERS), [writer, sequence] as const];
      const stored: Stored = { total: String(sum), last: Object.fromEntries(kept) };
      const ttl = expiresAt === undefined ? undefined : Math.max(1, expiresAt - Date.now());
      const isStored = await this.#whole(() => this.#keyv.set(key, stored, ttl));
      if (isStored === false) throw new Error('not stored');
      return toNumber(sum);
    });
  }

  get(key: string): Promise<number> {
    return this.#inTurn(key, async () => toNumber(BigInt((await this.#read(key)).total)));
  }

  reset(key: string): Promise<unknown> {
    return this.#inTurn(key, () => this.#whole(() => this.#keyv.delete(key)));
  }

  async #read(key: string): Promise<Stored> {
    const value = await this.#whole(() => this.#keyv.get(key));
    return isEntry(value) ? value : NOTHING;
  }

  /** The answer to an operation; rejects where the store emitted an error meanwhile. */
  async #whole(work: () => Promise<unknown>): Promise<unknown> {
    const before = this.#errors;
    const answer = await work();
    if (this.#errors !== before) throw new Error('the store failed');
    return answer;
  }

  /** Operations on a key one after the other: an addition is a reading and a writing. */
  #inTurn<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const done = before.then(work, work);
    const marked = done.catch(() => undefined);
    this.#last.set(key, marked);
    void marked.then(() => {
      if (this.#last.get(key) === marked) this.#last.delete(key);
    });
    return done;
  }
}

function isEntry(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false;
  const total: unknown = Reflect.get(value, 'total');
  const last: unknown = Reflect.get(value, 'last');
  return (
    typeof total === 'string' && /^-?\d+$/.test(total) && typeof last === 'object' && last !== null
  );
}
