import type { Fault } from './faults/fault.js';
import type { RecordedRequest } from './recorded-request.js';
import type { WireStep } from './wire/wire-step.js';

/** A tool call the fake model makes. */
export interface FakeToolCall {
  readonly name: string;
  /** An object is serialised; a string goes out as it stands, valid JSON or not. @defaultValue `{}` */
  readonly arguments?: string | object | undefined;
  /** @defaultValue `call_fake…` (OpenAI) or `toolu_fake…` (Anthropic), counted */
  readonly id?: string | undefined;
}

/** Token counts, put into the fields of each dialect as they stand. What is left out is estimated (tokens ≈ characters / 4). */
export interface FakeUsage {
  /** `prompt_tokens` or `input_tokens`. Anthropic's does not include cached tokens, OpenAI's does. */
  readonly inputTokens?: number | undefined;
  /** `completion_tokens` or `output_tokens`, reasoning included. */
  readonly outputTokens?: number | undefined;
  /** @defaultValue 0 */
  readonly cachedTokens?: number | undefined;
  /** Anthropic only. @defaultValue 0 */
  readonly cacheWriteTokens?: number | undefined;
  /** @defaultValue the estimate of `reasoning`, 0 without it */
  readonly reasoningTokens?: number | undefined;
}

/** An exact server-sent event. A string is its data; an object that has `data` is written field by field. */
export type FakeEvent = string | { readonly event?: string | undefined; readonly data: unknown };

/** How an answer is spread over time and writes. */
export interface Pacing {
  /** Pause before the first byte. @defaultValue 0 ms */
  readonly headersDelayMs?: number | undefined;
  /** Pause between events. @defaultValue 0 ms */
  readonly gapMs?: number | undefined;
  /** Characters of text in one delta; by default one word a delta. */
  readonly chunkSize?: number | undefined;
  /** Body bytes in one write; 1 splits every character and field. By default one write an event. */
  readonly bytesPerWrite?: number | undefined;
  /** Line ending inside a stream. @defaultValue `'\n'` */
  readonly newline?: '\n' | '\r\n' | '\r' | undefined;
  /** Text of a comment line written before every event. */
  readonly comment?: string | undefined;
}

/** What is answered. Everything left out takes a deterministic default; unknown combinations take the most literal field (`wire` > `body` > `events` > `json` > `status` ≥ 400 > the rest). */
export interface Reply {
  /** What the model says; a list gives one text a choice (`n`). @defaultValue `echo: ` and the last user message */
  readonly text?: string | readonly string[] | undefined;
  /** Tool calls to make; `'auto'` calls every offered tool once with made-up arguments, then answers in text. */
  readonly toolCalls?: readonly FakeToolCall[] | 'auto' | undefined;
  /** Reasoning text: `reasoning_content` (chat), a summary (responses), a thinking block (messages). */
  readonly reasoning?: string | undefined;
  /** A refusal instead of text. */
  readonly refusal?: string | undefined;
  /** `null` leaves the usage out altogether. */
  readonly usage?: FakeUsage | null | undefined;
  /** In any dialect's words (`length` = `max_tokens`, `stop` = `end_turn`, `tool_calls` = `tool_use`, `content_filter` = `refusal`). */
  readonly finishReason?: string | undefined;
  /** Model named in the answer. @defaultValue the one asked for */
  readonly model?: string | undefined;
  /** Vectors of an embeddings answer, one an input. */
  readonly embeddings?: readonly (readonly number[])[] | undefined;
  /** How many times a background response or a batch is still unfinished when retrieved. @defaultValue 1 */
  readonly polls?: number | undefined;
  /** @defaultValue 200 */
  readonly status?: number | undefined;
  /** Parts of the error object when `status` ≥ 400; the rest follows from the status. */
  readonly error?: FakeErrorBody | undefined;
  /** Added to, or replacing, the usual headers; `null` removes one. */
  readonly headers?: Readonly<Record<string, string | null>> | undefined;
  /** Exact JSON body. */
  readonly json?: unknown;
  /** Exact events of a stream. */
  readonly events?: readonly FakeEvent[] | undefined;
  /** Exact body. */
  readonly body?: string | Uint8Array | undefined;
  /** Exact bytes on the socket, status line included, and what happens to it. Not for {@link createInMemoryFetch}. */
  readonly wire?: readonly WireStep[] | undefined;
  readonly pacing?: Pacing | undefined;
  /** What goes wrong: a fault, its short form (`'reset;after=2'`), or several that apply together. */
  readonly fault?: Fault | string | readonly (Fault | string)[] | undefined;
}

/** Members of a provider's error object. */
export interface FakeErrorBody {
  readonly message?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | number | null | undefined;
  readonly param?: string | null | undefined;
}

/** A reply, or a function that chooses one for each request. */
export type Replier = Reply | ((request: RecordedRequest) => Reply | Promise<Reply>);
