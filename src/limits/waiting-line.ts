import type Bottleneck from 'bottleneck';
import { loadBottleneck, mend } from './bottleneck.js';

/** How many stand at the front, where nobody overtakes them any more. */
const AT_FRONT = 16;

/** What somebody waits for. */
export interface Want {
  /** Takes it, if it is there. */
  readonly tryTake: () => boolean;
  /** Until it may be there, in ms; `undefined` where that is not a matter of time. */
  readonly waitMs: () => number | undefined;
}

/** How somebody waits. */
export interface WaitOptions {
  /** From 0 (first) to 9. */
  readonly priority: number;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly want: Want;
  /** Has what it waited for. */
  readonly served: () => void;
  /** Ends its job. */
  leaveFront: () => void;
  isGone: boolean;
}

/**
 * A line of requests that wait for the same limits: by priority, then in the order they came. Bottleneck keeps
 * the line and lets the first few to the front, where they are served one after the other.
 */
export class WaitingLine {
  readonly #timer: (delayMs: number, callback: () => void) => () => void;
  readonly #front: Waiter[] = [];
  #limiter: Bottleneck | undefined;
  #stopTimer: (() => void) | undefined;
  /** Those who wait. */
  size = 0;

  constructor(timer: (delayMs: number, callback: () => void) => () => void) {
    this.#timer = timer;
  }

  /** Resolves once it has been taken. Rejects with the signal's reason as soon as it fires: then nothing is taken. */
  async wait(want: Want, { priority, signal }: WaitOptions): Promise<void> {
    signal.throwIfAborted();
    const waiting = Promise.withResolvers<void>();
    const waiter: Waiter = {
      want,
      served: waiting.resolve,
      leaveFront: () => undefined,
      isGone: false,
    };
    this.size += 1;
    const onAbort = () => {
      this.#leave(waiter);
      waiting.reject(signal.reason);
      this.wake();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void this.#enqueue(waiter, priority).catch((error: unknown) => {
      this.#leave(waiter);
      waiting.reject(error);
    });
    try {
      await waiting.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #leave(waiter: Waiter): void {
    if (waiter.isGone) return;
    waiter.isGone = true;
    this.size -= 1;
    const place = this.#front.indexOf(waiter);
    if (place >= 0) this.#front.splice(place, 1);
    waiter.leaveFront();
  }

  async #enqueue(waiter: Waiter, priority: number): Promise<void> {
    const Limiter = await loadBottleneck();
    this.#limiter ??= mend(new Limiter({ maxConcurrent: AT_FRONT }));
    await this.#limiter.schedule({ priority }, () => this.#stand(waiter));
  }

  /** Stands at the front until it is served, or has gone. */
  #stand(waiter: Waiter): Promise<void> {
    if (waiter.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      waiter.leaveFront = resolve;
      this.#front.push(waiter);
      if (this.#front.length === 1) this.wake();
    });
  }

  /** Something may be there that was not: serves whoever can be served now. */
  wake(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (let first = this.#front[0]; first !== undefined; first = this.#front[0]) {
      if (!first.want.tryTake()) {
        this.#wakeLater(first.want.waitMs());
        return;
      }
      this.#leave(first);
      first.served();
    }
  }

  #wakeLater(waitMs: number | undefined): void {
    if (waitMs === undefined) return;
    this.#stopTimer = this.#timer(Math.max(1, Math.ceil(waitMs)), () => this.wake());
  }
}
