import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionFunctionMessageParam,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
} from 'openai/resources/chat/completions';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import {
  checkFile,
  checkImage,
  checkLength,
  checkName,
  emptyArray,
  invalidType,
  invalidValue,
  missingParameter,
  unknownParameter,
} from './openai-rules.js';
import { firstOf, isGiven, type Refusal, type Rule, unknownMember } from './refusal.js';

type Known<Value> = Record<keyof Value, 1>;

const SYSTEM = {
  role: 1,
  content: 1,
  name: 1,
} satisfies Known<ChatCompletionDeveloperMessageParam>;
/** `annotations` come with answers, which go back as they are. */
const ASSISTANT = {
  ...{ role: 1, content: 1, name: 1, refusal: 1, audio: 1, tool_calls: 1, function_call: 1 },
} satisfies Known<ChatCompletionAssistantMessageParam>;
const MEMBERS: Readonly<Record<string, object>> = {
  system: SYSTEM,
  developer: SYSTEM,
  user: { role: 1, content: 1, name: 1 } satisfies Known<ChatCompletionUserMessageParam>,
  assistant: { ...ASSISTANT, annotations: 1 },
  tool: { role: 1, content: 1, tool_call_id: 1 } satisfies Known<ChatCompletionToolMessageParam>,
  function: { role: 1, content: 1, name: 1 } satisfies Known<ChatCompletionFunctionMessageParam>,
};

const MARKED = { type: 1, prompt_cache_breakpoint: 1 };
const PARTS: Readonly<Record<string, object>> = {
  text: { ...MARKED, text: 1 },
  image_url: { ...MARKED, image_url: 1 },
  input_audio: { ...MARKED, input_audio: 1 },
  file: { ...MARKED, file: 1 },
  refusal: { type: 1, refusal: 1 },
};
const PARTS_OF: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
};
const TEXT_ONLY = ['text'];
/** Chat allows less than Responses. */
const MAX_CALL_ID = 40;

/** The rules about messages; `openai` has more of them than `any` server of its format. */
export function chatMessages(who: 'openai' | 'any'): readonly Rule[] {
  const each = who === 'openai' ? checkMessage : checkRole;
  return [
    ({ body }) =>
      firstOf(listOf(body.messages), (message, index) => {
        const param = `messages[${index}]`;
        if (!isJsonObject(message)) return invalidType(param, 'an object', message);
        return each(message, param);
      }),
    pairs,
  ];
}

function checkRole({ role }: JsonObject, param: string): Refusal | undefined {
  return textOf(role) in MEMBERS
    ? undefined
    : invalidValue(`${param}.role`, role, Object.keys(MEMBERS));
}

function checkMessage(message: JsonObject, param: string): Refusal | undefined {
  const refusal = checkRole(message, param);
  if (refusal !== undefined) return refusal;
  const role = textOf(message.role);
  const unknown = unknownMember(message, MEMBERS[role] ?? {});
  if (unknown !== undefined) return unknownParameter(`${param}.${unknown}`);
  return (
    checkSpeaker(message, param) ??
    checkContent(message, role, param) ??
    firstOf(listOf(message.tool_calls), (call, index) =>
      checkCall(objectOf(call), `${param}.tool_calls[${index}]`),
    )
  );
}

function checkSpeaker({ name }: JsonObject, param: string): Refusal | undefined {
  if (!isGiven(name) || /^[^\s<|\\/>]+$/.test(textOf(name))) return undefined;
  const message = `Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[^\\s<|\\\\/>]+$'.`;
  return { message, param: `${param}.name`, code: 'invalid_value' };
}

function checkContent(
  { content, tool_calls: calls, function_call: call, refusal, audio }: JsonObject,
  role: string,
  param: string,
): Refusal | undefined {
  if (typeof content === 'string') return undefined;
  if (Array.isArray(content)) {
    if (content.length === 0) return emptyArray(`${param}.content`);
    const known = PARTS_OF[role] ?? TEXT_ONLY;
    return firstOf(content, (part, index) =>
      checkPart(objectOf(part), known, `${param}.content[${index}]`),
    );
  }
  const speaksElsewhere = [calls, call, refusal, audio].some(isGiven);
  if (role === 'assistant' && speaksElsewhere && !isGiven(content)) return undefined;
  const message = `Invalid value for 'content': expected a string, got ${content === undefined || content === null ? 'null' : typeof content}.`;
  return { message, param: `${param}.content` };
}

function checkPart(part: JsonObject, known: readonly string[], param: string): Refusal | undefined {
  const type = textOf(part.type);
  if (type === 'image_url' && !known.includes(type)) {
    const message = `Invalid '${param}'. Image URLs are only allowed for messages with role 'user'.`;
    return { message, param, code: 'invalid_value' };
  }
  if (!known.includes(type)) return invalidValue(`${param}.type`, part.type, known);
  const unknown = unknownMember(part, PARTS[type] ?? {});
  if (unknown !== undefined) return unknownParameter(`${param}.${unknown}`);
  if (type === 'text' && typeof part.text !== 'string') {
    return invalidType(`${param}.text`, 'a string', part.text);
  }
  if (type === 'image_url') {
    return checkImage(`${param}.image_url.url`, objectOf(part.image_url).url);
  }
  if (type !== 'file') return undefined;
  const { file_data: data, filename, file_id: id } = objectOf(part.file);
  if (data !== undefined && filename === undefined) {
    return missingParameter(`${param}.file.filename`);
  }
  if (data === undefined && id === undefined) return missingParameter(`${param}.file.file_id`);
  return checkFile(`${param}.file.file_data`, data);
}

function checkCall(call: JsonObject, param: string): Refusal | undefined {
  const { id, type } = call;
  if (typeof id !== 'string') return missingParameter(`${param}.id`);
  const refusal = checkLength(`${param}.id`, id, MAX_CALL_ID);
  if (refusal !== undefined) return refusal;
  if (type === 'custom') {
    const { name, input } = objectOf(call.custom);
    const isText = typeof input === 'string';
    return (
      checkName(`${param}.custom.name`, name) ??
      (isText ? undefined : invalidType(`${param}.custom.input`, 'a string', input))
    );
  }
  if (type !== 'function') return invalidValue(`${param}.type`, type, ['function', 'custom']);
  const { name, arguments: words } = objectOf(call.function);
  if (typeof words !== 'string') {
    return invalidType(`${param}.function.arguments`, 'a string', words);
  }
  return checkName(`${param}.function.name`, name);
}

/** Every call has its result right after it, and every result its call before it. */
const pairs: Rule = ({ body }) => {
  let open = new Set<string>();
  const messages = listOf(body.messages).map(objectOf);
  for (const [index, { role, tool_call_id: id, tool_calls: calls }] of messages.entries()) {
    if (role === 'tool') {
      if (open.delete(textOf(id))) continue;
      const message =
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
      return { message, param: `messages.[${index}].role` };
    }
    if (open.size > 0) break;
    open = new Set(listOf(calls).map((call) => textOf(objectOf(call).id)));
  }
  if (open.size === 0) return undefined;
  const message = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`;
  return { message, param: 'messages' };
};
