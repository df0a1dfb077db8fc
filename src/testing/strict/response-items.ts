import type {
  EasyInputMessage,
  ResponseCustomToolCall,
  ResponseCustomToolCallOutput,
  ResponseFunctionToolCall,
  ResponseInputItem,
  ResponseOutputMessage,
  ResponseReasoningItem,
} from 'openai/resources/responses/responses';
import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';
import {
  checkImage,
  checkLength,
  checkName,
  invalidType,
  invalidValue,
  missingParameter,
  unknownParameter,
} from './openai-rules.js';
import { firstOf, isGiven, type Refusal, type Rule, unknownMember } from './refusal.js';

type Known<Value> = Record<keyof Value, 1>;

/** Members of the items that applications write themselves. */
const MEMBERS: Readonly<Record<string, object>> = {
  message: { type: 1, role: 1, content: 1, phase: 1, id: 1, status: 1 } satisfies Known<
    EasyInputMessage & ResponseOutputMessage
  >,
  function_call: {
    ...{ type: 1, call_id: 1, name: 1, arguments: 1, id: 1, status: 1 },
    ...{ async: 1, caller: 1, namespace: 1 },
  } satisfies Known<ResponseFunctionToolCall>,
  function_call_output: {
    ...{ type: 1, call_id: 1, output: 1, id: 1, status: 1, name: 1, namespace: 1, caller: 1 },
  } satisfies Known<ResponseInputItem.FunctionCallOutput>,
  custom_tool_call: {
    ...{
      type: 1,
      call_id: 1,
      name: 1,
      input: 1,
      id: 1,
      status: 1,
      caller: 1,
      namespace: 1,
      async: 1,
    },
  } satisfies Known<ResponseCustomToolCall>,
  custom_tool_call_output: {
    ...{ type: 1, call_id: 1, output: 1, id: 1, status: 1, caller: 1 },
  } satisfies Known<ResponseCustomToolCallOutput>,
  reasoning: {
    ...{ type: 1, id: 1, summary: 1, content: 1, encrypted_content: 1, status: 1 },
  } satisfies Known<ResponseReasoningItem>,
};

/** How the ids of items begin. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
};
const ROLES = ['assistant', 'system', 'developer', 'user'];
const TOLD = ['input_text', 'input_image', 'input_file', 'input_audio'];
const SAID = ['output_text', 'refusal'];
const MAX_CALL_ID = 64;
/** Sounds and pictures are no files to be read. */
const MEDIA_DATA = /^data:(?:audio|video|image)\//;
const MEDIA_FILE = /\.(?:aac|flac|m4a|mov|mp3|mp4|ogg|wav|webm)$/i;
const OUTPUTS: ReadonlySet<unknown> = new Set(['function_call_output', 'custom_tool_call_output']);
const CALLS: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call']);

function checkItem(item: JsonObject, param: string): Refusal | undefined {
  const type = item.type ?? (item.role === undefined ? undefined : 'message');
  if (type === undefined) return missingParameter(`${param}.type`);
  const known = MEMBERS[textOf(type)];
  // Tools of OpenAI's own.
  if (known === undefined) return undefined;
  const unknown = unknownMember(item, known);
  if (unknown !== undefined) return unknownParameter(`${param}.${unknown}`);
  const refusal = checkId(item, PREFIXES[textOf(type)], param);
  if (refusal !== undefined) return refusal;
  if (type === 'message') return checkMessage(item, param);
  if (type === 'reasoning') {
    return Array.isArray(item.summary) ? undefined : missingParameter(`${param}.summary`);
  }
  if (typeof item.call_id !== 'string') return missingParameter(`${param}.call_id`);
  return checkLength(`${param}.call_id`, item.call_id, MAX_CALL_ID) ?? checkWords(item, param);
}

function checkId(
  { id }: JsonObject,
  prefix: string | undefined,
  param: string,
): Refusal | undefined {
  if (!isGiven(id) || prefix === undefined || textOf(id).startsWith(prefix)) return undefined;
  const message = `Invalid '${param}.id': '${String(id)}'. Expected an ID that begins with '${prefix}'.`;
  return { message, param: `${param}.id`, code: 'invalid_value' };
}

