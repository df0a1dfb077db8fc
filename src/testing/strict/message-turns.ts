import { type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { claudeOf } from './models.js';
import { firstOf, type Refusal, type Rule } from './refusal.js';

interface Message {
  readonly role: unknown;
  readonly blocks: readonly JsonObject[];
}

/** The messages of a request, their text as the block that it stands for. */
export function messagesIn(body: JsonObject): readonly Message[] {
  return listOf(body.messages)
    .map(objectOf)
    .map(({ role, content }) => ({
      role,
      blocks:
        typeof content === 'string'
          ? [{ type: 'text', text: content }]
          : listOf(content).map(objectOf),
    }));
}

const begins: Rule = ({ body }) => {
  const [first] = messagesIn(body);
  if (first === undefined) return { message: 'messages: at least one message is required' };
  return first.role === 'user'
    ? undefined
    : { message: 'messages: first message must use the "user" role' };
};

const alternates: Rule = ({ body }) => {
  const messages = messagesIn(body);
  return firstOf(messages, ({ role }, index) =>
    index > 0 && messages[index - 1]?.role === role
      ? {
          message: `messages: roles must alternate between "user" and "assistant", but found multiple "${textOf(role)}" roles in a row`,
        }
      : undefined,
  );
};

const prefill: Rule = ({ body, model }) => {
  const last = messagesIn(body).at(-1);
  if (last?.role !== 'assistant') return undefined;
  if (!claudeOf(model).takesPrefill) {
    return {
      message:
        'This model does not support assistant message prefill. The conversation must end with a user message.',
    };
  }
  const block = last.blocks.at(-1);
  return block?.type === 'text' && /\s$/.test(textOf(block.text))
    ? { message: 'messages: final assistant content cannot end with trailing whitespace' }
    : undefined;
};

/** Every call has its result first thing in the next message, and every result its call in the one before. */
const pairs: Rule = ({ body }) => {
  const messages = messagesIn(body);
  const used = new Set<string>();
  return firstOf(messages, ({ role, blocks }, index) => {
    if (role === 'user') return checkResults(blocks, messages[index - 1], index);
    const calls = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => textOf(id));
    for (const id of calls) {
      if (used.has(id)) return { message: 'messages: `tool_use` ids must be unique' };
      used.add(id);
    }
    return checkCalls(calls, messages[index + 1], index);
  });
};

function checkResults(
  blocks: readonly JsonObject[],
  before: Message | undefined,
  index: number,
): Refusal | undefined {
  const calls = new Set(
    before?.blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id),
  );
  const answered = new Set<unknown>();
  return firstOf(blocks, ({ type, tool_use_id: id }, position) => {
    if (type !== 'tool_result') return undefined;
    const place = `messages.${index}.content.${position}`;
    if (!calls.has(id)) {
      const message = `${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${textOf(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
      return { message };
    }
    if (answered.has(id)) {
      const message = `${place}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${textOf(id)}`;
      return { message };
    }
    answered.add(id);
    return undefined;
  });
}

function checkCalls(
  calls: readonly string[],
  next: Message | undefined,
  index: number,
): Refusal | undefined {
  if (calls.length === 0) return undefined;
  const leading = next?.blocks.findIndex(({ type }) => type !== 'tool_result') ?? 0;
  const results = leading < 0 ? next?.blocks : next?.blocks.slice(0, leading);
  const answered = new Set(results?.map(({ tool_use_id: id }) => id));
  const open = calls.filter((id) => !answered.has(id));
  if (open.length === 0) return undefined;
  const message = `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
  return { message };
}

/** The rules about who speaks when. */
export const messageTurns: readonly Rule[] = [begins, alternates, prefill, pairs];
