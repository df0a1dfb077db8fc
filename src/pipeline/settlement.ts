/**
 * What a response amounted to. Types and their rules only: the dialects fill them in, the pipeline
 * delivers them.
 */

import type { CacheFacts } from './cache-types.js';

/** What a call asked for. Anything that is not recognised is `passthrough`. */
export type Operation =
  | 'chat'
  | 'responses'
  | 'messages'
  | 'completions'
  | 'embeddings'
  | 'passthrough';

/** How a call ended. A call settles exactly once. */
export type Outcome = 'success' | 'error' | 'aborted';

/**
 * Token counts in one form for every provider. Absent is not zero: a count that was not reported, or
 * was reported as something that is not a count, is `undefined`.
 *
 * Invariants where the parts are known: `inputTokens` = uncached + `cacheReadTokens` +
 * `cacheWriteTokens`; `outputTokens` includes reasoning and audio.
 */
export interface Usage {
  /** Every input token, cached or not. */
  readonly inputTokens?: number | undefined;
  /** Every output token, reasoning and audio included. */
  readonly outputTokens?: number | undefined;
  /** As the provider reported it; it need not be the sum of the two (xAI, Google). */
  readonly totalTokens?: number | undefined;
  /** Input tokens read from the provider's prompt cache. */
  readonly cacheReadTokens?: number | undefined;
  /** Input tokens written to the provider's prompt cache, for whatever lifetime. */
  readonly cacheWriteTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that lives five minutes, where the provider says so. */
  readonly cacheWrite5mTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that lives an hour, where the provider says so. */
  readonly cacheWrite1hTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly audioInputTokens?: number | undefined;
  readonly audioOutputTokens?: number | undefined;
  readonly imageInputTokens?: number | undefined;
  readonly imageOutputTokens?: number | undefined;
  /** Web searches that the provider ran and bills, where it counts them outside its usage object (OpenAI `tool_usage`). */
  readonly webSearches?: number | undefined;
  /** What the provider says the call cost, in US dollars (OpenRouter `usage.cost`). */
  readonly reportedCost?: number | undefined;
  /** Anthropic's `usage.iterations`, each normalised by itself; they may mix models. */
  readonly iterations?: readonly UsageIteration[] | undefined;
  /** True where a reported figure was not a count (negative, fractional, a string, infinite) or contradicts another. */
  readonly invalid?: true | undefined;
  /** The provider's own usage object, merged where it came in parts. Not a copy: do not change it. */
  readonly reported: Readonly<Record<string, unknown>>;
}

/** One iteration of a call that the provider ran in several (advisor, compaction, fallback). */
export interface UsageIteration extends Omit<Usage, 'iterations'> {
  readonly type?: string | undefined;
  readonly model?: string | undefined;
}

/** Why there is no {@link Usage}. */
export type UsageMissingReason =
  /** The provider answered in full and reported none. */
  | 'not_reported'
  /** The response ended before the figure came. */
  | 'incomplete'
  /** No response was had. */
  | 'no_response'
  /** This operation has none. */
  | 'not_applicable'
  /** Answered from the cache, or with the request of another call: nothing was used for this one. */
  | 'cached';

/** A tool call as the model made it. */
export interface SettledToolCall {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  /** The arguments as the model wrote them, JSON or not. */
  readonly arguments: string;
}

/** One choice (OpenAI `n`), or the one message of an API that has no choices. */
export interface SettledChoice {
  readonly index: number;
  /** The provider's own word (`stop`, `tool_calls`, `end_turn`, `max_output_tokens`, …); `undefined` where it ended without one. */
  readonly finishReason?: string | undefined;
  readonly text: string;
  readonly refusal?: string | undefined;
  readonly reasoning?: string | undefined;
  readonly toolCalls: readonly SettledToolCall[];
}

/** Where a failure was found. */
export type FailureKind =
  /** A 4xx or 5xx response. */
  | 'status'
  /** An error object in a 200 response, or in the middle of a stream. */
  | 'upstream_error'
  /** The stream ended without its terminal marker. */
  | 'truncated'
  /** The connection could not be made or broke. */
  | 'connection'
  /** A body that is not what was promised: not JSON, an event that does not parse, the wrong shape, a bad encoding. */
  | 'malformed'
  /** An answer with nothing in it. */
  | 'empty'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'timeout'
  /** The call's own deadline (`timeouts.total`). */
  | 'deadline'
  /** One of the gateway's size limits. */
  | 'limit'
  /** A limit of the gateway's own, of which the code tells (`rateLimit`, `budgets`): nothing was sent. */
  | 'over_limit'
  /** A redirect to another origin. */
  | 'redirect'
  /** The caller aborted, broke off or dropped the stream; or, with the code `hedge_lost`, another target answered first. */
  | 'aborted'
  /** A user interceptor failed. */
  | 'interceptor'
  /** Anything else. */
  | 'other';

