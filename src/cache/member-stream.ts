import { isGatewayError } from '../pipeline/errors.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { Failure, Outcome } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { describeFailure } from '../routing/describe-failure.js';
import { abortError } from '../routing/stream-errors.js';
import { hideUsages } from '../routing/stream-usage.js';
import type { EventHub, HubReader } from './event-hub.js';
import type { Seat } from './seat.js';

const ABORTED: Failure = { kind: 'aborted', message: 'aborted' };

/** What one caller's share of a stream is made with. */
export interface MemberStreamInit {
  readonly hub: EventHub;
  /** Of the caller. */
  readonly seat: Pick<Seat<unknown>, 'context' | 'onAbort' | 'release'>;
  readonly target: Target;
  /** Usage that this caller did not ask for is in the stream. */
  readonly hidesUsage: boolean;
  /** Takes the caller out. */
  readonly leave: () => void;
  /** Whether the caller is the only one left: then the request ends with it. */
  readonly isLast: () => boolean;
  /** Ends the request, as its last caller was ended. */
  readonly abort: (reason: unknown) => void;
}

/** One caller's share of a stream that several may read. Only its own caller can end it early. */
export class MemberStream implements EventSource {
  readonly #init: MemberStreamInit;
  readonly #reader: HubReader;
  #isOver = false;
  /** What ended this share alone. */
  #interruption: Error | undefined;
  /** Told once how the stream ended. */
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;

  constructor(init: MemberStreamInit) {
    this.#init = init;
    this.#reader = init.hub.open();
    const { seat } = init;
    seat.onAbort = this.#onAbort;
    if (seat.context.signal.aborted) this.#onAbort();
  }

  readonly #onAbort = (): void => {
    const { seat, target, hub, isLast, abort } = this.#init;
    const { reason } = seat.context.signal;
    const wasLast = isLast();
    if (wasLast) abort(reason);
    // The stream itself tells the last one, as it would tell one that is alone.
    if (wasLast && this.#reader.waits) return;
    if (wasLast) hub.cancel(reason);
    const { error, failure } = describeFailure(
      isGatewayError(reason) ? reason : abortError(reason),
      target.errors,
    );
    this.#interruption = error;
    if (!hub.interrupt(this.#reader, error)) {
      this.#end(failure.kind === 'aborted' ? 'aborted' : 'error', failure);
    }
    this.#leave();
  };

  async pull(): Promise<readonly StreamEvent[] | null> {
    const { hub, hidesUsage, target } = this.#init;
    if (this.#interruption) throw this.#interruption;
    try {
      while (!this.#isOver) {
        const batch = await hub.next(this.#reader);
        // A caller that has the last event has had the answer, whether it asks for more or not.
        if (batch === null || hub.hasAll(this.#reader)) this.#end('success');
        if (batch === null) return null;
        const shown = hidesUsage ? hideUsages(batch) : batch;
        if (shown.length > 0) return shown;
      }
      return null;
    } catch (thrown) {
      const { failure } = describeFailure(thrown, target.errors);
      this.#end(failure.kind === 'aborted' ? 'aborted' : 'error', failure);
      throw thrown;
    }
  }

  #end(outcome: Outcome, failure?: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.#init.seat.release();
    this.onSettle?.(outcome, failure);
  }

  #leave(): void {
    this.#init.leave();
    this.#init.hub.close(this.#reader);
  }

  cancel(reason?: unknown): void {
    if (this.#isOver) return;
    const { hub, isLast } = this.#init;
    // First, so that what the request came to is known when the call settles.
    if (isLast()) hub.cancel(reason);
    this.#end('aborted', ABORTED);
  }
}
