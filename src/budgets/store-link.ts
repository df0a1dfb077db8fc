import type { BudgetAddition, BudgetCounters, BudgetStore } from '../pipeline/budget-types.js';
import { type Clock, MAX_TIMER_MS } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import { isThenable } from '../pipeline/is-thenable.js';
import { StoreBreaker, type Ticket } from '../stores/store-breaker.js';

/** What a link to a store is made with. */
export interface StoreLinkInit {
  readonly store: BudgetStore;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What has something for the store. */
export interface Sender {
  /** Sends it, as far as the store may be asked. */
  send(): void;
}

/** What comes of an operation: one of the three at first, and an answer perhaps later. */
export interface Outcome<Value> {
  answered(value: Value): void;
  failed(): void;
  late(): void;
}

/** How often a store that failed is asked again where no call does so, in ms. */
const RETRY_MS = 1_000;
const WARN_EVERY_MS = 60_000;
/** Senders that are heard at a time. */
const MAX_AT_ONCE = 32;

/**
 * The way to a store: each operation has its own deadline, and a store that fails five times in a row is left
 * alone for a while. A store that answers at once, as memory does, has neither.
 */
export class StoreLink {
  readonly store: BudgetStore;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #breaker: StoreBreaker;
  readonly #writer = crypto.randomUUID();
  readonly #unsent = new Set<Sender>();
  readonly #running = new Set<Promise<void>>();
  readonly #counters = { failures: 0, timeouts: 0, skipped: 0 };
  #sequence = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #stopRetry: (() => void) | undefined;

  constructor({ store, timeoutMs, clock, logger }: StoreLinkInit) {
    this.store = store;
    this.#timeoutMs = Math.min(timeoutMs, MAX_TIMER_MS);
    this.#clock = clock;
    this.#logger = logger;
    this.#breaker = new StoreBreaker(clock);
  }

  get counters(): BudgetCounters {
    return { ...this.#counters, unsent: this.#unsent.size };
  }

  nextAddition(): BudgetAddition {
    this.#sequence += 1;
    return { writer: this.#writer, sequence: this.#sequence };
  }

  /** Asks the store; `false` where it is left alone. Nothing of `outcome` is called before it is known. */
  run<Value>(work: () => Value | Promise<Value>, outcome: Outcome<Value>): boolean {
    const ticket = this.#breaker.admit();
    if (ticket === undefined) {
      this.#counters.skipped += 1;
      return false;
    }
    let result: Value | Promise<Value>;
    try {
      result = work();
    } catch (error) {
      this.#failed(ticket, error);
      outcome.failed();
      return true;
    }
    if (isThenable(result)) {
      // Whoever gives a promise gives one of the value.
      this.#await(result as Promise<Value>, ticket, outcome);
      return true;
    }
    this.#breaker.succeeded(ticket);
    outcome.answered(result as Value);
    return true;
  }

  #await<Value>(result: Promise<Value>, ticket: Ticket, outcome: Outcome<Value>): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.add(promise);
    // Somebody waits for this, and a store that hangs may have nothing that keeps the process alive.
    const alive = setInterval(() => undefined, MAX_TIMER_MS);
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      cancel();
      clearInterval(alive);
      this.#running.delete(promise);
      resolve();
      return true;
    };
    const cancel = this.#clock.timer(this.#timeoutMs, () => {
      // After a busy stretch timers go off before answers are read that have long been there.
      setImmediate(() => {
        if (!end()) return;
        this.#counters.timeouts += 1;
        this.#trip(ticket, `no answer within ${this.#timeoutMs} ms`);
        outcome.late();
      });
    });
    result.then(
      (value) => {
        if (end()) this.#breaker.succeeded(ticket);
        outcome.answered(value);
        this.#hear(MAX_AT_ONCE);
      },
      (error: unknown) => {
        if (end()) this.#failed(ticket, error);
        outcome.failed();
      },
    );
  }

  #failed(ticket: Ticket, error: unknown): void {
    this.#counters.failures += 1;
    this.#trip(ticket, reasonOf(error));
  }

  #trip(ticket: Ticket, reason: string): void {
    this.#breaker.failed(ticket);
    const now = this.#clock.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    try {
      this.#logger.warn?.('a budget store failed', { reason });
    } catch {
      // A logger that fails must not fail a call.
    }
  }

  /** Has a sender heard again, once the store may be back. */
  later(sender: Sender): void {
    this.#unsent.add(sender);
    this.#stopRetry ??= this.#clock.timer(RETRY_MS, () => {
      this.#stopRetry = undefined;
      this.#hear(1);
    });
  }

  #hear(most: number): void {
    for (const sender of [...take(this.#unsent, most)]) {
      this.#unsent.delete(sender);
      sender.send();
    }
    const [next] = this.#unsent;
    if (next) this.later(next);
  }

  /** Sends what is kept, and resolves once all that is under way is answered or late. */
  async flush(): Promise<void> {
    this.#hear(this.#unsent.size);
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

function* take<Item>(items: Iterable<Item>, most: number): Generator<Item> {
  let left = most;
  for (const item of items) {
    if (left <= 0) return;
    left -= 1;
    yield item;
  }
}

/** The kind of an error and never its message, which may hold an address with its password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code ?? /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name).slice(0, 60);
}
