import type {
  DocumentBlockParam,
  ImageBlockParam,
  RedactedThinkingBlockParam,
  TextBlockParam,
  ThinkingBlockParam,
  ToolResultBlockParam,
  ToolUseBlockParam,
  UserMessageParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { firstOf, type Refusal, type Rule, unknownMember } from './refusal.js';

type Known<Value> = Record<keyof Value, 1>;

const MESSAGE = { role: 1, content: 1 } satisfies Known<UserMessageParam>;
/** Members of the blocks that applications write themselves. */
const MEMBERS: Readonly<Record<string, object>> = {
  text: { type: 1, text: 1, cache_control: 1, citations: 1 } satisfies Known<TextBlockParam>,
  image: {
    ...{ type: 1, source: 1, cache_control: 1, transformations: 1 },
  } satisfies Known<ImageBlockParam>,
  document: {
    ...{ type: 1, source: 1, cache_control: 1, citations: 1, context: 1, title: 1 },
  } satisfies Known<DocumentBlockParam>,
  tool_use: {
    ...{ type: 1, id: 1, input: 1, name: 1, cache_control: 1, caller: 1, toolset_name: 1 },
  } satisfies Known<ToolUseBlockParam>,
  tool_result: {
    ...{ type: 1, tool_use_id: 1, cache_control: 1, content: 1, is_error: 1, toolset_name: 1 },
  } satisfies Known<ToolResultBlockParam>,
  thinking: { type: 1, thinking: 1, signature: 1 } satisfies Known<ThinkingBlockParam>,
  redacted_thinking: { type: 1, data: 1 } satisfies Known<RedactedThinkingBlockParam>,
};
const BY_USER: ReadonlySet<unknown> = new Set(['tool_result', 'image', 'document']);
const BY_ASSISTANT: ReadonlySet<unknown> = new Set(['tool_use', 'thinking', 'redacted_thinking']);
const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
const ID = /^[a-zA-Z0-9_-]+$/;
const MAX_MARKS = 4;

const shape: Rule = ({ body }) => {
  if (!Array.isArray(body.messages)) return { message: 'messages: Input should be a valid array' };
  return firstOf(body.messages, (message, index) => {
    const place = `messages.${index}`;
    if (!isJsonObject(message)) {
      return { message: `${place}: Input does not match the expected shape.` };
    }
    return checkMessage(message, place);
  });
};

function checkMessage(message: JsonObject, place: string): Refusal | undefined {
  const unknown = unknownMember(message, MESSAGE);
  if (unknown !== undefined) {
    return { message: `${place}.${unknown}: Extra inputs are not permitted` };
  }
  const { role, content } = message;
  if (role === 'system' && !announcesTools(content)) {
    return {
      message:
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
    };
  }
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    return { message: `${place}.role: Input should be 'user' or 'assistant'` };
  }
  if (content === undefined) return { message: `${place}.content: Field required` };
  if (typeof content === 'string') return checkText(content);
  if (!Array.isArray(content)) {
    return { message: `${place}.content: Input should be a valid array` };
  }
  if (content.length === 0)
    return { message: `${place}: all messages must have non-empty content` };
  return firstOf(content, (block, index) =>
    checkBlock(objectOf(block), role, `${place}.content.${index}`),
  );
}

/** A beta adds tools in the middle of a conversation. */
function announcesTools(content: unknown): boolean {
  return listOf(content).some((block) => textOf(objectOf(block).type).startsWith('tool_'));
}

function checkText(text: string): Refusal | undefined {
  if (text === '') return { message: 'messages: text content blocks must be non-empty' };
  return text.trim() === ''
    ? { message: 'messages: text content blocks must contain non-whitespace text' }
    : undefined;
}

function checkBlock(block: JsonObject, role: string, place: string): Refusal | undefined {
  const type = textOf(block.type);
  const known = MEMBERS[type];
  // Blocks of Anthropic's own tools.
  if (known === undefined) {
    return type === '' ? { message: `${place}.type: Field required` } : undefined;
  }
  if (role === 'assistant' ? BY_USER.has(type) : BY_ASSISTANT.has(type)) {
    const whose = role === 'assistant' ? 'user' : 'assistant';
    return { message: `${place}: \`${type}\` blocks can only be in \`${whose}\` messages` };
  }
  const unknown = unknownMember(block, known);
  if (unknown !== undefined) {
    return { message: `${place}.${type}.${unknown}: Extra inputs are not permitted` };
  }
  return checkInside(block, type, role, place);
}

function checkInside(
  block: JsonObject,
  type: string,
  role: string,
  place: string,
): Refusal | undefined {
  switch (type) {
    case 'text':
      if (role === 'user' && listOf(block.citations).length > 0) {
        return { message: `${place}.text.citations: Extra inputs are not permitted` };
      }
      return checkText(textOf(block.text));
    case 'tool_use':
      if (!ID.test(textOf(block.id))) return badId(`${place}.tool_use.id`);
      return isJsonObject(block.input)
        ? undefined
        : { message: `${place}.tool_use.input: Input should be a valid dictionary` };
    case 'tool_result':
      if (!ID.test(textOf(block.tool_use_id))) return badId(`${place}.tool_result.tool_use_id`);
      return checkResult(block, place);
    case 'image':
    case 'document':
      return checkSource(objectOf(block.source), type, place);
    default:
      return undefined;
  }
}

function badId(place: string): Refusal {
  return { message: `${place}: String should match pattern '${ID.source}'` };
}

function checkResult(
  { content, is_error: isError }: JsonObject,
  place: string,
): Refusal | undefined {
  if (isError === true && (content === undefined || content === '' || isEmpty(content))) {
    return { message: `${place}.tool_result: content cannot be empty if \`is_error\` is true` };
  }
  return firstOf(listOf(content), (part, index) =>
    checkBlock(objectOf(part), 'user', `${place}.tool_result.content.${index}`),
  );
}

function isEmpty(content: unknown): boolean {
  return Array.isArray(content) && content.length === 0;
}

function checkSource(source: JsonObject, type: string, place: string): Refusal | undefined {
  const at = `${place}.${type}.source`;
  if (source.type === 'url' && !/^https:\/\//i.test(textOf(source.url))) {
    return { message: `${at}.url: Only HTTPS URLs are supported.` };
  }
  if (source.type === 'text' && textOf(source.data).trim() === '') {
    return { message: `${at}.data: document text must be non-empty` };
  }
  if (source.type !== 'base64') return undefined;
  const known = type === 'image' ? IMAGES : ['application/pdf'];
  if (known.includes(textOf(source.media_type))) return undefined;
  const expected = known.map((name) => `'${name}'`).join(', ');
  return { message: `${at}.base64.media_type: Input should be ${expected}` };
}

const marks: Rule = ({ body }) => {
  const blocks = [body.system, body.tools, ...listOf(body.messages).map(contentOf)]
    .flatMap(listOf)
    .map(objectOf);
  const inner = blocks.flatMap(({ content }) => listOf(content).map(objectOf));
  const count = [...blocks, ...inner].filter(({ cache_control: mark }) =>
    isJsonObject(mark),
  ).length;
  if (count <= MAX_MARKS) return undefined;
  const message = `A maximum of ${MAX_MARKS} blocks with cache_control may be provided. Found ${count}.`;
  return { message };
};

function contentOf(message: unknown): unknown {
  return objectOf(message).content;
}

/** The rules about what is in a message. */
export const messageBlocks: readonly Rule[] = [shape, marks];
