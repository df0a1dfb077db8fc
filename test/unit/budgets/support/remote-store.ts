import { type Amount, toAmount, toNumber } from '../../../../src/budgets/amount.js';
import type { BudgetAddition, BudgetStore } from '../../../../src/pipeline/budget-types.js';

/** What a store elsewhere does with the next operation. */
export type Fate =
  /** Does it and says so. */
  | 'answers'
  /** Does nothing and says so. */
  | 'refuses'
  /** Does it, and the connection breaks before it can say so. */
  | 'breaks'
  /** Does it, and says so when it is told to. */
  | 'hangs';

/** A store elsewhere, as it may do badly. */
export interface RemoteStore extends BudgetStore {
  /** For the operations to come. */
  fate: Fate;
  readonly totals: ReadonlyMap<string, number>;
  readonly asked: readonly string[];
  /** Those that hang are answered. */
  answerAll(): void;
  /** The first of them is. */
  answerFirst(): void;
}

/** A store elsewhere that counts an addition once, unless it cannot tell. */
export function remoteStore({ countsOnce = true } = {}): RemoteStore {
  const amounts = new Map<string, Amount>();
  const seen = new Set<string>();
  const hanging: (() => void)[] = [];
  const asked: string[] = [];
  const totals = {
    get: (key: string) => {
      const amount = amounts.get(key);
      return amount === undefined ? undefined : toNumber(amount);
    },
  } as ReadonlyMap<string, number>;

  function operate(name: string, work: () => number): Promise<number> {
    asked.push(name);
    switch (store.fate) {
      case 'answers':
        return Promise.resolve(work());
      case 'refuses':
        return Promise.reject(new Error('READONLY'));
      case 'breaks':
        work();
        return Promise.reject(new Error('ECONNRESET'));
      case 'hangs': {
        const { promise, resolve } = Promise.withResolvers<number>();
        hanging.push(() => resolve(work()));
        return promise;
      }
    }
  }

  const store: RemoteStore = {
    fate: 'answers',
    totals,
    asked,
    countsOnce,
    add: (key, amount, _expiresAt, addition) =>
      operate(`add ${amount}`, () => {
        const total = amounts.get(key) ?? 0n;
        if (countsOnce && wasSeen(key, addition)) return toNumber(total);
        amounts.set(key, total + toAmount(amount));
        return toNumber(total + toAmount(amount));
      }),
    get: (key) => operate('get', () => totals.get(key) ?? 0),
    reset: (key) =>
      operate('reset', () => {
        amounts.delete(key);
        return 0;
      }),
    answerFirst() {
      hanging.shift()?.();
    },
    answerAll() {
      for (const answer of hanging.splice(0)) answer();
    },
  };
  function wasSeen(key: string, { writer, sequence }: BudgetAddition): boolean {
    const id = `${key} ${writer} ${sequence}`;
    if (seen.has(id)) return true;
    seen.add(id);
    return false;
  }
  return store;
}
