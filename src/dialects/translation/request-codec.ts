import type { JsonObject } from '../json.js';
import type { CanonicalRequest } from './canonical-request.js';
import type { Losses } from './losses.js';

/** Reads a request of one dialect. What no other dialect could be told goes to `losses`. Changes nothing. */
export type RequestReader = (body: JsonObject, losses: Losses) => CanonicalRequest;

/** Writes a request in one dialect. Nothing of what it was given may be changed later: parts may be shared. */
export type RequestWriter = (
  request: CanonicalRequest,
  target: WriterTarget,
  losses: Losses,
) => WrittenRequest;

/** What a writer knows of the target. */
export interface WriterTarget {
  /** `gen_ai.provider.name`: quirks go by it. */
  readonly provider: string;
  /** The model that will be asked. */
  readonly model: string | undefined;
  /** For dialects that require a bound. @defaultValue 4096 */
  readonly maxTokens?: number | undefined;
  /** Whether it takes a JSON schema for its answer; `undefined` where nobody said. */
  readonly structuredOutput?: boolean | undefined;
}

/** A body, and what its answer has to be unwrapped from. */
export interface WrittenRequest {
  readonly body: JsonObject;
  /** Names of custom tools that were written as functions with one text argument, `input`. */
  readonly wrappedTools?: ReadonlySet<string> | undefined;
  /** The function whose arguments are to be the answer's text: how structured output was asked for. */
  readonly answerTool?: string | undefined;
}
