import type { Failure, Usage } from '../pipeline/settlement.js';
import type { DialectName } from './dialect.js';
import type { JsonObject } from './json.js';

/** Where a value stands in a JSON document. */
export type Path = readonly (string | number)[];

/** A place in a frame that holds a field of an event (`text` at `choices.0.delta.content`). */
export interface Slot {
  readonly field: string;
  readonly path: Path;
}

/**
 * Where the fields of an event stood in its frame. A writer of the same dialect puts the event's present
 * values back there; an event made elsewhere has none.
 */
export interface Slots {
  readonly slots?: readonly Slot[] | undefined;
}

/** Which part of the answer an event belongs to. */
export interface Place {
  /** OpenAI's choice; 0 where a dialect has no choices. */
  readonly choice: number;
  /** Position in the answer's list of blocks (Anthropic `content`, Responses `output`); 0 where there is none. */
  readonly block: number;
  /** Position in the block (Responses `content_index`, `summary_index`); 0 where there is none. */
  readonly part: number;
}

/**
 * Opens what one server-sent event, or one JSON body, said: the events up to the next frame stood in it.
 * `rest` is the payload without the values that became events; their places are `undefined`. It is what
 * keeps members nobody modelled, and only a writer of the same dialect looks at it.
 */
export interface FrameEvent {
  readonly type: 'frame';
  readonly dialect: DialectName;
  /** A server-sent event, a whole JSON body, or the `[DONE]` sentinel. */
  readonly form: 'event' | 'body' | 'done';
  /** The `event:` field. */
  readonly name: string | null;
  readonly rest: unknown;
  /** Places that repeat what earlier events said, all of it up to here (`response.output_text.done`). */
  readonly echoes: readonly Echo[];
}

/** A place in a frame that holds what was said under `key` (see `keyOf`). */
export interface Echo {
  readonly path: Path;
  readonly key: string;
}

/** What the answer as a whole is. Comes again where a later frame says otherwise (Groq changes the id). */
export interface StartEvent extends Slots {
  readonly type: 'start';
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** Seconds since the epoch. */
  readonly created?: number | undefined;
  readonly serviceTier?: string | undefined;
  readonly systemFingerprint?: string | undefined;
}

/** Words: an answer's text, a refusal, or reasoning. To be appended to what its place has. */
export interface TextEvent extends Place, Slots {
  readonly type: 'text' | 'refusal' | 'reasoning' | 'reasoning-summary';
  readonly text: string;
}

/** What a provider wants back to trust or continue its own reasoning. */
export interface ReasoningSealEvent extends Place, Slots {
  readonly type: 'reasoning-seal';
  /** Anthropic's signature of a thinking block. */
  readonly signature?: string | undefined;
  /** Reasoning nobody here can read (redacted thinking, `encrypted_content`). */
  readonly encrypted?: string | undefined;
  /** The id of the item that it belongs to (Responses). */
  readonly id?: string | undefined;
}

/** A tool call begins. Its arguments follow. */
export interface ToolCallEvent extends Place, Slots {
  readonly type: 'tool-call';
  /** Counts the calls of a choice from 0. */
  readonly call: number;
  /** `legacy` is OpenAI's `function_call`, which has no id. */
  readonly kind: 'function' | 'custom' | 'legacy';
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** A piece of a tool call's arguments. */
export interface ToolArgumentsEvent extends Place, Slots {
  readonly type: 'tool-arguments';
  readonly call: number;
  /** JSON text, or free text for a custom tool. */
  readonly text: string;
}

/** A tool call whose arguments came as an object (Anthropic JSON). */
export interface ToolInputEvent extends Place, Slots {
  readonly type: 'tool-input';
  readonly call: number;
  readonly input: unknown;
}

/** Audio, or a piece of it. */
export interface AudioEvent extends Place, Slots {
  readonly type: 'audio';
  readonly id?: string | undefined;
  /** Base64. */
  readonly data?: string | undefined;
  readonly transcript?: string | undefined;
  readonly expiresAt?: number | undefined;
}

/** Sources of the text (annotations, citations), in the provider's own form. */
export interface CitationsEvent extends Place, Slots {
  readonly type: 'citations';
  readonly citations: readonly unknown[];
}

/** Token probabilities, in the provider's own form. They spell the text once more: who changes it must drop them. */
export interface LogprobsEvent extends Place, Slots {
  readonly type: 'logprobs';
  readonly logprobs: unknown;
}

/** A block that only its own dialect understands (server tool results, images, compaction). */
export interface BlockEvent extends Place, Slots {
  readonly type: 'block';
  readonly value: JsonObject;
}

/** A choice is finished, with the provider's own word. */
export interface FinishEvent extends Slots {
  readonly type: 'finish';
  readonly choice: number;
  readonly reason: string;
  readonly stopSequence?: string | undefined;
}

/** Usage as far as this frame reported it; where several come, `ResponseFold` knows how they add up. */
export interface UsageEvent extends Slots {
  readonly type: 'usage';
  readonly usage: Usage;
}

/** One vector: numbers, or base64 as it was sent. */
export interface EmbeddingEvent extends Slots {
  readonly type: 'embedding';
  readonly index: number;
  readonly embedding: readonly unknown[] | string;
}

/** An error in the answer's place. */
export interface ErrorEvent extends Slots {
  readonly type: 'error';
  readonly failure: Failure;
  readonly body: unknown;
}

/** The terminal marker. */
export interface EndEvent {
  readonly type: 'end';
}

/** What an answer says, one thing at a time, in any dialect. */
export type CanonicalEvent =
  | FrameEvent
  | StartEvent
  | TextEvent
  | ReasoningSealEvent
  | ToolCallEvent
  | ToolArgumentsEvent
  | ToolInputEvent
  | AudioEvent
  | CitationsEvent
  | LogprobsEvent
  | BlockEvent
  | FinishEvent
  | UsageEvent
  | EmbeddingEvent
  | ErrorEvent
  | EndEvent;

/** Receives what a reader reads. */
export interface CanonicalSink {
  /** What stands around events ({@link FrameEvent}) is not wanted: it is not kept, and costs nothing. */
  readonly skipsFrames?: boolean | undefined;
  onEvent(event: CanonicalEvent): void;
}
