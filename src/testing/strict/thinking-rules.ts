import { objectOf, textOf } from '../json.js';
import { messagesIn } from './message-turns.js';
import { claudeOf } from './models.js';
import { firstOf, isGiven, type Rule } from './refusal.js';

const MIN_BUDGET = 1024;
const THOUGHTS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

const effort: Rule = ({ body, model }) => {
  const { effort: wanted } = objectOf(body.output_config);
  if (!isGiven(wanted)) return undefined;
  const { efforts } = claudeOf(model);
  if (efforts.length === 0) {
    return { message: 'This model does not support the effort parameter.' };
  }
  if (efforts.includes(textOf(wanted))) return undefined;
  const message = `This model does not support effort level '${textOf(wanted)}'. Supported levels: ${efforts.join(', ')}.`;
  return { message };
};

const kind: Rule = ({ body, model }) => {
  const { type } = objectOf(body.thinking);
  const { takesBudget, takesAdaptive } = claudeOf(model);
  if (type === 'enabled' && !takesBudget) {
    return {
      message:
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    };
  }
  return type === 'adaptive' && !takesAdaptive
    ? { message: 'adaptive thinking is not supported on this model' }
    : undefined;
};

const budget: Rule = ({ body }) => {
  const { type, budget_tokens: tokens } = objectOf(body.thinking);
  if (type !== 'enabled') return undefined;
  if (typeof tokens !== 'number') {
    return { message: 'thinking.enabled.budget_tokens: Field required' };
  }
  if (tokens < MIN_BUDGET) {
    const message = `thinking.enabled.budget_tokens: Input should be greater than or equal to ${MIN_BUDGET}`;
    return { message };
  }
  return typeof body.max_tokens === 'number' && body.max_tokens <= tokens
    ? { message: '`max_tokens` must be greater than `thinking.budget_tokens`.' }
    : undefined;
};

const free: Rule = ({ body }) => {
  const { type } = objectOf(body.thinking);
  if (type !== 'enabled' && type !== 'adaptive') return undefined;
  const { type: choice } = objectOf(body.tool_choice);
  if (choice === 'any' || choice === 'tool') {
    return { message: 'Thinking may not be enabled when tool_choice forces tool use.' };
  }
  return isGiven(body.temperature) && body.temperature !== 1
    ? { message: '`temperature` may only be set to 1 when thinking is enabled.' }
    : undefined;
};

/** Who thinks for a budget has to have begun the turn that goes on with a thought. */
const begun: Rule = ({ body }) => {
  if (objectOf(body.thinking).type !== 'enabled') return undefined;
  const messages = messagesIn(body);
  const last = messages.at(-1);
  const isLoop = last?.blocks.some(({ type }) => type === 'tool_result');
  const index = isLoop ? messages.length - 2 : messages.length - 1;
  const message = messages[index];
  const [first] = message?.blocks ?? [];
  if (message?.role !== 'assistant' || THOUGHTS.has(first?.type)) return undefined;
  return {
    message: `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textOf(first?.type)}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
  };
};

/** Thoughts come back as they were signed. */
const signatures: Rule = ({ body, isSealed }) =>
  firstOf(messagesIn(body), ({ blocks }, index) =>
    firstOf(blocks, ({ type, thinking, signature, data }, position) => {
      const place = `messages.${index}.content.${position}`;
      if (type === 'thinking' && !isSealed(textOf(signature), textOf(thinking))) {
        return { message: `${place}: Invalid \`signature\` in \`thinking\` block` };
      }
      return type === 'redacted_thinking' && !isSealed(textOf(data), '')
        ? { message: `${place}: Invalid \`data\` in \`redacted_thinking\` block` }
        : undefined;
    }),
  );

/** The rules about thinking. */
export const thinkingRules: readonly Rule[] = [effort, kind, budget, free, begun, signatures];
