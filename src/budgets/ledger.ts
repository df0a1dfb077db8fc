import type { BudgetAddition } from '../pipeline/budget-types.js';
import { type Amount, toAmount, toNumber } from './amount.js';
import type { StoreLink } from './store-link.js';

/** An answer of the store, which memory gives at once; `undefined` where it cannot be had. */
export type Told<Value> = Value | undefined | Promise<Value | undefined>;

/** What is sent to the store together. */
interface Batch {
  readonly amount: Amount;
  readonly addition: BudgetAddition;
  readonly waiting: readonly Waiting[];
  /** It was sent, and may still be answered. */
  isOut: boolean;
  /** It is waited for. */
  isAwaited: boolean;
}

/** Who wants to know the total right after its own part of a batch. */
interface Waiting {
  /** The batch up to here. */
  readonly place: Amount;
  readonly resolve: (total: Amount | undefined) => void;
}

/**
 * One amount at the store, as this process sees it. There is never more than one addition under way: what
 * comes meanwhile goes together with the next one. So an addition of which nothing is heard can be sent again
 * as it was, and what a store cannot take is simply not sent yet.
 */
export class Ledger {
  readonly key: string;
  readonly #expiresAt: number | undefined;
  readonly #link: StoreLink;
  /** Set aside for calls under way, in what was added. */
  held: Amount = 0n;
  /** The total when the store last told. */
  #known: Amount = 0n;
  #unsent: Amount = 0n;
  #waiting: Waiting[] = [];
  #batch: Batch | undefined;

  constructor(link: StoreLink, key: string, expiresAt: number | undefined) {
    this.#link = link;
    this.key = key;
    this.#expiresAt = expiresAt;
  }

  /** As far as this process knows. */
  get total(): Amount {
    return this.#known + this.unconfirmed;
  }

  /** What the store is not known to have. */
  get unconfirmed(): Amount {
    return (this.#batch?.amount ?? 0n) + this.#unsent;
  }

  /** Whether nothing here is needed any more. */
  get isQuiet(): boolean {
    return this.held === 0n && this.#batch === undefined && this.#unsent === 0n;
  }

  /** Adds; gives the total right after, where the store tells. */
  add(amount: Amount): Told<Amount> {
    this.#unsent += amount;
    let told: Amount | undefined;
    let isTold = false;
    const { promise, resolve } = Promise.withResolvers<Amount | undefined>();
    const waiting: Waiting = {
      place: this.#unsent,
      resolve(total) {
        told = total;
        isTold = true;
        resolve(total);
      },
    };
    this.#waiting.push(waiting);
    this.send();
    return isTold ? told : promise;
  }

  /** Sends what is to be sent, unless something is under way. */
  send(): void {
    if (this.#batch?.isOut) {
      if (!this.#batch.isAwaited) this.#giveUpWaiting();
      return;
    }
    if (this.#batch === undefined && this.#waiting.length === 0 && this.#unsent === 0n) return;
    const batch = this.#batch ?? this.#nextBatch();
    this.#batch = batch;
    batch.isOut = true;
    batch.isAwaited = true;
    const { store } = this.#link;
    const wasAsked = this.#link.run<number>(
      () => store.add(this.key, toNumber(batch.amount), this.#expiresAt, batch.addition),
      {
        answered: (total) => this.#answered(batch, total),
        failed: () => this.#goneWrong(batch, false),
        late: () => this.#goneWrong(batch, store.countsOnce !== true),
      },
    );
    if (!wasAsked) this.#goneWrong(batch, false);
  }

  #nextBatch(): Batch {
    const batch: Batch = {
      amount: this.#unsent,
      addition: this.#link.nextAddition(),
      waiting: this.#waiting,
      isOut: false,
      isAwaited: false,
    };
    this.#unsent = 0n;
    this.#waiting = [];
    return batch;
  }

  #answered(batch: Batch, total: number): void {
    // Sent twice, and answered twice.
    if (this.#batch !== batch) return;
    this.#batch = undefined;
    this.#known = toAmount(total);
    for (const { place, resolve } of batch.waiting) resolve(this.#known - batch.amount + place);
    this.send();
  }

  /** @param staysOut what it comes to is still to be heard, and until then it is not to be sent again */
  #goneWrong(batch: Batch, staysOut: boolean): void {
    if (this.#batch !== batch) return;
    batch.isOut = staysOut;
    batch.isAwaited = false;
    for (const { resolve } of batch.waiting) resolve(undefined);
    this.#giveUpWaiting();
    if (!staysOut) this.#link.later(this);
  }

  /** Nobody waits for a store that does not answer. What they added is kept. */
  #giveUpWaiting(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
  }

  /** Begins at 0, but for what is held; `false` where the store cannot be had. */
  async reset(): Promise<boolean> {
    const total = await this.refresh();
    if (total === undefined) return false;
    if (!this.isQuiet) return (await this.add(this.held - total)) !== undefined;
    const wasReset = await ask(
      this.#link,
      async () => {
        await this.#link.store.reset(this.key);
        return 0;
      },
      () => {
        this.#known = 0n;
        return true;
      },
    );
    return wasReset === true;
  }

  /** Asks the store for the total. */
  refresh(): Told<Amount> {
    const { store } = this.#link;
    return ask(
      this.#link,
      () => store.get(this.key),
      (total) => {
        this.#known = toAmount(total);
        return this.total;
      },
    );
  }
}

/** Asks a store for a number. */
export function ask<Value>(
  link: StoreLink,
  work: () => number | Promise<number>,
  read: (answer: number) => Value,
): Told<Value> {
  const { promise, resolve } = Promise.withResolvers<Value | undefined>();
  let told: Value | undefined;
  let isTold = false;
  const tell = (value: Value | undefined): void => {
    told = value;
    isTold = true;
    resolve(value);
  };
  const wasAsked = link.run(work, {
    answered: (answer) => tell(isTold ? undefined : read(answer)),
    failed: () => tell(undefined),
    late: () => tell(undefined),
  });
  return !wasAsked || isTold ? told : promise;
}
