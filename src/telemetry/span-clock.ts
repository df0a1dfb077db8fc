import type { HrTime } from '@opentelemetry/api';
import type { Clock } from '../pipeline/clock.js';

/** Times of one call for its spans: one reading of the wall clock, and monotonic from there. */
export class SpanClock {
  readonly #clock: Clock;
  readonly #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wallNow() - clock.now();
  }

  now(): number {
    return this.#clock.now();
  }

  /** Wall-clock ms of a monotonic time. */
  wall(at: number): number {
    return this.#offset + at;
  }

  /** A monotonic time as spans take it: a number would be guessed at. */
  hrTime(at: number): HrTime {
    const wall = this.wall(at);
    const seconds = Math.floor(wall / 1_000);
    return [seconds, Math.min(Math.round((wall - seconds * 1_000) * 1e6), 999_999_999)];
  }
}
