import type { EventSource, StreamEvent } from '../pipeline/event-source.js';

/** Gives up streams whose reader was garbage collected: nobody can read them any more. */
const abandoned = new FinalizationRegistry<{ cancel(reason?: unknown): void }>((source) =>
  source.cancel(),
);

/**
 * What a caller holds of a stream. The stream itself hangs on a socket, which would keep it; this hangs
 * on the caller only, so that a stream nobody reads is closed and settled once it is collected.
 */
export class LeasedEvents implements EventSource {
  readonly #inner: EventSource;

  constructor(inner: EventSource) {
    this.#inner = inner;
    abandoned.register(this, inner);
  }

  /** Whether this is the lease of `inner`. */
  isOf(inner: EventSource | undefined): boolean {
    return this.#inner === inner;
  }

  pull(): Promise<readonly StreamEvent[] | null> {
    return this.#inner.pull();
  }

  cancel(reason?: unknown): void {
    this.#inner.cancel(reason);
  }
}

/** The same for a body of bytes. */
export class LeasedBytes {
  readonly #inner: { pull(): Promise<Uint8Array | null>; cancel(reason?: unknown): void };

  constructor(inner: { pull(): Promise<Uint8Array | null>; cancel(reason?: unknown): void }) {
    this.#inner = inner;
    abandoned.register(this, inner);
  }

  pull(): Promise<Uint8Array | null> {
    return this.#inner.pull();
  }

  cancel(reason?: unknown): void {
    this.#inner.cancel(reason);
  }
}
