import type { GatewayRequest } from '../../pipeline/contract.js';
import { membersOf } from '../request-attributes.js';
import type {
  CapturedContent,
  ContentPart,
  InputMessage,
  ToolDefinition,
} from './captured-content.js';
import { contentParts, isRecord, textPart } from './content-parts.js';
import { parseArguments, toolCallPart } from './output-messages.js';

type Json = Readonly<Record<string, unknown>>;

/** What a request says to the model, as the conventions spell it. */
export function readInput({ operation, body }: GatewayRequest): CapturedContent {
  const request = membersOf(body);
  switch (operation) {
    case 'chat':
      return { inputMessages: list(request.messages).map(chatMessage), ...tools(request) };
    case 'messages':
      return {
        systemInstructions: contentParts(request.system),
        inputMessages: list(request.messages).map(anthropicMessage),
        ...tools(request),
      };
    case 'responses':
      return {
        systemInstructions: contentParts(request.instructions),
        inputMessages: responsesInput(request.input),
        ...tools(request),
      };
    case 'completions':
    case 'embeddings':
      return { inputMessages: plainInput(request.prompt ?? request.input) };
    case 'passthrough':
      return {};
  }
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function roleOf(message: Json): string {
  const { role } = message;
  return typeof role === 'string' ? role : 'user';
}

function chatMessage(message: Json): InputMessage {
  const role = roleOf(message);
  const { content, tool_call_id: id, name } = message;
  if (role === 'tool' || role === 'function')
    return { role: 'tool', parts: [toolResult(id, content)] };
  const calls = list(message.tool_calls).map((call) => {
    const { name: called, arguments: given, input } = membersOf(call.function ?? call.custom);
    return toolCallPart(call.id, called, parseArguments(given ?? input));
  });
  const legacy = membersOf(message.function_call);
  if (legacy.name !== undefined) {
    calls.push(toolCallPart(undefined, legacy.name, parseArguments(legacy.arguments)));
  }
  const refusal = message.refusal;
  const said = typeof refusal === 'string' && refusal !== '' ? [textPart(refusal)] : [];
  return {
    role,
    parts: [...contentParts(content), ...said, ...calls],
    ...(typeof name === 'string' && { name }),
  };
}

/** In Anthropic's messages results of tools stand among what the user says. */
function anthropicMessage(message: Json): InputMessage {
  const parts = contentParts(message.content);
  const isResult = parts.length > 0 && parts.every(({ type }) => type === 'tool_call_response');
  return { role: isResult ? 'tool' : roleOf(message), parts };
}

function responsesInput(input: unknown): readonly InputMessage[] {
  if (typeof input === 'string') return plainInput(input);
  return list(input).map((item): InputMessage => {
    const { type, call_id: id, name } = item;
    if (type === 'function_call' || type === 'custom_tool_call') {
      const given = parseArguments(item.arguments ?? item.input);
      return { role: 'assistant', parts: [toolCallPart(id, name, given)] };
    }
    if (type === 'function_call_output' || type === 'custom_tool_call_output') {
      return { role: 'tool', parts: [toolResult(id, item.output)] };
    }
    if (type === undefined || type === 'message') {
      return { role: roleOf(item), parts: contentParts(item.content) };
    }
    const parts = contentParts([item]);
    return { role: 'assistant', parts };
  });
}

function plainInput(input: unknown): readonly InputMessage[] {
  const texts = Array.isArray(input) ? input : [input];
  const parts = texts.filter((text) => typeof text === 'string').map(textPart);
  return parts.length === 0 ? [] : [{ role: 'user', parts }];
}

function toolResult(id: unknown, response: unknown): ContentPart {
  return {
    type: 'tool_call_response',
    ...(typeof id === 'string' && { id }),
    response: response ?? null,
  };
}

/** The tools as they are offered, in any of the three spellings. */
function tools(request: Json): Pick<CapturedContent, 'toolDefinitions'> {
  const given = list(request.tools).map((tool): ToolDefinition => {
    const own = isRecord(tool.function) ? tool.function : tool;
    const { name, description, parameters = tool.input_schema, type } = own;
    const kind = tool.type ?? type;
    const isFunction = kind === undefined || kind === 'function' || kind === 'custom';
    const label = typeof name === 'string' ? name : String(kind ?? 'tool');
    return {
      type: isFunction ? 'function' : String(kind),
      name: label,
      ...(typeof description === 'string' && { description }),
      ...(isFunction && isRecord(parameters) && { parameters }),
    };
  });
  return { toolDefinitions: given };
}
