import type { Usage, UsageIteration } from '../pipeline/settlement.js';
import { isObject, type JsonObject, list, text } from './json.js';

const EMPTY: JsonObject = {};
const DOLLARS_PER_XAI_TICK = 1e-10;

type Counts = { -readonly [Key in keyof Usage]: Usage[Key] };

/** Reads counts, and remembers whether anything that should have been one was none. */
class CountReader {
  invalid = false;

  count(value: unknown): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.invalid = true;
    return undefined;
  }

  amount(value: unknown): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    this.invalid = true;
    return undefined;
  }
}

/**
 * Normalises the usage of any OpenAI-shaped API: chat, completions and embeddings (`prompt_tokens`),
 * responses (`input_tokens`), and what compatible providers add. `undefined` where it says nothing.
 *
 * A provider that counts reasoning beside the completion (xAI: the total is the sum of all three) gets
 * it added, so that `outputTokens` is what is billed.
 */
export function openaiUsage(reported: JsonObject): Usage | undefined {
  const read = new CountReader();
  const input = objectOf(reported.prompt_tokens_details ?? reported.input_tokens_details);
  const output = objectOf(reported.completion_tokens_details ?? reported.output_tokens_details);
  const counts: Counts = {
    reported,
    inputTokens: read.count(reported.prompt_tokens ?? reported.input_tokens),
    outputTokens: read.count(reported.completion_tokens ?? reported.output_tokens),
    totalTokens: read.count(reported.total_tokens),
    cacheReadTokens: read.count(input.cached_tokens ?? reported.prompt_cache_hit_tokens),
    cacheWriteTokens: read.count(input.cache_write_tokens),
    reasoningTokens: read.count(output.reasoning_tokens ?? reported.reasoning_tokens),
    audioInputTokens: read.count(input.audio_tokens),
    audioOutputTokens: read.count(output.audio_tokens),
    imageInputTokens: read.count(input.image_tokens),
    imageOutputTokens: read.count(output.image_tokens),
    reportedCost: reportedCost(reported, read),
  };
  includeReasoning(counts);
  return finish(counts, read);
}

/**
 * Normalises Anthropic's usage, whose `input_tokens` leaves out what was read from or written to the
 * prompt cache. `undefined` where it says nothing.
 */
export function anthropicUsage(reported: JsonObject): Usage | undefined {
  const { counts, read } = anthropicCounts(reported);
  const iterations = list(reported.iterations).filter(isObject);
  if (iterations.length > 0) counts.iterations = iterations.map(anthropicIteration);
  return finish(counts, read);
}

/** Normalises the `timings` of llama.cpp, which stand in for a usage on its streams. */
export function timingsUsage(timings: JsonObject): Usage | undefined {
  const read = new CountReader();
  const counts: Counts = { reported: timings };
  counts.cacheReadTokens = read.count(timings.cache_n);
  const evaluated = read.count(timings.prompt_n);
  counts.inputTokens =
    evaluated === undefined ? undefined : evaluated + (counts.cacheReadTokens ?? 0);
  counts.outputTokens = read.count(timings.predicted_n);
  return finish(counts, read);
}

/** Lays `later` over `earlier`: what it reports wins, what it leaves out or sends as null stays. */
export function overlayUsage(earlier: JsonObject | undefined, later: JsonObject): JsonObject {
  if (earlier === undefined) return later;
  const said = Object.entries(later).filter(([, value]) => value !== null && value !== undefined);
  return { ...earlier, ...Object.fromEntries(said) };
}

function anthropicCounts(reported: JsonObject): { counts: Counts; read: CountReader } {
  const read = new CountReader();
  const counts: Counts = { reported };
  const uncached = read.count(reported.input_tokens);
  const lifetimes = objectOf(reported.cache_creation);
  const fiveMinutes = read.count(lifetimes.ephemeral_5m_input_tokens);
  const hour = read.count(lifetimes.ephemeral_1h_input_tokens);
  const byLifetime =
    fiveMinutes === undefined && hour === undefined ? undefined : (fiveMinutes ?? 0) + (hour ?? 0);
  counts.cacheReadTokens = read.count(reported.cache_read_input_tokens);
  counts.cacheWriteTokens = read.count(reported.cache_creation_input_tokens) ?? byLifetime;
  // A later total overlays only the total; parts that no longer add up to it are out of date.
  if (counts.cacheWriteTokens === byLifetime) {
    counts.cacheWrite5mTokens = fiveMinutes;
    counts.cacheWrite1hTokens = hour;
  }
  counts.inputTokens =
    uncached === undefined
      ? undefined
      : uncached + (counts.cacheReadTokens ?? 0) + (counts.cacheWriteTokens ?? 0);
  counts.outputTokens = read.count(reported.output_tokens);
  counts.reasoningTokens = read.count(objectOf(reported.output_tokens_details).thinking_tokens);
  return { counts, read };
}

function anthropicIteration(reported: JsonObject): UsageIteration {
  const { counts, read } = anthropicCounts(reported);
  const { iterations: _, ...usage } = finish(counts, read) ?? counts;
  return { ...usage, type: text(reported.type), model: text(reported.model) };
}

function includeReasoning(counts: Counts): void {
  const { inputTokens, outputTokens, reasoningTokens, totalTokens } = counts;
  if (inputTokens === undefined || outputTokens === undefined || !reasoningTokens) return;
  if (totalTokens === inputTokens + outputTokens + reasoningTokens) {
    counts.outputTokens = outputTokens + reasoningTokens;
  }
}

/** OpenRouter's number, Perplexity's object, or xAI's ticks (0 where Azure bills instead). */
function reportedCost(reported: JsonObject, read: CountReader): number | undefined {
  const { cost, cost_in_usd_ticks: ticks } = reported;
  if (isObject(cost)) return read.amount(cost.total_cost);
  if (cost !== undefined && cost !== null) return read.amount(cost);
  const count = read.count(ticks);
  return count === undefined || count === 0 ? undefined : count * DOLLARS_PER_XAI_TICK;
}

/** Drops what was not said, and marks what cannot be. */
function finish(counts: Counts, read: CountReader): Usage | undefined {
  const usage: Counts = { reported: counts.reported };
  let hasSaid = false;
  for (const name in counts) {
    const key = name as keyof Counts;
    if (key === 'reported' || counts[key] === undefined) continue;
    hasSaid = true;
    keep(usage, counts, key);
  }
  if (read.invalid || contradictsItself(counts)) usage.invalid = true;
  return hasSaid || usage.invalid ? usage : undefined;
}

function keep<Key extends keyof Counts>(to: Counts, from: Counts, key: Key): void {
  to[key] = from[key];
}

function contradictsItself(counts: Counts): boolean {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = counts;
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  if (inputTokens !== undefined && cached > inputTokens) return true;
  return outputTokens !== undefined && (reasoningTokens ?? 0) > outputTokens;
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : EMPTY;
}
