/**
 * The contract of a dialect: one reader and one writer for each wire format. A reader turns parsed JSON
 * (a whole body, or the data of one server-sent event) into facts and, for whoever wants them, canonical
 * events; a writer turns canonical events into a JSON body or server-sent events. Settlement, cache
 * replay and translation all stand on these two, so no format is understood twice.
 */
import type { Failure, ResponseFacts, Usage } from '../pipeline/settlement.js';
import type { CanonicalEvent } from './canonical-events.js';

/** A wire format. */
export type DialectName =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'openai-completions'
  | 'openai-embeddings';

/** What one event, or one whole body, was for the stream that carries it. */
export type Weight =
  /** Role only, ping, empty choices, usage, finish: may still be thrown away. */
  | 'silent'
  /** Text, refusal, reasoning, tool call, or anything not recognised: commits the stream. */
  | 'content'
  /** The terminal marker, or a whole body: nothing after it matters. */
  | 'terminal'
  /** An error in the answer's place. {@link DialectReader.failure} says which. */
  | 'error';

/** Reads one response. Made for one response and thrown away with it. */
export interface DialectReader {
  /**
   * Reads the data of one server-sent event: `name` is its `event:` field, `data` its parsed JSON. What
   * comes after the terminal marker is not read.
   */
  readEvent(name: string | null, data: unknown): Weight;
  /** Reads the `[DONE]` sentinel. */
  readDone(): Weight;
  /** Reads a whole JSON body. */
  readBody(body: unknown): Weight;
  /** Whether what was read so far is a complete answer, should the stream end cleanly now (K1). */
  readonly complete: boolean;
  /** The error that was read. */
  readonly failure: Failure | undefined;
  /**
   * The error as the SDKs' `makeStatusError(status, body, …)` takes it: the body or event data as it
   * came, with the provider's error object under `error` where there is one.
   */
  readonly errorBody: unknown;
  /** What the answer said so far. Builds it anew at each call. */
  facts(): ResponseFacts;
  /** What was used, as far as it was reported: what the facts say of it, for less. */
  usage(): Usage | undefined;
}

/** One server-sent event to be written. */
export interface WrittenEvent {
  readonly event: string | null;
  /** JSON text, or `[DONE]`. */
  readonly data: string;
}

/** One event of a stream of this dialect; `[DONE]` has no payload. */
export interface StreamedEvent {
  readonly name: string | null;
  readonly payload: unknown;
}

/** Writes canonical events in its dialect, in either mode, whichever mode they were read from. */
export interface DialectWriter {
  /** A whole JSON body, as the value to be stringified. */
  json(events: Iterable<CanonicalEvent>): unknown;
  /** The server-sent events of a stream. */
  sse(events: Iterable<CanonicalEvent>): Iterable<WrittenEvent>;
  /** The body that the events of a stream of this dialect amount to. */
  body(events: readonly StreamedEvent[]): unknown;
}
