import type Bottleneck from 'bottleneck';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import { loadBottleneck, mend } from './bottleneck.js';

/** How many may stand at the front, where nobody overtakes them any more. */
const MAX_AT_FRONT = 64;
/** Those who left stay in Bottleneck's queue, which knows no way out of it, until they are this many. */
const MAX_GONE = 1_000;

/** What somebody waits for. */
export interface Want {
  /** Takes it, if it is there. */
  readonly tryTake: () => boolean;
  /** Until it may be there, in ms; `undefined` where it will be told by {@link WaitingLine.wake}. */
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
  readonly priority: number;
  /** Has what it waited for. */
  readonly served: () => void;
  readonly sentAway: (reason: unknown) => void;
  /** Ends its job. */
  leaveFront: (() => void) | undefined;
}

/**
 * A line of requests that wait for the same limits: by priority, then in the order they came. Bottleneck keeps
 * the line and lets the first to the front: one, or where that is too slow for the limits, a few, who are served
 * one after the other.
 */
export class WaitingLine {
  readonly #timer: (delayMs: number, callback: () => void) => () => void;
  /** In the order they came. */
  readonly #waiters = new Set<Waiter>();
  readonly #front: Waiter[] = [];
  #limiter: Bottleneck | undefined;
  #places = 1;
  #stopTimer: (() => void) | undefined;
  /** Somebody waits for this, and there may be nothing else that keeps the process alive. */
  #alive: NodeJS.Timeout | undefined;

  constructor(timer: (delayMs: number, callback: () => void) => () => void) {
    this.#timer = timer;
  }

  /** Those who wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves once it has been taken. Rejects with the signal's reason as soon as it fires: then nothing is taken. */
  async wait(want: Want, { priority, signal }: WaitOptions): Promise<void> {
    signal.throwIfAborted();
    const waiting = Promise.withResolvers<void>();
    const waiter: Waiter = {
      want,
      priority,
      served: waiting.resolve,
      sentAway: waiting.reject,
      leaveFront: undefined,
    };
    const onAbort = () => {
      const wasFirst = this.#front[0] === waiter;
      this.#leave(waiter);
      waiting.reject(signal.reason);
      if (wasFirst) this.wake();
    };
    this.#waiters.add(waiter);
    this.#alive ??= setInterval(() => undefined, MAX_TIMER_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#enqueue(waiter);
    try {
      await waiting.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Sends away all who wait. */
  dismiss(reason: unknown): void {
    for (const waiter of [...this.#waiters]) {
      this.#leave(waiter);
      waiter.sentAway(reason);
    }
    this.wake();
  }

  #leave(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter)) return;
    if (this.size === 0) {
      clearInterval(this.#alive);
      this.#alive = undefined;
    }
    const place = this.#front.indexOf(waiter);
    if (place >= 0) this.#front.splice(place, 1);
    waiter.leaveFront?.();
    const queued = this.#limiter?.queued() ?? 0;
    if (queued - this.size > MAX_GONE && queued > 2 * this.size) this.#startAnew();
  }

  /** Forgets those who left: those who wait line up again, and the old queue runs empty. */
  #startAnew(): void {
    const old = this.#limiter;
    this.#limiter = undefined;
    for (const waiter of this.#waiters) if (!waiter.leaveFront) this.#enqueue(waiter);
    void old?.stop();
  }

  #enqueue(waiter: Waiter): void {
    void this.#schedule(waiter).catch((error: unknown) => {
      this.#leave(waiter);
      waiter.sentAway(error);
    });
  }

  async #schedule(waiter: Waiter): Promise<void> {
    const Limiter = await loadBottleneck();
    if (!this.#waiters.has(waiter)) return;
    this.#limiter ??= mend(new Limiter({ maxConcurrent: this.#places }));
    const limiter = this.#limiter;
    const stand = () => {
      const isHere = this.#waiters.has(waiter) && !waiter.leaveFront;
      return isHere && limiter === this.#limiter ? this.#stand(waiter) : Promise.resolve();
    };
    try {
      await limiter.schedule({ priority: waiter.priority }, stand);
    } catch (error) {
      // The old one sends away all who stood there.
      if (limiter === this.#limiter) throw error;
    }
  }

  /** Stands at the front until it is served, or has gone. */
  #stand(waiter: Waiter): Promise<void> {
    return new Promise((resolve) => {
      waiter.leaveFront = resolve;
      this.#front.push(waiter);
      if (this.#front.length > 1) return;
      this.wake();
      // Who is served on arrival could have been served before: the line is slower than the limits are.
      this.#widen(this.#front.length === 0 ? this.#places * 2 : 1);
    });
  }

  #widen(places: number): void {
    const next = Math.min(places, MAX_AT_FRONT);
    if (next === this.#places) return;
    this.#places = next;
    void this.#limiter?.updateSettings({ maxConcurrent: next });
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
