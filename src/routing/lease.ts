import type { EventSource, StreamEvent } from '../pipeline/event-source.js';

interface Cancellable {
  cancel(reason?: unknown): void;
}

/** Gives up streams whose reader was garbage collected: nobody can read them any more. */
const abandoned = new FinalizationRegistry<Tether>((tether) => tether.cancel());

/** What is kept of a stream for as long as its lease may be lost. */
export class Tether {
  #source: Cancellable | undefined;

  constructor(lease: object, source: Cancellable) {
    this.#source = source;
    abandoned.register(lease, this, this);
  }

  cancel(): void {
    this.#source?.cancel();
  }

  /** The stream is over. Without this, all of it would be kept until its lease is collected, which takes a full collection. */
  release(): void {
    this.#source = undefined;
    abandoned.unregister(this);
  }
}

/**
 * What a caller holds of a stream. The stream itself hangs on a socket, which would keep it; this hangs
 * on the caller only, so that a stream nobody reads is closed and settled once it is collected.
 */
export class LeasedEvents<Inner extends EventSource = EventSource> implements EventSource {
  /** Not to be held by the stream, which would keep it. */
  readonly inner: Inner;
  readonly tether: Tether;

  constructor(inner: Inner) {
    this.inner = inner;
    this.tether = new Tether(this, inner);
  }

  pull(): Promise<readonly StreamEvent[] | null> {
    return this.inner.pull();
  }

  cancel(reason?: unknown): void {
    this.inner.cancel(reason);
  }
}

/** The same for a body of bytes. */
export class LeasedBytes {
  readonly #inner: { pull(): Promise<Uint8Array | null>; cancel(reason?: unknown): void };

  constructor(inner: { pull(): Promise<Uint8Array | null>; cancel(reason?: unknown): void }) {
    this.#inner = inner;
    new Tether(this, inner);
  }

  pull(): Promise<Uint8Array | null> {
    return this.#inner.pull();
  }

  cancel(reason?: unknown): void {
    this.#inner.cancel(reason);
  }
}
