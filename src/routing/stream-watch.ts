import { GatewayError } from '../pipeline/errors.js';
import type { AttemptLoop } from './attempt-loop.js';

/**
 * Ends a stream that has gone silent or whose caller has gone. One timer for the whole stream, not one
 * for each event: when it fires it looks at what has happened since. Time in which nobody reads is the
 * reader's, not the upstream's.
 */
export class StreamWatch {
  #loop: AttemptLoop;
  readonly #cancel: (reason: unknown) => void;
  readonly #onAbort = () => this.#cancel(this.#loop.options.context.signal.reason);
  #stopTimer: (() => void) | undefined;
  #aliveAt: number;
  #sawEvent = false;
  #listening = false;

  constructor(loop: AttemptLoop, cancel: (reason: unknown) => void) {
    this.#loop = loop;
    this.#cancel = cancel;
    this.#aliveAt = loop.attemptStartedAt;
    this.restart(loop);
  }

  /** Starts over for a new source, which may be another target's. */
  restart(loop: AttemptLoop): void {
    this.#loop = loop;
    const { context } = this.#loop.options;
    this.#sawEvent = false;
    this.#aliveAt = this.#loop.attemptStartedAt;
    if (!this.#listening) {
      this.#listening = true;
      context.signal.addEventListener('abort', this.#onAbort, { once: true });
      if (context.signal.aborted) this.#onAbort();
    }
    this.#arm();
  }

  /** Someone asks for events. */
  waitBegins(): void {
    if (this.#sawEvent) this.#aliveAt = this.#loop.options.context.clock.now();
  }

  /** An event that is not content: the first one ends the wait for the first byte. */
  sawEvent(): void {
    if (!this.#sawEvent) this.sawContent(this.#loop.options.context.clock.now());
  }

  sawContent(now: number): void {
    this.#aliveAt = now;
    if (this.#sawEvent) return;
    this.#sawEvent = true;
    // What was armed for the first byte may be longer than what may pass between events.
    if (this.#loop.options.timeouts.firstByte !== undefined) this.#arm();
  }

  #limit(): { ms: number; option: string } {
    const { timeouts } = this.#loop.options;
    if (!this.#sawEvent && timeouts.firstByte !== undefined) {
      return { ms: timeouts.firstByte, option: 'timeouts.firstByte' };
    }
    return { ms: this.#loop.idleMs, option: 'timeouts.idle' };
  }

  #arm(): void {
    this.#stopTimer?.();
    const { clock } = this.#loop.options.context;
    const { ms } = this.#limit();
    const dueMs = this.#aliveAt + ms - clock.now();
    this.#stopTimer = clock.timer(Math.max(0, dueMs), () => this.#check());
  }

  #check(): void {
    const { ms, option } = this.#limit();
    if (this.#loop.options.context.clock.now() - this.#aliveAt < ms) {
      this.#arm();
      return;
    }
    this.#stopTimer = undefined;
    this.#cancel(
      new GatewayError(`nothing came from the upstream for ${ms} ms (${option})`, {
        code: 'zerohop_timeout',
      }),
    );
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (!this.#listening) return;
    this.#listening = false;
    this.#loop.options.context.signal.removeEventListener('abort', this.#onAbort);
  }
}
