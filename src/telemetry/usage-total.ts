import type { AttemptRecord, Usage } from '../pipeline/settlement.js';
import { membersOf } from './request-attributes.js';

/** The counts of {@link Usage}, and those of text, which only some providers tell. */
export interface UsageTotal {
  inputTokens?: number;
  outputTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
  textInputTokens?: number;
  textOutputTokens?: number;
  imageInputTokens?: number;
  imageOutputTokens?: number;
  audioInputTokens?: number;
  audioOutputTokens?: number;
  invalid?: true;
}

const COUNTS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'imageInputTokens',
  'imageOutputTokens',
  'audioInputTokens',
  'audioOutputTokens',
] as const satisfies readonly (keyof UsageTotal & keyof Usage)[];

/** What attempts used together, as far as they said; `undefined` where none did. What nobody reported stays absent. */
export function totalUsage(attempts: readonly AttemptRecord[]): UsageTotal | undefined {
  let total: UsageTotal | undefined;
  for (const { usage } of attempts) {
    if (usage === undefined) continue;
    total ??= {};
    for (const count of COUNTS) add(total, count, usage[count]);
    add(total, 'textInputTokens', textTokens(usage, INPUT_DETAILS));
    add(total, 'textOutputTokens', textTokens(usage, OUTPUT_DETAILS));
    if (usage.invalid) total.invalid = true;
  }
  return total;
}

function add(
  total: UsageTotal,
  count: Exclude<keyof UsageTotal, 'invalid'>,
  tokens: number | undefined,
): void {
  if (tokens !== undefined) total[count] = (total[count] ?? 0) + tokens;
}

const INPUT_DETAILS = ['prompt_tokens_details', 'input_tokens_details'];
const OUTPUT_DETAILS = ['completion_tokens_details', 'output_tokens_details'];

function textTokens({ reported }: Usage, places: readonly string[]): number | undefined {
  for (const place of places) {
    const tokens = membersOf(reported[place]).text_tokens;
    if (typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0) return tokens;
  }
  return undefined;
}
