import type { Clock } from '../pipeline/clock.js';
import { GatewayError } from '../pipeline/errors.js';
import type { LoopOptions } from './loop-options.js';

/** Ends an attempt that has no headers in time. Made only where `timeouts.firstByte` is set. */
export class FirstByteGuard {
  readonly #controller = new AbortController();
  readonly #call: AbortSignal;
  readonly #onAbort = () => this.#controller.abort(this.#call.reason);
  readonly #stop: () => void;
  #late: GatewayError | undefined;

  /** @param isAnswered whether the headers have come */
  constructor(call: AbortSignal, clock: Clock, { ms, isAnswered }: FirstByteLimit) {
    this.#call = call;
    call.addEventListener('abort', this.#onAbort, { once: true });
    if (call.aborted) this.#onAbort();
    this.#stop = clock.timer(ms, () => {
      if (isAnswered()) return;
      this.#late = new GatewayError(`nothing came within ${ms} ms (timeouts.firstByte)`, {
        code: 'zerohop_timeout',
      });
      this.#controller.abort(this.#late);
    });
  }

  /** Fires with the call's, and when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What ended the attempt, where it was this. */
  causeOf(thrown: unknown): unknown {
    return this.#late ?? thrown;
  }

  /** There is an answer, or there will be none. */
  end(): void {
    this.#stop();
    this.#call.removeEventListener('abort', this.#onAbort);
  }
}

/** How long, and how it is known that it was not too long. */
export interface FirstByteLimit {
  readonly ms: number;
  readonly isAnswered: () => boolean;
}

/** The guard of an attempt; none where nothing is set. */
export function guardFirstByte(
  {
    context: { signal, clock },
    timeouts: { firstByte: ms },
  }: Pick<LoopOptions, 'context' | 'timeouts'>,
  isAnswered: () => boolean,
): FirstByteGuard | undefined {
  return ms === undefined ? undefined : new FirstByteGuard(signal, clock, { ms, isAnswered });
}
