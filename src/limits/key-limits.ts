import type { Clock } from '../pipeline/clock.js';
import type { LimitName, LimitUnit } from '../pipeline/limit-types.js';
import type { Hold, HoldUp, Limits, Weights } from './limits.js';
import { type BucketSize, TokenBucket } from './token-bucket.js';
import { WaitingLine } from './waiting-line.js';

/** One rate that holds. */
export interface RateSpec {
  readonly name: LimitName;
  readonly unit: LimitUnit;
  readonly size: BucketSize;
}

/** The limits of one key in this process. */
export class KeyLimits implements Limits {
  readonly #clock: Clock;
  readonly #rates: readonly (readonly [RateSpec, TokenBucket])[];
  readonly #concurrency: number;
  readonly line: WaitingLine;
  readonly isClosed = false;
  running = 0;

  constructor(clock: Clock, rates: readonly RateSpec[], concurrency = Number.POSITIVE_INFINITY) {
    const now = clock.now();
    this.#clock = clock;
    this.#rates = rates.map((rate) => [rate, new TokenBucket(rate.size, now)] as const);
    this.#concurrency = concurrency;
    this.line = new WaitingLine((delayMs, callback) => clock.timer(delayMs, callback));
  }

  /** Whether {@link tryTake} would. */
  has(weights: Weights): boolean {
    if (this.running >= this.#concurrency) return false;
    const now = this.#clock.now();
    for (const [{ unit }, bucket] of this.#rates) {
      if (!bucket.has(weights[unit], now)) return false;
    }
    return true;
  }

  tryTake(weights: Weights): Hold | undefined {
    if (!this.has(weights)) return undefined;
    const now = this.#clock.now();
    for (const [{ unit }, bucket] of this.#rates) bucket.take(weights[unit], now);
    this.running += 1;
    return { settle: (actual) => this.#settle(weights, actual) };
  }

  lookAgainMs(weights: Weights): number | undefined {
    return this.holdUp(weights).waitMs;
  }

  holdUp(weights: Weights, ahead = 0): HoldUp {
    const now = this.#clock.now();
    let worst: HoldUp = {
      name: 'concurrency',
      amount: this.#concurrency,
      left: this.#concurrency - this.running,
    };
    if (worst.left <= 0) return worst;
    for (const [{ name, unit, size }, bucket] of this.#rates) {
      const waitMs = bucket.waitMs(weights[unit], now, ahead * weights[unit]);
      if (worst.waitMs === undefined || waitMs > worst.waitMs) {
        worst = { name, waitMs, amount: size.amount, left: bucket.level(now) };
      }
    }
    return worst;
  }

  #settle(reserved: Weights, actual: Weights): void {
    const now = this.#clock.now();
    this.running -= 1;
    for (const [{ unit }, bucket] of this.#rates) {
      const unused = reserved[unit] - actual[unit];
      if (unused > 0) bucket.give(unused, now);
      else if (unused < 0) bucket.take(-unused, now);
    }
    this.line.wake();
  }

  /** A request was let through by somebody else: it counts here as far as there is something to take it from. */
  note(weights: Weights): Hold {
    const now = this.#clock.now();
    for (const [{ unit }, bucket] of this.#rates) bucket.takeWhatIsThere(weights[unit], now);
    this.running += 1;
    return { settle: (actual) => this.#settleNoted(weights, actual) };
  }

  #settleNoted(reserved: Weights, actual: Weights): void {
    const now = this.#clock.now();
    this.running -= 1;
    for (const [{ unit }, bucket] of this.#rates) {
      const more = actual[unit] - reserved[unit];
      if (more > 0) bucket.takeWhatIsThere(more, now);
    }
  }

  get isIdle(): boolean {
    const now = this.#clock.now();
    return (
      this.running === 0 &&
      this.line.size === 0 &&
      this.#rates.every(([, bucket]) => bucket.isFull(now))
    );
  }
}
