import { type Clock, MAX_TIMER_MS } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import { type CacheStore, isTimeToLive, type StoreCounters } from './cache-store.js';
import { StoreBreaker, type Ticket } from './store-breaker.js';

/** What a store can do, and may do badly: throw, reject, never answer. */
export interface StoreOperations {
  get(key: string): unknown;
  /** `false`, or a promise of it, says that nothing was stored. */
  set(key: string, value: unknown, ttlMs: number): unknown;
  delete(key: string): unknown;
  clear(): unknown;
}

/** Options of {@link GuardedStore}. */
export interface GuardOptions {
  /** How long an operation may take, in ms. @defaultValue 100 */
  readonly timeoutMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DEFAULT_TIMEOUT_MS = 100;
/** Kinds of failure that are told apart. */
const MAX_REASONS = 20;

/** What a value is given out as that the store could not read. No entry is spelled so. */
export const DAMAGED = 'damaged';

type OperationName = keyof StoreOperations;

/** An operation under way. */
interface Operation {
  readonly name: OperationName;
  readonly ticket: Ticket;
  /** How many errors the store had emitted when the operation began. */
  readonly errorsBefore: number;
}

/**
 * Keeps a store that is elsewhere from failing or delaying a call: each operation has its own deadline, and
 * a store that fails five times in a row is left alone for a while (1 s, then 2 s).
 * What comes after the deadline is ignored, though a value that is written late is written.
 */
export class GuardedStore implements CacheStore {
  readonly isExternal = true;
  readonly #store: StoreOperations;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #breaker: StoreBreaker;
  readonly #counters = { failures: 0, timeouts: 0, skipped: 0, evicted: 0 };
  /** Kinds of failure that were told, since the store was last left alone: each once. */
  readonly #warnedOf = new Set<string>();
  #errorsEmitted = 0;
  #lastEmitted: unknown;

  constructor(store: StoreOperations, options: GuardOptions) {
    this.#store = store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#timeoutMs = Math.min(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMER_MS);
    this.#breaker = new StoreBreaker(options.clock);
  }

  get counters(): StoreCounters {
    return { ...this.#counters };
  }

  /**
   * Takes an error that the store emitted instead of rejecting (`@keyv/redis` does, and answers `undefined`):
   * operations under way that come back without a value have failed.
   */
  noteError(error: unknown): void {
    this.#errorsEmitted += 1;
    this.#lastEmitted = error;
  }

  async get(key: string): Promise<unknown> {
    const value = await this.#run('get', () => this.#store.get(key));
    return value ?? undefined;
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<boolean> {
    if (!isTimeToLive(ttlMs)) return false;
    // Redis takes whole milliseconds only.
    return (await this.#run('set', () => this.#store.set(key, value, Math.ceil(ttlMs)))) === true;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#run('delete', () => this.#store.delete(key))) === true;
  }

  async clear(): Promise<boolean> {
    return (await this.#run('clear', () => this.#store.clear())) === true;
  }

  /** What the operation came to, `undefined` where it failed, was late, or was not tried. Never rejects. */
  #run(name: OperationName, work: () => unknown): Promise<unknown> {
    const ticket = this.#breaker.admit();
    if (ticket === undefined) {
      this.#counters.skipped += 1;
      return Promise.resolve(undefined);
    }
    const operation: Operation = { name, ticket, errorsBefore: this.#errorsEmitted };
    return new Promise((resolve) => {
      let isOver = false;
      const end = (conclude: () => unknown): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        clearInterval(alive);
        resolve(conclude());
      };
      // Somebody waits for this, and a store that hangs may have nothing that keeps the process alive.
      const alive = setInterval(() => undefined, MAX_TIMER_MS);
      const cancel = this.#clock.timer(this.#timeoutMs, () => {
        // After a busy stretch timers go off before answers are read that have long been there.
        setImmediate(() => end(() => this.#late(operation)));
      });
      // The second callback takes late rejections too, so that none is ever unhandled.
      started(work).then(
        (result) => end(() => this.#answered(operation, result)),
        (error: unknown) => end(() => this.#rejected(operation, error)),
      );
    });
  }

  #answered(operation: Operation, result: unknown): unknown {
    const { name, ticket, errorsBefore } = operation;
    const isValue = name === 'get' && result !== undefined && result !== null;
    if (!isValue && this.#errorsEmitted !== errorsBefore) {
      return this.#rejected(operation, this.#lastEmitted);
    }
    if (name === 'set' && result === false) return this.#failed(operation, 'not stored');
    if (this.#breaker.succeeded(ticket)) {
      this.#warnedOf.clear();
      this.#tell('debug', 'the cache store answers again', { operation: name });
    }
    // Only a delete has something to say by `false`; Keyv's `clear` and a bare `set` may answer nothing.
    return name === 'set' || name === 'clear' ? true : result;
  }

  /** A store that holds something that is no JSON is well; it is what it holds that is damaged. */
  #rejected(operation: Operation, error: unknown): unknown {
    if (operation.name !== 'get' || !(error instanceof SyntaxError)) {
      return this.#failed(operation, reasonOf(error));
    }
    this.#breaker.succeeded(operation.ticket);
    return DAMAGED;
  }

  #failed(operation: Operation, reason: string): undefined {
    this.#counters.failures += 1;
    this.#trip(operation, reason);
  }

  #late(operation: Operation): undefined {
    this.#counters.timeouts += 1;
    this.#trip(operation, `no answer within ${this.#timeoutMs} ms`);
  }

  #trip({ name, ticket }: Operation, reason: string): void {
    if (!this.#warnedOf.has(reason) && this.#warnedOf.size < MAX_REASONS) {
      this.#warnedOf.add(reason);
      this.#tell('warn', 'the cache store failed', { operation: name, reason });
    }
    this.#breaker.failed(ticket);
  }

  #tell(level: 'debug' | 'warn', message: string, detail: Readonly<Record<string, string>>): void {
    try {
      this.#logger[level]?.(message, detail);
    } catch {
      // A logger of the user's that throws must not keep an operation from ending.
    }
  }
}

/** Begins an operation; what it throws becomes a rejection. */
async function started(work: () => unknown): Promise<unknown> {
  return work();
}

/**
 * The kind of an error and never its message, which may hold an address with its password: a code such as
 * `ECONNREFUSED`, a Redis reply's first word such as `NOAUTH`, or the error's name.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code ?? /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name).slice(0, 60);
}
