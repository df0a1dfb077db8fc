import { isObject, type JsonObject, list, text } from '../json.js';
import type {
  CanonicalRequest,
  OutputFormat,
  ReasoningWish,
  Tool,
  ToolChoice,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import {
  cacheIn,
  effortIn,
  flag,
  given,
  isGiven,
  number,
  schemaIn,
  string,
} from '../translation/values.js';
import { readTurns } from './request-messages.js';

/** Parameters that are read here, and `anthropic_version`, which speaks to who serves it. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'max_tokens', 'stop_sequences', 'stream', 'temperature'],
  ...['top_p', 'top_k', 'metadata', 'tools', 'tool_choice', 'thinking', 'output_config'],
  ...['output_format', 'anthropic_version'],
]);
/** Parameters without which the request would mean something else. */
const REFUSED: ReadonlySet<string> = new Set([
  ...['container', 'mcp_servers', 'context_management', 'compaction', 'thread', 'inference_geo'],
]);
/** Values that say what goes without saying. */
const USUAL: ReadonlySet<unknown> = new Set(['auto', 'standard']);

/** Reads a request for a message, with what the betas add. */
export function readMessagesRequest(body: JsonObject, losses: Losses): CanonicalRequest {
  noteUnread(body, losses);
  const { tool_choice: choice, metadata } = body;
  const isSingle = isObject(choice) ? flag(choice.disable_parallel_tool_use) : undefined;
  const stream = body.stream === true;
  return given({
    from: 'anthropic-messages',
    model: text(body.model),
    turns: readTurns(body, losses),
    tools: list(body.tools).flatMap((tool) => readTool(tool, losses)),
    toolChoice: readToolChoice(choice),
    parallelToolCalls: isSingle === undefined ? undefined : !isSingle,
    format: readFormat(body, losses),
    reasoning: readReasoning(body, losses),
    maxOutputTokens: number(body.max_tokens),
    sampling: given({
      temperature: number(body.temperature),
      top_p: number(body.top_p),
      top_k: number(body.top_k),
    }),
    stop: list(body.stop_sequences).filter((each) => typeof each === 'string'),
    choices: 1,
    userId: isObject(metadata) ? text(metadata.user_id) : undefined,
    stream,
    includeUsage: stream,
  });
}

function noteUnread(body: JsonObject, losses: Losses): void {
  for (const [name, value] of Object.entries(body)) {
    if (READ.has(name) || !isGiven(value) || USUAL.has(value)) continue;
    if (!REFUSED.has(name)) losses.drop(name);
    else if (!Array.isArray(value) || value.length > 0) losses.refuse(name);
  }
  const { metadata, output_config: config } = body;
  const others = isObject(metadata) ? Object.keys(metadata).filter((key) => key !== 'user_id') : [];
  if (others.length > 0) losses.drop('metadata');
  for (const [name, value] of Object.entries(isObject(config) ? config : {})) {
    if (name !== 'effort' && name !== 'format' && isGiven(value)) losses.drop(name);
  }
}

function readTool(tool: unknown, losses: Losses): readonly Tool[] {
  if (!isObject(tool)) return [];
  if (isGiven(tool.type) && tool.type !== 'custom') {
    losses.refuse('hosted_tools');
    return [];
  }
  // Its calls come from code that the provider runs, or it is found by a search the provider does.
  const callers = list(tool.allowed_callers);
  if (callers.length > 0 && !callers.includes('direct')) losses.refuse('hosted_tools');
  if (tool.defer_loading === true) losses.change('defer_loading');
  if (list(tool.input_examples).length > 0) losses.drop('input_examples');
  return [
    given({
      kind: 'function' as const,
      name: string(tool.name) ?? '',
      description: text(tool.description),
      schema: schemaIn(tool.input_schema),
      strict: flag(tool.strict),
      ...cacheIn(tool.cache_control),
    }),
  ];
}

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (!isObject(choice)) return undefined;
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { type: choice.type };
    case 'any':
      return { type: 'required' };
    case 'tool':
      return { type: 'tool', name: string(choice.name) ?? '' };
    default:
      return undefined;
  }
}

/** The form of the answer; `output_format` is where a beta had it. */
function readFormat(
  { output_config: config, output_format: beta }: JsonObject,
  losses: Losses,
): OutputFormat | undefined {
  const format = (isObject(config) ? config.format : undefined) ?? beta;
  if (!isGiven(format)) return undefined;
  if (isObject(format) && format.type === 'json_schema' && isObject(format.schema)) {
    const name = text(format.name) ?? 'answer';
    return { type: 'json_schema', name, schema: format.schema, strict: true };
  }
  losses.refuse('response_format');
  return undefined;
}

function readReasoning(
  { thinking, output_config: config }: JsonObject,
  losses: Losses,
): ReasoningWish | undefined {
  const effort = isObject(config) ? effortIn(config.effort) : undefined;
  const { type, budget_tokens: budget, display } = isObject(thinking) ? thinking : {};
  if (type === 'disabled') {
    // The effort steers more than thinking with Claude, and nothing else elsewhere.
    if (effort !== undefined) losses.drop('reasoning');
    return { effort: 'none' };
  }
  if (type === 'between_tools') losses.change('reasoning');
  const wish = given({
    effort,
    budgetTokens: type === 'enabled' ? number(budget) : undefined,
    isAdaptive: type === 'adaptive' || type === 'between_tools' ? true : undefined,
    summary: text(display),
  });
  return Object.keys(wish).length > 0 ? wish : undefined;
}
