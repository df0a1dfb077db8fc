import type { EventSource, StreamEvent } from '../pipeline/event-source.js';

/** Bytes an event takes beside its data. */
const EVENT_OVERHEAD = 64;

/** How far one reader of a hub has come. */
export interface HubReader {
  at: number;
}

/** What a hub is made with. */
export interface EventHubOptions {
  /** What may be kept; beyond it nobody may join, and the fastest reader waits for the slowest. */
  readonly maxBytes: number;
  /** Called once all has been read, with all events, as long as all were kept. */
  readonly onComplete: (events: readonly StreamEvent[]) => void;
  /** Called once nothing more will come, however it ended. */
  readonly onOver: () => void;
}

/**
 * One stream for several readers. Whoever is ahead pulls; the others read what was kept. All is kept until it
 * is too much; from then on only what the slowest reader has not had.
 */
export class EventHub {
  readonly #source: EventSource;
  readonly #options: EventHubOptions;
  readonly #readers = new Set<HubReader>();
  #events: StreamEvent[] = [];
  /** How many events were let go before the first one that is kept. */
  #base = 0;
  #bytes = 0;
  #keepsAll = true;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #pulling: Promise<void> | undefined;
  /** Resolves the wait of the reader that is ahead. */
  #room: PromiseWithResolvers<void> | undefined;

  constructor(source: EventSource, options: EventHubOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Whether a new reader would get all of the stream. */
  get isJoinable(): boolean {
    return this.#keepsAll && !this.#isOver;
  }

  /** Whether a reader has had the last event. */
  hasAll({ at }: HubReader): boolean {
    return this.#isOver && this.#failure === undefined && at === this.#end;
  }

  open(): HubReader {
    const reader = { at: this.#base };
    this.#readers.add(reader);
    return reader;
  }

  close(reader: HubReader): void {
    this.#readers.delete(reader);
    this.#letGo();
  }

  get #end(): number {
    return this.#base + this.#events.length;
  }

  /** What comes next for a reader; `null` at a clean end. Rejects with what broke the stream. */
  async next(reader: HubReader): Promise<readonly StreamEvent[] | null> {
    for (;;) {
      if (reader.at < this.#end) {
        const batch = this.#events.slice(reader.at - this.#base);
        reader.at = this.#end;
        this.#letGo();
        return batch;
      }
      if (this.#failure) throw this.#failure.error;
      if (this.#isOver) return null;
      this.#pulling ??= this.#pull().finally(() => {
        this.#pulling = undefined;
      });
      await this.#pulling;
    }
  }

  async #pull(): Promise<void> {
    while (!this.#keepsAll && this.#bytes > this.#options.maxBytes) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
    try {
      const batch = await this.#source.pull();
      if (batch !== null) this.#keep(batch);
      else this.#finish();
    } catch (error) {
      this.#failure = { error };
      this.#finish();
    }
  }

  #keep(batch: readonly StreamEvent[]): void {
    for (const event of batch) {
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    if (this.#bytes > this.#options.maxBytes) this.#keepsAll = false;
  }

  /** The source has said its last word, which may be in the batch that comes with this. */
  end(): void {
    if (this.#pulling === undefined) this.#finish();
    else void this.#pulling.then(() => this.#finish());
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#failure === undefined && this.#keepsAll) this.#options.onComplete(this.#events);
    this.#options.onOver();
  }

  /** Lets go of what every reader has had. */
  #letGo(): void {
    if (this.#keepsAll) return;
    let slowest = this.#end;
    for (const { at } of this.#readers) slowest = Math.min(slowest, at);
    const had = this.#events.splice(0, slowest - this.#base);
    this.#base = slowest;
    for (const event of had) this.#bytes -= sizeOf(event);
    if (this.#bytes > this.#options.maxBytes) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Gives up the stream. */
  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onOver();
  }
}

function sizeOf({ data }: StreamEvent): number {
  return (data?.length ?? 0) + EVENT_OVERHEAD;
}
