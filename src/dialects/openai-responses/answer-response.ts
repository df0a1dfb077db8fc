import type { Usage } from '../../pipeline/settlement.js';
import { isObject, type JsonObject, list, text } from '../json.js';
import type { FinishMeaning } from '../translation/finish-meaning.js';
import { responsesUsage } from '../translation/spell-usage.js';

/** What an answer is, as far as it is known. */
export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  readonly createdAt: number;
  /** OpenAI's word for it. */
  readonly serviceTier: string | undefined;
}

/** How an answer ended. */
export interface ResponseEnd {
  readonly meaning: FinishMeaning;
  readonly completedAt: number;
  readonly output: readonly JsonObject[];
  readonly usage: Usage | undefined;
}

/** A response that has just begun. */
export function openResponse(head: ResponseHead, request: JsonObject): JsonObject {
  return {
    ...headOf(head),
    ...echoOf(request),
    status: 'in_progress',
    completed_at: null,
    incomplete_details: null,
    output: [],
    usage: null,
  };
}

/** A response that is whole. */
export function wholeResponse(
  head: ResponseHead,
  request: JsonObject,
  { meaning, completedAt, output, usage }: ResponseEnd,
): JsonObject {
  const reason = incompleteReason(meaning);
  return {
    ...headOf(head),
    ...echoOf(request),
    status: reason === undefined ? 'completed' : 'incomplete',
    completed_at: reason === undefined ? completedAt : null,
    incomplete_details: reason === undefined ? null : { reason },
    output,
    usage: usage === undefined ? null : responsesUsage(usage),
  };
}

/** Why an answer is not whole; `undefined` where it is. */
export function incompleteReason(
  meaning: FinishMeaning,
): 'max_output_tokens' | 'content_filter' | undefined {
  if (meaning === 'length') return 'max_output_tokens';
  return meaning === 'filter' ? 'content_filter' : undefined;
}

function headOf({ id, model, createdAt, serviceTier }: ResponseHead): JsonObject {
  return {
    id,
    object: 'response',
    created_at: createdAt,
    model,
    error: null,
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
  };
}

/** What a response repeats of its request, with the defaults of what was not said. Sampling by others is theirs to know. */
function echoOf(request: JsonObject): JsonObject {
  const { reasoning, text: wanted, user } = request;
  const { effort = null, summary = null } = isObject(reasoning) ? reasoning : {};
  return {
    access_programs: null,
    background: false,
    instructions: text(request.instructions) ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    metadata: isObject(request.metadata) ? request.metadata : {},
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort, summary },
    safety_identifier: request.safety_identifier ?? null,
    // Nobody kept it.
    store: false,
    temperature: request.temperature ?? null,
    text: { format: { type: 'text' }, ...(isObject(wanted) && wanted) },
    tool_choice: request.tool_choice ?? 'auto',
    tools: list(request.tools),
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? null,
    truncation: request.truncation ?? 'disabled',
    ...(typeof user === 'string' && { user }),
  };
}
