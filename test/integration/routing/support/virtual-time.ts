import type { Clock } from 'zerohop';
import { seeded } from './seeded.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Turns in which nothing is waited for and nothing ends; then nothing will. */
const PATIENCE = 2_000;

/**
 * A clock whose time passes only where nothing is left to do but wait: an hour of traffic takes as long as the work
 * in it. Chance is the same for the same seed.
 */
export class VirtualTime implements Clock {
  readonly random: () => number;
  #now = 0;
  /** Soonest first; of those at the same time, the one set first. */
  readonly #timers: Timer[] = [];

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return Date.UTC(2030, 0) + this.#now;
  }

  timer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.splice(this.#placeOf(timer.at), 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  #placeOf(at: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  delay(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      const stop = this.timer(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Timers that have been set and have not gone off. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass until `work` is done. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let idle = 0; idle < PATIENCE; idle += 1) {
      // What is ready is done by then: it is all promises.
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) return work;
      const next = this.#timers.shift();
      if (next === undefined) continue;
      idle = 0;
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    throw new Error('nothing is waited for, and nothing ends');
  }
}
