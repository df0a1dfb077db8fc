import type {
  OutputConfig,
  ThinkingConfigParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { Effort, ReasoningWish } from '../translation/canonical-request.js';
import { EFFORT_RATIO, effortOf } from '../translation/effort.js';
import type { Losses } from '../translation/losses.js';
import type { ClaudeModel } from './claude-models.js';

const MIN_BUDGET = 1024;

/** What else in a request decides whether it may think. */
export interface Circumstances {
  readonly maxTokens: number;
  /** Whether a call is forced. */
  readonly isForced: boolean;
  /** Whether the answer goes on from a turn that did not begin with a thought. */
  readonly isThoughtless: boolean;
}

/** Whether and how much is thought, and the bound that leaves room for it. */
export interface Thinking {
  readonly maxTokens: number;
  readonly thinking?: ThinkingConfigParam | undefined;
  readonly effort?: OutputConfig['effort'] | undefined;
}

/** Writes a wish to think as the model takes it. */
export function writeThinking(
  wish: ReasoningWish | undefined,
  model: ClaudeModel,
  at: Circumstances,
  losses: Losses,
): Thinking {
  const { maxTokens } = at;
  if (wish === undefined) return { maxTokens };
  if (wish.effort === 'none') return { maxTokens, ...rest(model, losses) };
  if (model.thinking === 'none') {
    losses.drop('reasoning');
    return { maxTokens };
  }
  const isBarred = at.isForced || (model.thinking === 'budget' && at.isThoughtless);
  if (isBarred) losses.drop('reasoning');
  if (model.thinking === 'budget') return isBarred ? { maxTokens } : inTokens(wish, at, losses);
  const effort = inWords(wish, model, maxTokens, losses);
  const display = isBarred ? undefined : displayOf(wish, losses);
  return { maxTokens, effort, thinking: isBarred ? undefined : { type: 'adaptive', ...display } };
}

function rest({ thinking, canRest }: ClaudeModel, losses: Losses): Partial<Thinking> {
  if (thinking === 'none') return {};
  if (canRest) return { thinking: { type: 'disabled' } };
  losses.change('reasoning');
  return { effort: 'low' };
}

function inTokens(wish: ReasoningWish, { maxTokens }: Circumstances, losses: Losses): Thinking {
  const effort = effortOf(wish, maxTokens);
  const ratio = EFFORT_RATIO[effort === undefined || effort === 'none' ? 'medium' : effort];
  const asked = wish.effort === undefined ? wish.budgetTokens : undefined;
  const budget = Math.max(MIN_BUDGET, Math.floor(asked ?? wish.budgetTokens ?? maxTokens * ratio));
  const isTight = budget >= maxTokens;
  if (isTight) losses.change('max_tokens');
  return {
    // The bound is on both, and the answer is to have what it was given.
    maxTokens: isTight ? budget + maxTokens : maxTokens,
    thinking: { type: 'enabled', budget_tokens: budget, ...displayOf(wish, losses) },
  };
}

function inWords(
  wish: ReasoningWish,
  model: ClaudeModel,
  maxTokens: number,
  losses: Losses,
): OutputConfig['effort'] | undefined {
  if (wish.effort === undefined && wish.budgetTokens === undefined) return undefined;
  const effort = effortOf(wish, maxTokens);
  const known = knownEffort(effort, model);
  if (wish.budgetTokens !== undefined || known !== effort) losses.change('reasoning');
  return known;
}

function knownEffort(
  effort: Effort | undefined,
  { takesXhigh }: ClaudeModel,
): NonNullable<OutputConfig['effort']> | undefined {
  if (effort === 'none' || effort === undefined) return undefined;
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' && !takesXhigh ? 'high' : effort;
}

/** Claude shows its thoughts or does not; how long a summary of them is, is not asked. */
function displayOf(
  { summary }: ReasoningWish,
  losses: Losses,
): { display?: 'summarized' | 'omitted' } {
  if (summary === undefined) return {};
  if (summary === 'omitted') return { display: summary };
  if (summary !== 'summarized' && summary !== 'auto') losses.change('reasoning_summary');
  return { display: 'summarized' };
}
