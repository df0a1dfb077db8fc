import { isObject, type JsonObject, list } from '../dialects/json.js';
import type { Operation, ResponseFacts, SettledChoice } from '../pipeline/settlement.js';

/** Why a call is left to the upstream and its answer is not stored. */
export type UnstorableRequest =
  /** Not one of the operations the gateway reads. */
  | 'passthrough'
  /** The call changes what the provider keeps, or its answer depends on that. */
  | 'stateful'
  /** `only: 'deterministic'`, and the model is asked to vary its answer. */
  | 'not_deterministic';

/** Why an answer is not stored. */
export type UnstorableAnswer =
  | 'status'
  /** The terminal marker of its dialect was not seen. */
  | 'incomplete'
  /** It was put together from several responses: none of them gave it. */
  | 'continued'
  /** No choice in it (a response that is still in the queue). */
  | 'empty'
  | 'refusal'
  /** A choice was cut short, filtered or paused, or does not say how it ended. */
  | 'finish_reason';

/** A call, as far as its answer may be stored. */
export interface StorableRequest {
  readonly operation: Operation;
  readonly body: unknown;
  /** Which calls are to be stored. @defaultValue all */
  readonly only?: 'deterministic' | undefined;
}

/** Why the answer to a call may not be stored, nor a stored one be given for it; `undefined` where it may. */
export function unstorableRequest(request: StorableRequest): UnstorableRequest | undefined {
  const { operation, body, only } = request;
  if (operation === 'passthrough' || !isObject(body)) return 'passthrough';
  if (isStateful(body) || list(body.tools).some(usesContainer)) return 'stateful';
  if (only !== 'deterministic' || operation === 'embeddings') return undefined;
  const isSingle = !isSet(body.n) || body.n === 1;
  return body.temperature === 0 && isSingle ? undefined : 'not_deterministic';
}

/** Whether a call is tied to what the provider keeps, by a member that is set (`null` and `false` are not). */
function isStateful(body: JsonObject): boolean {
  const { store, background, previous_response_id, conversation, container } = body;
  return (
    isSet(store) ||
    isSet(background) ||
    isSet(previous_response_id) ||
    isSet(conversation) ||
    isSet(container)
  );
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** Whether a tool works in a container that was there before, whose files the answer depends on. */
function usesContainer(tool: unknown): boolean {
  if (!isObject(tool)) return false;
  const { container, environment } = tool;
  return (
    typeof container === 'string' || (isObject(environment) && isSet(environment.container_id))
  );
}

/** How a choice ends that has said all it wanted to; `completed` is a response's status. */
const FINISHED: ReadonlySet<string | undefined> = new Set([
  'stop',
  'tool_calls',
  'function_call',
  'end_turn',
  'tool_use',
  'stop_sequence',
  'completed',
]);

/** Why an answer may not be stored; `undefined` where it may: a success in which every choice is whole. */
export function unstorableAnswer(
  facts: ResponseFacts,
  status: number,
  operation: Operation,
): UnstorableAnswer | undefined {
  if (status < 200 || status >= 300) return 'status';
  if (!facts.complete) return 'incomplete';
  if (facts.continued) return 'continued';
  // Embeddings without a vector are not complete.
  if (operation === 'embeddings') return undefined;
  if (facts.choices.length === 0) return 'empty';
  if (facts.choices.some(isRefusal)) return 'refusal';
  const isWhole = facts.choices.every(({ finishReason }) => FINISHED.has(finishReason));
  return isWhole ? undefined : 'finish_reason';
}

/** Anthropic need not say why it refuses. */
function isRefusal({ refusal, finishReason }: SettledChoice): boolean {
  return refusal !== undefined || finishReason === 'refusal';
}
