import type { Clock } from 'zerohop';
import { systemClock } from '../../../../src/pipeline/clock.js';

/** The machine's clock, whose back-off waits are written down and not waited. */
export class RecordingClock implements Clock {
  /** What was asked to be waited, in ms. */
  readonly waits: number[] = [];
  /** Set to let the waits be: each lasts until it is aborted. */
  isHolding = false;
  /** What is drawn from now on. @defaultValue both ends of the range, and between, by turns */
  chance: number | undefined;
  #draws = 0;
  #timers = 0;
  #onHold: (() => void) | undefined;

  wallNow = systemClock.wallNow;
  #skippedMs = 0;

  now(): number {
    return systemClock.now() + this.#skippedMs;
  }

  /** Lets time pass, but for timers that are running. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }

  random(): number {
    if (this.chance !== undefined) return this.chance;
    this.#draws += 1;
    return [0, 0.5, 0.999][this.#draws % 3] ?? 0;
  }

  delay(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.waits.push(delayMs);
    if (!this.isHolding) {
      signal?.throwIfAborted();
      return Promise.resolve();
    }
    this.#onHold?.();
    return systemClock.delay(delayMs, signal);
  }

  /** Resolves when a wait begins. */
  held(): Promise<void> {
    this.isHolding = true;
    return new Promise((resolve) => {
      this.#onHold = resolve;
    });
  }

  timer(delayMs: number, callback: () => void): () => void {
    this.#timers += 1;
    let isRunning = true;
    const over = () => {
      if (isRunning) this.#timers -= 1;
      isRunning = false;
    };
    const stop = systemClock.timer(delayMs, () => {
      over();
      callback();
    });
    return () => {
      over();
      stop();
    };
  }

  /** Timers that are still running. */
  get timers(): number {
    return this.#timers;
  }
}
