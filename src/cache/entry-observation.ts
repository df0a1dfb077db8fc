import type { Observation } from '../pipeline/call-init.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { Failure, Outcome, ResponseFacts } from '../pipeline/settlement.js';
import type { CacheEntry } from './cache-entry.js';
import { replayFacts } from './replay.js';

/** What the settlement takes from a stored answer. Nothing came over the wire. */
export class EntryObservation implements Observation {
  readonly #entry: CacheEntry;
  readonly firstByteAt = undefined;
  readonly firstContentAt = undefined;
  readonly lastContentAt = undefined;
  readonly bytesReceived = 0;
  readonly attempt = undefined;

  constructor(entry: CacheEntry) {
    this.#entry = entry;
  }

  facts(): ResponseFacts {
    return replayFacts(this.#entry);
  }
  get status(): number {
    return this.#entry.status;
  }
  get requestId(): string | undefined {
    const { headers } = this.#entry;
    return headers.find(([name]) => name === 'x-request-id' || name === 'request-id')?.[1];
  }
}

/** A stored stream on its way to a caller: it tells how it ended. The last event comes by itself, since who has that one has had all. */
export class ReplayStream implements EventSource {
  readonly #events: EventSource;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.cancel(this.#signal.reason);
  #next: readonly StreamEvent[] | null | undefined;
  #isOver = false;
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;

  constructor(events: EventSource, signal: AbortSignal) {
    this.#events = events;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async pull(): Promise<readonly StreamEvent[] | null> {
    const batch = this.#next === undefined ? await this.#events.pull() : this.#next;
    if (batch === null) {
      this.#end('success');
      return null;
    }
    if (batch.length > 1) {
      this.#next = batch.slice(-1);
      return batch.slice(0, -1);
    }
    this.#next = await this.#events.pull();
    if (this.#next === null) this.#end('success');
    return batch;
  }

  cancel(reason?: unknown): void {
    this.#events.cancel(reason);
    this.#end('aborted', { kind: 'aborted', message: 'aborted' });
  }

  #end(outcome: Outcome, failure?: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.onSettle?.(outcome, failure);
  }
}
