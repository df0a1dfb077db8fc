import type { CanonicalEvent, CanonicalSink } from '../canonical-events.js';
import type { DialectName, StreamedEvent } from '../dialect.js';
import type { JsonObject } from '../json.js';

/** What an answer repeats of its request, and what it is made with. */
export interface AnswerContext {
  /** Whose answer it is: the target's dialect. */
  readonly from: DialectName;
  /** The request as the caller wrote it, in the caller's own dialect. */
  readonly request: JsonObject;
  /** Whether usage is to be in a stream of chat or completions. */
  readonly includeUsage: boolean;
  /** Seconds since the epoch, for answers that do not say when they were made. */
  readonly now: () => number;
}

/**
 * Writes an answer of any dialect as the stream it would have been in another, event by event: nothing waits for
 * what comes later. A whole body is read as its events and put together of what is written
 * (`DialectWriter.body`). Made for one answer.
 */
export abstract class AnswerWriter implements CanonicalSink {
  protected readonly context: AnswerContext;
  /** What the dialect could not say, by names of the loss table. */
  readonly lost = new Set<string>();
  #written: StreamedEvent[] = [];

  constructor(context: AnswerContext) {
    this.context = context;
  }

  /** Takes in one event. `frame` events, and words, ids and figures that are said again, say nothing new. */
  abstract onEvent(event: CanonicalEvent): void;

  /** What was written since this was last asked. */
  take(): readonly StreamedEvent[] {
    const written = this.#written;
    if (written.length > 0) this.#written = [];
    return written;
  }

  protected write(name: string | null, payload: unknown): void {
    this.#written.push({ name, payload });
  }

  protected writeEvent(event: StreamedEvent): void {
    this.#written.push(event);
  }
}
