import type { Usage } from '../../pipeline/settlement.js';
import type { JsonObject } from '../json.js';

/** A usage as chat completions report it. Counts nobody gave are left out of the details, and 0 where the format requires them. */
export function chatUsage(usage: Usage): JsonObject {
  const { inputTokens = 0, outputTokens = 0 } = usage;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: usage.totalTokens ?? inputTokens + outputTokens,
    prompt_tokens_details: given({
      cached_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: usage.audioInputTokens,
    }),
    completion_tokens_details: given({
      reasoning_tokens: usage.reasoningTokens ?? 0,
      audio_tokens: usage.audioOutputTokens,
    }),
  };
}

/** A usage as Responses report it. */
export function responsesUsage(usage: Usage): JsonObject {
  const { inputTokens = 0, outputTokens = 0 } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: given({
      cached_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens,
    }),
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens ?? inputTokens + outputTokens,
  };
}

/** A usage as Anthropic reports it, whose `input_tokens` leaves out what its cache had or was given. */
export function messagesUsage(usage: Usage): JsonObject {
  const { inputTokens = 0, cacheWriteTokens = 0 } = usage;
  // Servers are known to report more of it than there was at all.
  const uncached = Math.max(0, inputTokens - cacheWriteTokens);
  const cacheReadTokens = Math.min(usage.cacheReadTokens ?? 0, uncached);
  const hasLifetimes =
    usage.cacheWrite5mTokens !== undefined || usage.cacheWrite1hTokens !== undefined;
  return given({
    input_tokens: uncached - cacheReadTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cacheReadTokens,
    cache_creation: hasLifetimes
      ? {
          ephemeral_5m_input_tokens: usage.cacheWrite5mTokens ?? 0,
          ephemeral_1h_input_tokens: usage.cacheWrite1hTokens ?? 0,
        }
      : null,
    output_tokens: usage.outputTokens ?? 0,
    output_tokens_details:
      usage.reasoningTokens === undefined ? undefined : { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    service_tier: null,
  });
}

function given(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
