import { type JsonObject, numberOf, objectOf } from '../json.js';
import type { Turn } from '../model/turn.js';
import { FIXED_CREATED, type ProviderState } from '../state.js';

/** A response object as the API returns it, in some state of being made. */
export type ResponseObject = JsonObject & {
  readonly id: string;
  readonly output: readonly JsonObject[];
};

/** The response before any output. */
export function openResponse(id: string, turn: Turn, body: JsonObject): ResponseObject {
  return {
    id,
    object: 'response',
    created_at: FIXED_CREATED,
    status: 'in_progress',
    background: body.background ?? false,
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: null,
    model: turn.model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...objectOf(body.reasoning) },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: numberOf(body.temperature, 1),
    text: { format: { type: 'text' }, verbosity: 'medium', ...objectOf(body.text) },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: 0,
    top_p: numberOf(body.top_p, 1),
    truncation: body.truncation ?? 'disabled',
    usage: null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

/** The response once the model has finished, or stopped early. */
export function closeResponse(
  opened: ResponseObject,
  turn: Turn,
  output: readonly JsonObject[],
): ResponseObject {
  const cut = incompleteReason(turn);
  return {
    ...opened,
    status: cut === undefined ? 'completed' : 'incomplete',
    completed_at: cut === undefined ? FIXED_CREATED + 1 : null,
    incomplete_details: cut === undefined ? null : { reason: cut },
    output,
    usage: turn.usage === undefined ? null : responseUsage(turn.usage),
  };
}

/** The items the model puts out, in order. */
export function outputItems(turn: Turn, state: ProviderState): readonly JsonObject[] {
  const [text] = turn.texts;
  const part =
    turn.refusal === undefined
      ? { type: 'output_text', annotations: [], logprobs: [], text }
      : { type: 'refusal', refusal: turn.refusal };
  const speaks = text !== '' || turn.refusal !== undefined;
  const status = incompleteReason(turn) === undefined ? 'completed' : 'incomplete';
  return [
    ...(turn.reasoning === undefined ? [] : [reasoningItem(turn.reasoning, state)]),
    ...(speaks
      ? [{ id: state.nextId('msg_'), type: 'message', status, content: [part], role: 'assistant' }]
      : []),
    ...turn.toolCalls.map((call) => ({
      id: state.nextId('fc_'),
      type: 'function_call',
      status: 'completed',
      arguments: call.arguments,
      call_id: call.id,
      name: call.name,
    })),
  ];
}

function reasoningItem(text: string, state: ProviderState): JsonObject {
  const encrypted_content = state.seal(text);
  return {
    id: state.nextId('rs_'),
    type: 'reasoning',
    summary: [{ type: 'summary_text', text }],
    ...(encrypted_content !== undefined && { encrypted_content }),
  };
}

function incompleteReason({ finish }: Turn): string | undefined {
  if (finish === 'length') return 'max_output_tokens';
  return finish === 'content_filter' ? 'content_filter' : undefined;
}

function responseUsage(usage: NonNullable<Turn['usage']>): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
