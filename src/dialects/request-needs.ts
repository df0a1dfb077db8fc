import { isObject, type JsonObject, list } from './json.js';

/** What a request may need of the model that answers it, as far as the request shows it. */
export const CAPABILITIES = [
  'tools',
  'hostedTools',
  'images',
  'audio',
  'documents',
  'structuredOutput',
  'logprobs',
  'multipleChoices',
  'streaming',
] as const;

/** One of them. */
export type Capability = (typeof CAPABILITIES)[number];

/** By the type of a content part, in any dialect. */
const BY_PART: ReadonlyMap<unknown, Capability> = new Map<unknown, Capability>([
  ['image_url', 'images'],
  ['input_image', 'images'],
  ['image', 'images'],
  ['input_audio', 'audio'],
  ['file', 'documents'],
  ['input_file', 'documents'],
  ['document', 'documents'],
  ['tool_use', 'tools'],
  ['tool_result', 'tools'],
  ['function_call', 'tools'],
  ['function_call_output', 'tools'],
  ['custom_tool_call', 'tools'],
  ['custom_tool_call_output', 'tools'],
]);

/** Types of tools that the caller runs; all others are the provider's. */
const CALLERS_TOOL: ReadonlySet<unknown> = new Set([undefined, 'function', 'custom']);

/** What a request needs, in any dialect. Looks at its parameters and at the types of its parts, never into texts. */
export function needsOf(body: unknown, stream: boolean): ReadonlySet<Capability> {
  const needs = new Set<Capability>();
  if (stream) needs.add('streaming');
  if (!isObject(body)) return needs;
  addTools(body, needs);
  addAnswer(body, needs);
  for (const message of [...list(body.messages), ...list(body.input)]) addTurn(message, needs);
  return needs;
}

function addTools(body: JsonObject, needs: Set<Capability>): void {
  for (const tool of list(body.tools)) {
    const type = isObject(tool) ? tool.type : undefined;
    needs.add(CALLERS_TOOL.has(type) ? 'tools' : 'hostedTools');
  }
  if (list(body.functions).length > 0) needs.add('tools');
  if (isObject(body.web_search_options) || list(body.mcp_servers).length > 0) {
    needs.add('hostedTools');
  }
}

/** What is asked of the answer itself. */
function addAnswer(body: JsonObject, needs: Set<Capability>): void {
  const { text, output_config: config, logprobs, top_logprobs: top, n } = body;
  const formats = [
    body.response_format,
    body.output_format,
    isObject(text) ? text.format : undefined,
    isObject(config) ? config.format : undefined,
  ];
  if (formats.some((format) => isObject(format) && format.type === 'json_schema')) {
    needs.add('structuredOutput');
  }
  const inItems = list(body.include).includes('message.output_text.logprobs');
  if (logprobs === true || isCount(logprobs) || isCount(top) || inItems) needs.add('logprobs');
  if (typeof n === 'number' && n > 1) needs.add('multipleChoices');
  if (isObject(body.audio) || list(body.modalities).includes('audio')) needs.add('audio');
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

/** A message, an item or a part, and the parts in it. */
function addTurn(turn: unknown, needs: Set<Capability>): void {
  if (!isObject(turn)) return;
  const { type, role, tool_calls: calls, function_call: call, content, output } = turn;
  const part = BY_PART.get(type);
  if (part) needs.add(part);
  if (role === 'tool' || role === 'function' || list(calls).length > 0 || isObject(call)) {
    needs.add('tools');
  }
  for (const inner of [...list(content), ...list(output)]) addTurn(inner, needs);
}
