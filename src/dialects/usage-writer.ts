import type { Usage } from '../pipeline/settlement.js';
import type { Path } from './canonical-events.js';
import { childOf, type JsonObject } from './json.js';
import { JsonDocument } from './json-document.js';

/** Reads a provider's usage object. */
export type UsageNormaliser = (reported: JsonObject) => Usage | undefined;

/** Where providers keep a figure; the first place that is there is the one. */
const PLACES: readonly (readonly [keyof Usage, ...Path[]])[] = [
  ['inputTokens', ['prompt_tokens'], ['input_tokens'], ['prompt_n']],
  ['outputTokens', ['completion_tokens'], ['output_tokens'], ['predicted_n']],
  ['totalTokens', ['total_tokens']],
  [
    'cacheReadTokens',
    ['prompt_tokens_details', 'cached_tokens'],
    ['input_tokens_details', 'cached_tokens'],
    ['prompt_cache_hit_tokens'],
    ['cache_read_input_tokens'],
    ['cache_n'],
  ],
  [
    'cacheWriteTokens',
    ['prompt_tokens_details', 'cache_write_tokens'],
    ['input_tokens_details', 'cache_write_tokens'],
    ['cache_creation_input_tokens'],
  ],
  ['cacheWrite5mTokens', ['cache_creation', 'ephemeral_5m_input_tokens']],
  ['cacheWrite1hTokens', ['cache_creation', 'ephemeral_1h_input_tokens']],
  [
    'reasoningTokens',
    ['completion_tokens_details', 'reasoning_tokens'],
    ['output_tokens_details', 'reasoning_tokens'],
    ['output_tokens_details', 'thinking_tokens'],
    ['reasoning_tokens'],
  ],
  ['audioInputTokens', ['prompt_tokens_details', 'audio_tokens']],
  ['audioOutputTokens', ['completion_tokens_details', 'audio_tokens']],
  ['imageInputTokens', ['prompt_tokens_details', 'image_tokens']],
  ['imageOutputTokens', ['completion_tokens_details', 'image_tokens']],
  ['reportedCost', ['cost', 'total_cost'], ['cost']],
];

/**
 * The provider's own usage object for `usage`: as it came, but for figures that were changed since. What
 * a provider counts in another way (Anthropic's input without its cache) moves by the same amount.
 */
export function reportedUsage(usage: Usage, normalise: UsageNormaliser): unknown {
  const before = normalise(usage.reported);
  const document = new JsonDocument(usage.reported);
  for (const [field, ...paths] of PLACES) {
    const now = usage[field];
    const then = before?.[field];
    const path = paths.find((candidate) => valueAt(usage.reported, candidate) !== undefined);
    if (now === then || path === undefined) continue;
    const own = valueAt(usage.reported, path);
    const exact = typeof own !== 'number' || typeof now !== 'number' || typeof then !== 'number';
    document.put(path, exact ? now : own + now - then);
  }
  return document.root;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((holder, step) => childOf(holder, step), root);
}
