/**
 * A request in the one form that every dialect's request is read into and written from. A reader of a dialect
 * (`request-reader.ts` in its folder) makes it, a writer (`request-writer.ts`) makes a body of it; no pair knows
 * of another. Nothing here is sent.
 */
import type { DialectName } from '../dialect.js';
import type { JsonObject } from '../json.js';

/** The dialects that are translated into one another. */
export type TranslatedDialect = 'openai-chat' | 'openai-responses' | 'anthropic-messages';

/** A whole request. What is `undefined` was not said. */
export interface CanonicalRequest {
  readonly from: DialectName;
  readonly model: string | undefined;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly format?: OutputFormat | undefined;
  readonly reasoning?: ReasoningWish | undefined;
  readonly verbosity?: 'low' | 'medium' | 'high' | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly sampling: Sampling;
  /** Texts that end the answer. */
  readonly stop: readonly string[];
  /** How many answers; 1 where it was not said. */
  readonly choices: number;
  /** Present where the probabilities of tokens are asked for. */
  readonly logprobs?: { readonly top: number | undefined } | undefined;
  /** Who is behind the request, in the caller's own words. */
  readonly userId?: string | undefined;
  readonly stream: boolean;
  /** Whether usage is to be in a stream of a dialect where it must be asked for. */
  readonly includeUsage: boolean;
}

/** Numbers that steer the choice of tokens, by their usual names. */
export interface Sampling {
  readonly temperature?: number | undefined;
  readonly top_p?: number | undefined;
  readonly top_k?: number | undefined;
  readonly frequency_penalty?: number | undefined;
  readonly presence_penalty?: number | undefined;
  readonly seed?: number | undefined;
}

/** One speaker's words. Consecutive turns may have the same role. A tool's results stand in user turns. */
export interface Turn {
  /** `developer` is OpenAI's later word for `system`; a dialect that has one of them only writes that one. */
  readonly role: 'system' | 'developer' | 'user' | 'assistant';
  /** Chat's `name` of a participant. */
  readonly name?: string | undefined;
  readonly parts: readonly Part[];
}

/** A marker up to which the provider is to cache (Anthropic `cache_control`), as it was given. */
export type CacheMarker = JsonObject;

export type Part =
  | TextPart
  | RefusalPart
  | ReasoningPart
  | ImagePart
  | DocumentPart
  | AudioPart
  | ToolCallPart
  | ToolResultPart;

interface Cacheable {
  readonly cache?: CacheMarker | undefined;
}

export interface TextPart extends Cacheable {
  readonly type: 'text';
  readonly text: string;
}

/** What an assistant said where it declined. */
export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

/** An assistant's reasoning, of its own or of another provider's model. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  /** Empty where it is encrypted. */
  readonly text: string;
  /** Whether the text is a summary, not the reasoning itself. */
  readonly isSummary: boolean;
  /** What its provider wants back; absent where nobody would take it back. */
  readonly seal?: ReasoningSeal | undefined;
}

/** What a provider wants back to trust or continue its own reasoning. */
export interface ReasoningSeal {
  /** Only a target of this dialect can make anything of it. */
  readonly dialect: DialectName;
  /** The id of the item (Responses). */
  readonly id?: string | undefined;
  readonly signature?: string | undefined;
  readonly encrypted?: string | undefined;
}

/** Where bytes come from. Ids of uploaded files are refused by the readers: no other provider has them. */
export type Source =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string };

export interface ImagePart extends Cacheable {
  readonly type: 'image';
  readonly source: Source;
  /** OpenAI's `detail`. */
  readonly detail?: string | undefined;
}

export interface DocumentPart extends Cacheable {
  readonly type: 'document';
  readonly source: Source | { readonly kind: 'text'; readonly text: string };
  /** File name or title. */
  readonly name?: string | undefined;
  /** Anthropic's `context` of a document. */
  readonly context?: string | undefined;
  /** Whether sources are to be cited (Anthropic). */
  readonly citations?: boolean | undefined;
}

export interface AudioPart {
  readonly type: 'audio';
  /** Base64. */
  readonly data: string;
  /** `wav`, `mp3`, … */
  readonly format: string;
}

export interface ToolCallPart extends Cacheable {
  readonly type: 'tool-call';
  /** As the application knows it. Writers spell it so that their provider takes it: see `tool-ids.ts`. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  /** JSON text, as the model wrote it; free text of a custom tool. */
  readonly arguments: string;
}

export interface ToolResultPart extends Cacheable {
  readonly type: 'tool-result';
  readonly id: string;
  /** Whether the call it answers was one of a custom tool. */
  readonly kind: 'function' | 'custom';
  readonly isError?: boolean | undefined;
  readonly parts: readonly (TextPart | ImagePart | DocumentPart)[];
}

/** A tool of the application's own. Tools that a provider runs are refused by the readers. */
export type Tool = FunctionTool | CustomTool;

export interface FunctionTool extends Cacheable {
  readonly kind: 'function';
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON schema of the arguments. */
  readonly schema?: JsonObject | undefined;
  readonly strict?: boolean | undefined;
}

/** A tool that takes free text (OpenAI). */
export interface CustomTool {
  readonly kind: 'custom';
  readonly name: string;
  readonly description?: string | undefined;
  /** The grammar of the text: `{type: 'grammar', syntax, definition}`, flat, as Responses has it. */
  readonly format?: JsonObject | undefined;
}

export type ToolChoice =
  | { readonly type: 'auto' | 'none' | 'required' }
  | { readonly type: 'tool'; readonly name: string }
  /** Only some of the tools (OpenAI `allowed_tools`). */
  | {
      readonly type: 'allowed';
      readonly mode: 'auto' | 'required';
      readonly names: readonly string[];
    };

export type OutputFormat =
  /** Any JSON object. */
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly description?: string | undefined;
      readonly schema: JsonObject;
      readonly strict?: boolean | undefined;
    };

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

/** How much to think, in OpenAI's words; `none` is not at all. */
export type Effort = (typeof EFFORTS)[number];

/** Whether and how much is to be thought. */
export interface ReasoningWish {
  readonly effort?: Effort | undefined;
  /** Anthropic's bound, in tokens. */
  readonly budgetTokens?: number | undefined;
  /** Anthropic's `adaptive`: thinks as it sees fit. */
  readonly isAdaptive?: boolean | undefined;
  /** Whether the reasoning, or a summary of it, is to be shown (Responses `summary`, Anthropic `display`), in the caller's word. */
  readonly summary?: string | undefined;
}
