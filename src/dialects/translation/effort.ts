import type { Effort, ReasoningWish } from './canonical-request.js';

/**
 * The part of `max_tokens` that an effort stands for where a provider counts tokens.
 *
 * @see https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
 */
export const EFFORT_RATIO: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  minimal: 0.1,
  low: 0.2,
  medium: 0.5,
  high: 0.8,
  xhigh: 0.95,
  max: 0.95,
};

const THINKING = ['minimal', 'low', 'medium', 'high', 'xhigh'] as const;

/** The effort that comes nearest to a budget of `maxTokens`. */
export function effortOfBudget(budgetTokens: number, maxTokens: number): Effort {
  const ratio = budgetTokens / maxTokens;
  return THINKING.reduce<Effort>((nearest, effort) => {
    if (nearest === 'none') return effort;
    return distance(effort, ratio) < distance(nearest, ratio) ? effort : nearest;
  }, 'none');
}

function distance(effort: Effort, ratio: number): number {
  return effort === 'none' ? Number.POSITIVE_INFINITY : Math.abs(EFFORT_RATIO[effort] - ratio);
}

/** The effort of a wish in words, where there is one. */
export function effortOf(
  { effort, budgetTokens, isAdaptive }: ReasoningWish,
  maxTokens: number,
): Effort | undefined {
  if (effort !== undefined) return effort;
  if (budgetTokens !== undefined) return effortOfBudget(budgetTokens, maxTokens);
  return isAdaptive ? 'medium' : undefined;
}
