import type {
  MessageCreateParamsBase,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { CanonicalRequest } from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import type { WriterTarget, WrittenRequest } from '../translation/request-codec.js';
import { given } from '../translation/values.js';
import { claudeModel } from './claude-models.js';
import { writeThinking } from './request-thinking.js';
import { type Means, writeMeans } from './request-tools.js';
import { writeTurns } from './request-turns.js';

const MAX_TOKENS = 4096;
const MAX_USER_ID = 256;
/** Ids that tell who somebody is are refused. */
const EMAIL = /\S@\S+\.\S/;
const PHONE = /^\+?[\d\s().-]{7,20}$/;

type Parameters = {
  readonly [Name in keyof MessageCreateParamsBase]?: MessageCreateParamsBase[Name] | undefined;
};

/** Writes a request for a message, as the API version 2026-10-21 takes it. */
export function writeMessagesRequest(
  request: CanonicalRequest,
  target: WriterTarget,
  losses: Losses,
): WrittenRequest {
  const model = claudeModel(target.model);
  const { reasoning, maxOutputTokens, stream } = request;
  noteUnsaid(request, losses);
  const turns = writeTurns(request, model.takesPrefill, losses);
  const takesSchemas = target.structuredOutput ?? model.takesSchemas;
  const means = writeMeans(request, takesSchemas, losses);
  const { choice, schema } = means;
  const circumstances = {
    maxTokens: maxOutputTokens ?? target.maxTokens ?? MAX_TOKENS,
    isForced: choice?.type === 'any' || choice?.type === 'tool',
    isThoughtless: turns.isPrefilled || turns.isThoughtless,
  };
  const { maxTokens, thinking, effort } = writeThinking(reasoning, model, circumstances, losses);
  const config = {
    ...(effort && { effort }),
    ...(schema && { format: { type: 'json_schema' as const, schema } }),
  };
  const body = given({
    model: target.model,
    max_tokens: maxTokens,
    system: writeSystem(turns.system, means),
    messages: [...turns.messages],
    tools: means.tools.length > 0 ? [...means.tools] : undefined,
    tool_choice: choice,
    thinking,
    output_config: Object.keys(config).length > 0 ? config : undefined,
    stop_sequences: writeStop(request, losses),
    metadata: writeMetadata(request, losses),
    stream: stream || undefined,
  } satisfies Parameters);
  return { body, wrappedTools: means.wrappedTools, answerTool: means.answerTool };
}

/** Notes what a message cannot be asked for. */
function noteUnsaid(
  { sampling, choices, logprobs, verbosity }: CanonicalRequest,
  losses: Losses,
): void {
  for (const [name, value] of Object.entries(sampling)) {
    if (value !== undefined) losses.drop(name);
  }
  if (choices > 1) losses.drop('n');
  if (logprobs !== undefined) losses.drop('logprobs');
  if (verbosity !== undefined) losses.drop('verbosity');
}

/** One text where it is one, else blocks: they keep texts and their cache markers apart. */
function writeSystem(
  texts: readonly TextBlockParam[],
  { instruction }: Means,
): string | TextBlockParam[] | undefined {
  const all: readonly TextBlockParam[] =
    instruction === undefined ? texts : [...texts, { type: 'text', text: instruction }];
  const [first] = all;
  if (first === undefined) return undefined;
  return all.length === 1 && !first.cache_control ? first.text : [...all];
}

/** Texts that are blank are refused. */
function writeStop({ stop }: CanonicalRequest, losses: Losses): string[] | undefined {
  const kept = stop.filter((text) => text.trim() !== '');
  if (kept.length < stop.length) losses.drop('stop');
  return kept.length > 0 ? kept : undefined;
}

function writeMetadata(
  { userId }: CanonicalRequest,
  losses: Losses,
): { user_id: string } | undefined {
  if (userId === undefined) return undefined;
  const isOpaque = userId.length <= MAX_USER_ID && !EMAIL.test(userId) && !PHONE.test(userId);
  if (isOpaque) return { user_id: userId };
  losses.drop('user');
  return undefined;
}
