import type { Clock } from 'zerohop';
import { systemClock } from '../../../../src/pipeline/clock.js';

/** The machine's clock, whose back-off waits are written down and not waited. */
export class RecordingClock implements Clock {
  /** What was asked to be waited, in ms. */
  readonly waits: number[] = [];
  /** Set to let the waits be: each lasts as long as it was asked to, or until it is aborted. */
  isHolding = false;
  /** What is drawn from now on. @defaultValue both ends of the range, and between, by turns */
  chance: number | (() => number) | undefined;
  /** Every wait lasts until this is over, or until it is aborted. @defaultValue none lasts */
  gate: Promise<void> | undefined;
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
    if (this.chance !== undefined)
      return typeof this.chance === 'number' ? this.chance : this.chance();
    this.#draws += 1;
    return [0, 0.5, 0.999][this.#draws % 3] ?? 0;
  }

  delay(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.waits.push(delayMs);
    if (!this.isHolding) {
      signal?.throwIfAborted();
      return this.gate === undefined ? Promise.resolve() : until(this.gate, signal);
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

function until(gate: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    void gate.then(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
