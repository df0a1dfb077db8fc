import { isObject, type JsonObject, list, text } from '../json.js';
import type {
  CanonicalRequest,
  ReasoningWish,
  Tool,
  ToolChoice,
} from '../translation/canonical-request.js';
import { readJsonFormat } from '../translation/json-format.js';
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
import { ChatTurns } from './request-turns.js';

/** Parameters that are read here. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'tools', 'functions', 'tool_choice', 'function_call'],
  ...['parallel_tool_calls', 'response_format', 'reasoning_effort', 'reasoning', 'verbosity'],
  ...['max_completion_tokens', 'max_tokens', 'temperature', 'top_p', 'top_k', 'seed'],
  ...['frequency_penalty', 'presence_penalty', 'stop', 'n', 'logprobs', 'top_logprobs'],
  ...['user', 'safety_identifier', 'stream', 'stream_options', 'modalities', 'audio'],
  'web_search_options',
]);

/** Reads a chat completion request. */
export function readChatRequest(body: JsonObject, losses: Losses): CanonicalRequest {
  for (const [name, value] of Object.entries(body)) {
    if (!READ.has(name) && isGiven(value)) losses.drop(name);
  }
  if (list(body.modalities).includes('audio')) losses.refuse('modalities');
  if (isObject(body.web_search_options)) losses.refuse('hosted_tools');
  const { stream_options: options, n } = body;
  return given({
    from: 'openai-chat',
    model: text(body.model),
    turns: new ChatTurns(losses).read(body.messages),
    tools: readTools(body, losses),
    toolChoice: readToolChoice(body),
    parallelToolCalls: flag(body.parallel_tool_calls),
    format: readJsonFormat(body.response_format, ({ json_schema: format }) => format, losses),
    reasoning: readReasoning(body),
    verbosity: readVerbosity(body.verbosity),
    maxOutputTokens: number(body.max_completion_tokens) ?? number(body.max_tokens),
    sampling: given({
      temperature: number(body.temperature),
      top_p: number(body.top_p),
      top_k: number(body.top_k),
      frequency_penalty: number(body.frequency_penalty),
      presence_penalty: number(body.presence_penalty),
      seed: number(body.seed),
    }),
    stop: readStop(body.stop),
    choices: number(n) ?? 1,
    logprobs: body.logprobs === true ? { top: number(body.top_logprobs) } : undefined,
    userId: text(body.safety_identifier) ?? text(body.user),
    stream: body.stream === true,
    includeUsage: isObject(options) && options.include_usage === true,
  });
}

function readStop(stop: unknown): readonly string[] {
  if (typeof stop === 'string') return [stop];
  return list(stop).filter((each) => typeof each === 'string');
}

function readVerbosity(value: unknown): CanonicalRequest['verbosity'] {
  return value === 'low' || value === 'medium' || value === 'high' ? value : undefined;
}

/** OpenAI's effort, or OpenRouter's object. */
function readReasoning({
  reasoning_effort: effort,
  reasoning,
}: JsonObject): ReasoningWish | undefined {
  const { effort: own, max_tokens: budget, enabled } = isObject(reasoning) ? reasoning : {};
  const wish = given({
    effort: effortIn(effort) ?? effortIn(own) ?? (enabled === false ? 'none' : undefined),
    budgetTokens: number(budget),
    isAdaptive: enabled === true ? true : undefined,
  });
  return Object.keys(wish).length > 0 ? wish : undefined;
}

function readTools({ tools, functions }: JsonObject, losses: Losses): readonly Tool[] {
  const read = list(tools).flatMap((tool) => (isObject(tool) ? readTool(tool, losses) : []));
  return [
    ...read,
    ...list(functions).flatMap((tool) => (isObject(tool) ? readFunction(tool) : [])),
  ];
}

function readTool(tool: JsonObject, losses: Losses): readonly Tool[] {
  if (isObject(tool.function)) return readFunction(tool.function, tool.cache_control);
  if (isObject(tool.custom)) {
    const { name, description, format } = tool.custom;
    return [
      given({
        kind: 'custom' as const,
        name: string(name) ?? '',
        description: text(description),
        format: flatFormat(format),
      }),
    ];
  }
  losses.refuse('hosted_tools');
  return [];
}

function readFunction(value: JsonObject, cache?: unknown): readonly Tool[] {
  return [
    given({
      kind: 'function' as const,
      name: string(value.name) ?? '',
      description: text(value.description),
      schema: schemaIn(value.parameters),
      strict: flag(value.strict),
      ...cacheIn(cache),
    }),
  ];
}

/** Chat nests the grammar, Responses does not. */
function flatFormat(format: unknown): JsonObject | undefined {
  if (!isObject(format)) return undefined;
  const { grammar, ...rest } = format;
  return isObject(grammar) ? { ...rest, ...grammar } : rest;
}

function readToolChoice({
  tool_choice: choice,
  function_call: legacy,
}: JsonObject): ToolChoice | undefined {
  const given = choice ?? legacy;
  if (given === 'auto' || given === 'none' || given === 'required') return { type: given };
  if (!isObject(given)) return undefined;
  const { function: fn, custom, allowed_tools: allowed } = given;
  if (isObject(allowed)) {
    const names = list(allowed.tools).flatMap((tool) => toolName(tool) ?? []);
    return { type: 'allowed', mode: allowed.mode === 'required' ? 'required' : 'auto', names };
  }
  const holder = isObject(fn) ? fn : isObject(custom) ? custom : given;
  const name = text(holder.name);
  return name === undefined ? undefined : { type: 'tool', name };
}

function toolName(tool: unknown): string | undefined {
  if (!isObject(tool)) return undefined;
  const holder = [tool.function, tool.custom, tool].find(isObject);
  return holder && text(holder.name);
}
