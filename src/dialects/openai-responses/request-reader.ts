import { STATE } from '../foreign-rules.js';
import { isObject, type JsonObject, list, text } from '../json.js';
import type { CanonicalRequest, ReasoningWish, Turn } from '../translation/canonical-request.js';
import { readJsonFormat } from '../translation/json-format.js';
import type { Losses } from '../translation/losses.js';
import { effortIn, flag, given, isGiven, number } from '../translation/values.js';
import { ItemTurns } from './request-items.js';
import { readToolChoice, readTools } from './request-tools.js';

const LOGPROBS = 'message.output_text.logprobs';
const ENCRYPTED_REASONING = 'reasoning.encrypted_content';

/** Parameters that are read here, or that say nothing of the answer. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'text'],
  ...['reasoning', 'max_output_tokens', 'temperature', 'top_p', 'top_k', 'seed', 'include'],
  ...['frequency_penalty', 'presence_penalty', 'top_logprobs', 'user', 'safety_identifier'],
  ...['stream', 'stream_options'],
]);

/** What a parameter says where it says nothing: the default, spelled out. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  // Nobody else keeps what they answered.
  store: (value) => value === false,
  background: (value) => value === false,
  truncation: (value) => value === 'disabled',
  service_tier: (value) => value === 'auto' || value === 'default',
  metadata: (value) => isObject(value) && Object.keys(value).length === 0,
};

/** Reads a request of the Responses API. */
export function readResponsesRequest(body: JsonObject, losses: Losses): CanonicalRequest {
  noteLosses(body, losses);
  const wanted = isObject(body.text) ? body.text : {};
  return given({
    from: 'openai-responses',
    model: text(body.model),
    turns: readTurns(body, losses),
    tools: readTools(body.tools, losses),
    toolChoice: readToolChoice(body.tool_choice, losses),
    parallelToolCalls: flag(body.parallel_tool_calls),
    format: readJsonFormat(wanted.format, (format) => format, losses),
    reasoning: readReasoning(body.reasoning, losses),
    verbosity: readVerbosity(wanted.verbosity),
    maxOutputTokens: number(body.max_output_tokens),
    sampling: given({
      temperature: number(body.temperature),
      top_p: number(body.top_p),
      top_k: number(body.top_k),
      frequency_penalty: number(body.frequency_penalty),
      presence_penalty: number(body.presence_penalty),
      seed: number(body.seed),
    }),
    stop: [],
    choices: 1,
    logprobs: wantsLogprobs(body) ? { top: number(body.top_logprobs) } : undefined,
    userId: text(body.safety_identifier) ?? text(body.user),
    stream: body.stream === true,
    // A stream of Responses always ends with it.
    includeUsage: true,
  });
}

/** The parameters of a body that refer to what its provider keeps: previous answers, conversations, stored prompts. */
export function keptState(body: JsonObject): readonly string[] {
  return Object.keys(body).filter((name) => STATE.get(name)?.(body[name]) === true);
}

/** Whether a request asks for the probabilities of the answer's tokens. */
export function wantsLogprobs(body: JsonObject): boolean {
  return list(body.include).includes(LOGPROBS) || (number(body.top_logprobs) ?? 0) > 0;
}

function noteLosses(body: JsonObject, losses: Losses): void {
  for (const [name, value] of Object.entries(body)) {
    if (!READ.has(name) && isGiven(value) && NEUTRAL[name]?.(value) !== true) losses.drop(name);
  }
  for (const name of keptState(body)) losses.refuse(name);
  const included = list(body.include).filter(
    (name) => name !== LOGPROBS && name !== ENCRYPTED_REASONING,
  );
  if (included.length > 0) losses.drop('include');
}

function readTurns({ instructions, input }: JsonObject, losses: Losses): readonly Turn[] {
  const turns: Turn[] = [];
  const told = text(instructions);
  if (told !== undefined) turns.push({ role: 'system', parts: [{ type: 'text', text: told }] });
  else if (isGiven(instructions) && instructions !== '') losses.refuse('content');
  if (typeof input === 'string') {
    turns.push({ role: 'user', parts: [{ type: 'text', text: input }] });
  } else turns.push(...new ItemTurns(losses).read(input));
  return turns;
}

function readVerbosity(value: unknown): CanonicalRequest['verbosity'] {
  return value === 'low' || value === 'medium' || value === 'high' ? value : undefined;
}

function readReasoning(value: unknown, losses: Losses): ReasoningWish | undefined {
  if (!isObject(value)) return undefined;
  const { effort, summary, generate_summary: older, ...others } = value;
  // How far back it is looked at, and modes that others do not have.
  if (Object.values(others).some(isGiven)) losses.drop('reasoning');
  const wish = given({ effort: effortIn(effort), summary: text(summary) ?? text(older) });
  if (isGiven(effort) && wish.effort === undefined) losses.drop('reasoning');
  return Object.keys(wish).length > 0 ? wish : undefined;
}
