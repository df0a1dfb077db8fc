import type { TargetEnd } from '../pipeline/feature.js';
import type { CostResult, Outcome, ResponseFacts } from '../pipeline/settlement.js';
import type { AttributeBag } from './attribute-bag.js';
import { COST, COST_ALIASES, ZEROHOP } from './names.js';
import { isOpenai } from './request-attributes.js';
import { ATTRIBUTES } from './semconv.js';
import type { CostAlias, TelemetryProfile } from './telemetry-options.js';
import type { UsageTotal } from './usage-total.js';

/** What the answer was. */
export function addResponseAttributes(
  bag: AttributeBag,
  { facts }: TargetEnd,
  provider: string,
): void {
  if (facts === undefined) return;
  bag.text(ATTRIBUTES.responseId, facts.id);
  bag.text(ATTRIBUTES.responseModel, facts.model);
  if (!isOpenai(provider)) return;
  bag.text(ATTRIBUTES.openaiResponseServiceTier, facts.serviceTier);
  bag.text(ATTRIBUTES.openaiResponseSystemFingerprint, facts.systemFingerprint);
}

/** The word for a choice that ended before its end. */
const EARLY = 'error';
/** Choices that a list of reasons has at most. */
const MAX_CHOICES = 128;

/**
 * Why each choice ended, by its index, in the provider's own words; `error` where one did not come to its
 * end. `undefined` where nothing was generated.
 */
export function finishReasons(
  facts: ResponseFacts | undefined,
  outcome: Outcome,
  asked: unknown,
): string[] | undefined {
  const reasons: string[] = [];
  let known = false;
  for (const { index, finishReason } of facts?.choices ?? []) {
    if (!(index >= 0 && index < MAX_CHOICES)) continue;
    while (reasons.length <= index) reasons.push(EARLY);
    if (finishReason === undefined) continue;
    reasons[index] = finishReason;
    known = true;
  }
  if (outcome === 'success') return known ? reasons : undefined;
  if (outcome === 'error' && facts === undefined) return undefined;
  // All had been read by the gateway, but not handed over.
  if (outcome === 'aborted' && !reasons.includes(EARLY)) reasons.fill(EARLY);
  const count = typeof asked === 'number' && asked <= MAX_CHOICES ? asked : 1;
  while (reasons.length < count) reasons.push(EARLY);
  return reasons;
}

/** Tokens, as far as they were reported. */
export function addUsage(bag: AttributeBag, usage: UsageTotal, profile: TelemetryProfile): void {
  bag.whole(ATTRIBUTES.usageInputTokens, usage.inputTokens);
  bag.whole(ATTRIBUTES.usageOutputTokens, usage.outputTokens);
  bag.whole(ATTRIBUTES.usageCacheReadInputTokens, usage.cacheReadTokens);
  bag.whole(ATTRIBUTES.usageCacheWriteInputTokens, usage.cacheWriteTokens);
  if (profile !== 'latest') {
    bag.whole(ATTRIBUTES.usageCacheCreationInputTokens, usage.cacheWriteTokens);
  }
  bag.whole(ATTRIBUTES.usageReasoningOutputTokens, usage.reasoningTokens);
  bag.whole(ATTRIBUTES.usageTextInputTokens, usage.textInputTokens);
  bag.whole(ATTRIBUTES.usageTextOutputTokens, usage.textOutputTokens);
  bag.whole(ATTRIBUTES.usageImageInputTokens, usage.imageInputTokens);
  bag.whole(ATTRIBUTES.usageImageOutputTokens, usage.imageOutputTokens);
  bag.whole(ATTRIBUTES.usageAudioInputTokens, usage.audioInputTokens);
  bag.whole(ATTRIBUTES.usageAudioOutputTokens, usage.audioOutputTokens);
  if (usage.invalid) bag.set(ZEROHOP.usageInvalid, true);
}

/** What it cost, or why that is not known. */
export function addCost(
  bag: AttributeBag,
  { cost, unpriced }: CostResult,
  aliases: readonly CostAlias[],
): void {
  if (cost === undefined) {
    if (unpriced !== 'off') bag.set(ZEROHOP.unpricedReason, unpriced);
    return;
  }
  bag.number(COST.amount, cost.amount);
  bag.text(COST.currency, cost.currency);
  bag.text(COST.source, cost.source);
  for (const alias of aliases) bag.number(COST_ALIASES[alias], cost.amount);
  bag.number(ZEROHOP.costInput, cost.input);
  bag.number(ZEROHOP.costOutput, cost.output);
  bag.number(ZEROHOP.costCacheRead, cost.cacheRead);
  bag.number(ZEROHOP.costCacheWrite, cost.cacheWrite);
  bag.number(ZEROHOP.costRequests, cost.requests);
  if (cost.approximate) bag.set(ZEROHOP.costApproximate, true);
}
