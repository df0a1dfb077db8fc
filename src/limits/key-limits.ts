import type { Clock } from '../pipeline/clock.js';
import type { LimitName, LimitUnit } from '../pipeline/limit-types.js';
import { type BucketSize, TokenBucket } from './token-bucket.js';
import { WaitingLine } from './waiting-line.js';

/** What a request weighs, in each unit. */
export type Weights = Readonly<Record<LimitUnit, number>>;

/** One rate that holds. */
export interface RateSpec {
  readonly name: LimitName;
  readonly unit: LimitUnit;
  readonly size: BucketSize;
}

/** The limits of one key, and who waits for them. */
export class KeyLimits {
  readonly #clock: Clock;
  readonly #rates: readonly (readonly [RateSpec, TokenBucket])[];
  readonly #concurrency: number;
  readonly line: WaitingLine;
  /** Requests that are under way. */
  running = 0;

  constructor(clock: Clock, rates: readonly RateSpec[], concurrency = Number.POSITIVE_INFINITY) {
    const now = clock.now();
    this.#clock = clock;
    this.#rates = rates.map((rate) => [rate, new TokenBucket(rate.size, now)] as const);
    this.#concurrency = concurrency;
    this.line = new WaitingLine((delayMs, callback) => clock.timer(delayMs, callback));
  }

  /** Takes what a request weighs, of every limit or of none. */
  tryTake(weights: Weights): boolean {
    if (this.running >= this.#concurrency) return false;
    const now = this.#clock.now();
    for (const [{ unit }, bucket] of this.#rates) {
      if (!bucket.has(weights[unit], now)) return false;
    }
    for (const [{ unit }, bucket] of this.#rates) bucket.take(weights[unit], now);
    this.running += 1;
    return true;
  }

  /** The limit that holds a request up longest, behind `ahead` like it; `waitMs` is absent where only the end of another one helps. */
  holdUp(
    weights: Weights,
    ahead = 0,
  ): { name: LimitName; waitMs?: number; amount: number; left: number } {
    const now = this.#clock.now();
    let worst: { name: LimitName; waitMs?: number; amount: number; left: number } = {
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

  /** A request is over: what it turned out to weigh takes the place of what it was thought to. */
  settle(reserved: Weights, actual: Weights): void {
    const now = this.#clock.now();
    this.running -= 1;
    for (const [{ unit }, bucket] of this.#rates) {
      const unused = reserved[unit] - actual[unit];
      if (unused > 0) bucket.give(unused, now);
      else if (unused < 0) bucket.take(-unused, now);
    }
    this.line.wake();
  }

  /** What a provider says is left of a unit, within an interval. */
  lower(unit: LimitUnit, intervalMs: number, level: number): void {
    const now = this.#clock.now();
    for (const [rate, bucket] of this.#rates) {
      if (rate.unit === unit && rate.size.intervalMs === intervalMs) bucket.lower(level, now);
    }
  }

  /** Nobody would miss it: as if it had never been used. */
  get isIdle(): boolean {
    const now = this.#clock.now();
    return (
      this.running === 0 &&
      this.line.size === 0 &&
      this.#rates.every(([, bucket]) => bucket.isFull(now))
    );
  }
}
