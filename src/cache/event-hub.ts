import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { StoredEvent } from './cache-entry.js';
import { ReplayedEvent } from './replay.js';

/** Bytes an event takes beside its data. */
const EVENT_OVERHEAD = 64;

type Batch = readonly StreamEvent[] | null;

/** How far one reader of a hub has come. */
export interface HubReader {
  at: number;
  /** What it waits for, while it does. */
  waits: Pick<PromiseWithResolvers<Batch>, 'resolve' | 'reject'> | undefined;
}

/** What a hub is made with. */
export interface EventHubOptions {
  /** What may be kept; beyond it nobody may join, and the fastest reader waits for the slowest. */
  readonly maxBytes: number;
  /** Called once all has been read, with all events, as long as all were kept. */
  readonly onComplete: (events: readonly StoredEvent[]) => void;
  /** Called once nothing more will come, however it ended. */
  readonly onOver: () => void;
}

/**
 * One stream for several readers. Whoever is ahead pulls, and gets the events as they came; the others get
 * them made anew from what was kept, so that no two share an object. All is kept until it is too much; from
 * then on only what the slowest reader has not had.
 */
export class EventHub {
  readonly #source: EventSource;
  readonly #options: EventHubOptions;
  readonly #readers = new Set<HubReader>();
  /** Data only: parsed events would keep many times as much. */
  #kept: StoredEvent[] = [];
  /** How many events were let go before the first one that is kept. */
  #base = 0;
  #bytes = 0;
  #keepsAll = true;
  /** The source has told that nothing follows. */
  #isEnding = false;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isPulling = false;
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
    const reader: HubReader = { at: this.#base, waits: undefined };
    this.#readers.add(reader);
    return reader;
  }

  close(reader: HubReader): void {
    this.#readers.delete(reader);
    this.#letGo();
  }

  get #end(): number {
    return this.#base + this.#kept.length;
  }

  /** What comes next for a reader; `null` at a clean end. Rejects with what broke the stream, or interrupted the reader. */
  next(reader: HubReader): Promise<Batch> {
    if (reader.at < this.#end) return Promise.resolve(this.#replay(reader));
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (this.#isOver) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      reader.waits = { resolve, reject };
      if (!this.#isPulling) void this.#pull(reader);
    });
  }

  /** Ends the wait of a reader; false where it does not wait. */
  interrupt(reader: HubReader, error: Error): boolean {
    const { waits } = reader;
    reader.waits = undefined;
    waits?.reject(error);
    return waits !== undefined;
  }

  #replay(reader: HubReader): readonly StreamEvent[] {
    const batch = this.#kept
      .slice(reader.at - this.#base)
      .map((stored) => new ReplayedEvent(stored));
    reader.at = this.#end;
    this.#letGo();
    return batch;
  }

  /** Reads on for the reader that is ahead, and for all who wait. */
  async #pull(puller: HubReader): Promise<void> {
    this.#isPulling = true;
    let batch: Batch = null;
    try {
      while (!this.#keepsAll && this.#bytes > this.#options.maxBytes) {
        this.#room ??= Promise.withResolvers();
        await this.#room.promise;
      }
      batch = await this.#source.pull();
      if (batch === null) this.#finish();
      else this.#keep(batch);
    } catch (error) {
      this.#failure = { error };
      this.#finish();
    }
    this.#isPulling = false;
    if (batch !== null && puller.waits) {
      puller.at = this.#end;
      this.#letGo();
      puller.waits.resolve(batch);
      puller.waits = undefined;
    }
    for (const reader of this.#readers) {
      const { waits } = reader;
      if (waits === undefined) continue;
      reader.waits = undefined;
      this.next(reader).then(waits.resolve, waits.reject);
    }
  }

  #keep(batch: readonly StreamEvent[]): void {
    for (const { event, data } of batch) {
      if (data === null) continue;
      this.#kept.push([event, data]);
      this.#bytes += data.length + EVENT_OVERHEAD;
    }
    if (this.#bytes > this.#options.maxBytes) this.#keepsAll = false;
    if (this.#isEnding) this.#finish();
  }

  /** The source has said its last word, which may be in the batch that is being read. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isPulling) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#failure === undefined && this.#keepsAll) this.#options.onComplete(this.#kept);
    this.#options.onOver();
  }

  /** Lets go of what every reader has had. */
  #letGo(): void {
    if (this.#keepsAll) return;
    let slowest = this.#end;
    for (const { at } of this.#readers) slowest = Math.min(slowest, at);
    const had = this.#kept.splice(0, slowest - this.#base);
    this.#base = slowest;
    for (const [, data] of had) this.#bytes -= data.length + EVENT_OVERHEAD;
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