function checkMessage({ role, content }: JsonObject, param: string): Refusal | undefined {
  if (!ROLES.includes(textOf(role))) return invalidValue(`${param}.role`, role, ROLES);
  return checkParts(content, role === 'assistant' ? SAID : TOLD, `${param}.content`);
}

function checkParts(
  content: unknown,
  known: readonly string[],
  param: string,
): Refusal | undefined {
  if (typeof content === 'string') return undefined;
  if (!Array.isArray(content)) return invalidType(param, 'one of an array or a string', content);
  return firstOf(content, (part, index) => checkPart(objectOf(part), known, `${param}[${index}]`));
}

function checkPart(
  { type, image_url: url, file_id: id, file_data: data, file_url, cache_control: mark }: JsonObject,
  known: readonly string[],
  param: string,
): Refusal | undefined {
  if (!known.includes(textOf(type))) return invalidValue(param, type, known);
  if (mark !== undefined) return unknownParameter(`${param}.cache_control`);
  if (type === 'input_image' && !isGiven(id)) return checkImage(`${param}.image_url`, url);
  if (type !== 'input_file') return undefined;
  if (![id, data, file_url].some(isGiven)) return missingParameter(`${param}.file_id`);
  if (!MEDIA_DATA.test(textOf(data)) && !MEDIA_FILE.test(textOf(file_url))) return undefined;
  const message = 'The file type you uploaded is not supported. Please try again with a pdf';
  return { message, param: 'input', code: 'unsupported_file' };
}

function checkWords(item: JsonObject, param: string): Refusal | undefined {
  if (OUTPUTS.has(item.type)) return checkParts(item.output, TOLD, `${param}.output`);
  const member = item.type === 'function_call' ? 'arguments' : 'input';
  const words = item[member];
  return typeof words === 'string'
    ? checkName(`${param}.name`, item.name)
    : invalidType(`${param}.${member}`, 'a string', words);
}

const items: Rule = ({ body }) =>
  firstOf(listOf(body.input), (item, index) => {
    const param = `input[${index}]`;
    if (!isJsonObject(item)) return invalidType(param, 'an object', item);
    return checkItem(item, param);
  });

/** Calls and their outputs belong together. Calls that OpenAI has kept are not in the input. */
export const responsePairs: Rule = ({ body }) => {
  const { previous_response_id: previous, conversation, input } = body;
  const list = listOf(input).map(objectOf);
  const called = new Set(list.filter(({ type }) => CALLS.has(type)).map(callId));
  const answered = new Set(list.filter(({ type }) => OUTPUTS.has(type)).map(callId));
  const isKept = isGiven(previous) || isGiven(conversation);
  const stray = isKept ? undefined : [...answered].find((id) => !called.has(id));
  if (stray !== undefined) {
    const message = `No tool call found for function call output with call_id ${stray}.`;
    return { message, param: 'input' };
  }
  const open = [...called].find((id) => !answered.has(id));
  if (open === undefined) return undefined;
  return { message: `No tool output found for function call ${open}.`, param: 'input' };
};

function callId({ call_id: id }: JsonObject): string {
  return textOf(id);
}

/** Only reasoning that this provider has encrypted can be gone on with. */
const seals: Rule = ({ body, isSealed }) =>
  firstOf(listOf(body.input).map(objectOf), ({ type, encrypted_content: seal, id, summary }) => {
    if (type !== 'reasoning' || !isGiven(seal)) return undefined;
    const text = textOf(objectOf(listOf(summary)[0]).text);
    if (isSealed(textOf(seal), text)) return undefined;
    const place = typeof id === 'string' ? ` for item ${id}` : '';
    const message = `The encrypted content${place} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`;
    return { message, code: 'invalid_encrypted_content' };
  });

/** Reasoning led to something. */
const reasoningLast: Rule = ({ body }) => {
  const last = objectOf(listOf(body.input).at(-1));
  if (last.type !== 'reasoning') return undefined;
  const message = `Item '${textOf(last.id)}' of type 'reasoning' was provided without its required following item.`;
  return { message, param: 'input' };
};

/** The rules about the items of an input. */
export const responseItems: readonly Rule[] = [items, responsePairs, seals, reasoningLast];
