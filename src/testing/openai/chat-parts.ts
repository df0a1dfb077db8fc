import type { JsonObject } from '../json.js';
import type { TurnUsage } from '../model/turn.js';
import { splitText } from '../sse.js';

/** Usage as OpenAI's chat reports it. */
export function chatUsage(usage: TurnUsage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** Made-up log probabilities, one entry a word. */
export function tokenLogprobs(pieces: readonly string[]): readonly JsonObject[] {
  return pieces
    .flatMap((piece) => splitText(piece, undefined))
    .map((token) => ({
      token,
      logprob: -0.125,
      bytes: [...Buffer.from(token)],
      top_logprobs: [],
    }));
}
