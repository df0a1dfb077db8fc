import type { Clock } from '../pipeline/clock.js';

const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 1_000;
/** With its jitter, and the two seconds that a Redis client may take to connect, a store that is back is used within five. */
const MAX_OPEN_MS = 2_000;
/** A wait is shorter or longer by up to this share, so that processes do not come back in step. */
const JITTER = 0.25;

/** Stands for an operation that was let through; made by {@link StoreBreaker.admit}. */
export type Ticket = number;

/**
 * Stops asking a store that fails. Five failures in a row open it; after a while one operation is let
 * through to see, and what comes of it closes it again or keeps it open for twice as long.
 */
export class StoreBreaker {
  readonly #clock: Clock;
  #isOpen = false;
  #isProbing = false;
  #failures = 0;
  #opensFor = FIRST_OPEN_MS;
  #openUntil = 0;
  /** Counts changes of state: results of operations that began before the last one say nothing. */
  #era: Ticket = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A ticket to hand back with the result, or `undefined` where the store is not to be asked now. */
  admit(): Ticket | undefined {
    if (!this.#isOpen) return this.#era;
    if (this.#isProbing || this.#clock.now() < this.#openUntil) return undefined;
    this.#isProbing = true;
    return this.#era;
  }

  /** Tells that an operation succeeded; returns whether that closed the breaker. */
  succeeded(ticket: Ticket): boolean {
    if (ticket !== this.#era) return false;
    this.#failures = 0;
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.#isProbing = false;
    this.#opensFor = FIRST_OPEN_MS;
    this.#era += 1;
    return true;
  }

  /** Tells that an operation failed; returns whether that opened the breaker, which was closed. */
  failed(ticket: Ticket): boolean {
    if (ticket !== this.#era) return false;
    this.#failures += 1;
    const wasOpen = this.#isOpen;
    if (!wasOpen && this.#failures < FAILURES_TO_OPEN) return false;
    const jitter = 1 - JITTER + 2 * JITTER * this.#clock.random();
    this.#openUntil = this.#clock.now() + this.#opensFor * jitter;
    this.#opensFor = Math.min(MAX_OPEN_MS, this.#opensFor * 2);
    this.#isOpen = true;
    this.#isProbing = false;
    this.#failures = 0;
    this.#era += 1;
    return !wasOpen;
  }
}