/** What went wrong, without content: safe to log. */
export interface Failure {
  readonly kind: FailureKind;
  /** HTTP status, of the response or inside an error object. */
  readonly status?: number | undefined;
  /** The provider's `error.code`, or the code of a network error (`ECONNRESET`). */
  readonly code?: string | undefined;
  /** The provider's `error.type`. */
  readonly type?: string | undefined;
  /** How long the provider asks to be left alone, in ms, where its body says so and no header need (Google). */
  readonly retryAfterMs?: number | undefined;
  /** The provider's words, at most 300 characters. */
  readonly message: string;
}

/** What something cost, in US dollars. */
export interface Cost {
  /** Exact to the picodollar before it became a number. */
  readonly amount: number;
  readonly currency: 'USD';
  /** Computed here from prices, or as the provider reported it. */
  readonly source: 'local' | 'provider';
  /** Parts of `amount`, where it was computed here. */
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  /** Fees for the request itself (web searches), where they are known. */
  readonly requests?: number | undefined;
  /** The model's price was found by likeness, not by name (`pricing.approximate`). */
  readonly approximate?: true | undefined;
}

/** Why there is no {@link Cost}. */
export type UnpricedReason =
  /** Pricing is off. */
  | 'off'
  /** The price data could not be loaded. */
  | 'no_prices'
  /** The model is not in the price data under this very name. */
  | 'unknown_model'
  /** There is no usage to price. */
  | 'no_usage'
  /** The usage that was reported makes no sense. */
  | 'invalid_usage'
  /** A part of the usage (audio, a service tier) has no price. */
  | 'unknown_rate'
  /** The price function of the options threw. */
  | 'price_function';

/** A cost, or why there is none. */
export type CostResult =
  | { readonly cost: Cost; readonly unpriced?: undefined }
  | { readonly cost?: undefined; readonly unpriced: UnpricedReason };

/** One request to one target. */
export interface AttemptRecord {
  /** Counts from 0 over the whole call. */
  readonly index: number;
  /** Name of the target. */
  readonly target: string;
  /** Whose API it is: `gen_ai.provider.name`. */
  readonly provider: string;
  /** Monotonic ms since the call was opened. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** Absent for the attempt that succeeded. */
  readonly failure?: Failure | undefined;
  /** What was waited after it, before the next one. */
  readonly waitedMs?: number | undefined;
  /** What this attempt reported, also when it failed. */
  readonly usage?: Usage | undefined;
  /** The model that answered, as it named itself. */
  readonly model?: string | undefined;
  /** The tier it was answered in, as the provider named it. */
  readonly serviceTier?: string | undefined;
  /** What that cost. */
  readonly cost?: Cost | undefined;
}

/** Milliseconds since the call was opened, on a monotonic clock. */
export interface SettledTimings {
  readonly firstByteMs?: number | undefined;
  readonly firstContentMs?: number | undefined;
  readonly lastContentMs?: number | undefined;
  readonly durationMs: number;
}

/** One entry of the trail that explains a call. Categorical: never upstream text. */
export interface Decision {
  readonly kind: string;
  readonly detail?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** What one response said, in any dialect. */
export interface ResponseFacts {
  /** Whether the terminal marker of its dialect was seen. */
  readonly complete: boolean;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly serviceTier?: string | undefined;
  readonly systemFingerprint?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly usageMissing?: UsageMissingReason | undefined;
  readonly choices: readonly SettledChoice[];
  /** Text of the first choice. */
  readonly text: string;
  /** The text is of several responses: the first one broke, and was gone on with (`onInterrupted`). Usage, model and end are the last one's; the attempts have those of each. */
  readonly continued?: true | undefined;
}

/** What a call amounted to, once. */
export interface Settlement extends ResponseFacts {
  readonly callId: string;
  readonly operation: Operation;
  readonly requestModel?: string | undefined;
  readonly stream: boolean;
  readonly outcome: Outcome;
  /** What went wrong; absent on success. */
  readonly failure?: Failure | undefined;
  /** HTTP status of the response that was handed over. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** Wall clock at which the call was opened, in ms since the epoch. */
  readonly startedAt: number;
  readonly timings: SettledTimings;
  /** Body bytes read from the upstream, after decompression. */
  readonly bytesReceived: number;
  /** What all attempts together cost, as far as they reported usage. */
  readonly cost?: Cost | undefined;
  /** Why there is no cost. */
  readonly unpriced?: UnpricedReason | undefined;
  readonly attempts: readonly AttemptRecord[];
  /** What came of the call at the cache; absent where none is on. */
  readonly cache?: CacheFacts | undefined;
  readonly decisions: readonly Decision[];
  readonly metadata: Readonly<Record<string, unknown>>;
}
