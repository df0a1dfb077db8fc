import type { BudgetStore } from '../pipeline/budget-types.js';
import { type Amount, toAmount, toNumber } from './amount.js';

/** Options of {@link memoryBudgetStore}. */
export interface MemoryBudgetStoreOptions {
  /** Milliseconds since the epoch, as those who add to it have them. @defaultValue `Date.now` */
  readonly now?: (() => number) | undefined;
}

interface Entry {
  readonly total: Amount;
  readonly expiresAt: number;
}

/** Entries that are looked at for one that has expired, with each addition: more than are added. */
const LOOK = 4;

/** Amounts in the memory of this process. Exact; what has expired goes, so that it holds no more than is counted. */
export function memoryBudgetStore({ now = Date.now }: MemoryBudgetStoreOptions = {}): BudgetStore {
  const entries = new Map<string, Entry>();
  let sweep = entries.entries();
  const totalOf = (key: string): Amount => {
    const entry = entries.get(key);
    return entry && entry.expiresAt > now() ? entry.total : 0n;
  };
  const dropExpired = (): void => {
    for (let looked = 0; looked < LOOK; looked += 1) {
      const next = sweep.next();
      if (next.done) {
        sweep = entries.entries();
        return;
      }
      const [key, { expiresAt }] = next.value;
      if (expiresAt <= now()) entries.delete(key);
    }
  };
  return {
    add(key, amount, expiresAt = Number.POSITIVE_INFINITY) {
      const total = totalOf(key) + toAmount(amount);
      entries.set(key, { total, expiresAt });
      dropExpired();
      return toNumber(total);
    },
    get: (key) => toNumber(totalOf(key)),
    reset: (key) => void entries.delete(key),
    sum: (keys) => toNumber(keys.reduce((sum, key) => sum + totalOf(key), 0n)),
  };
}
