import type { SseEvent } from '../answer.js';
import { type JsonObject, objectOf } from '../json.js';
import type { Turn } from '../model/turn.js';
import { dataEvent, doneEvent, splitText } from '../sse.js';
import { FIXED_CREATED } from '../state.js';
import { chatUsage, tokenLogprobs } from './chat-parts.js';

/** What a chat stream is made from. */
export interface ChatStreamInput {
  readonly id: string;
  readonly turn: Turn;
  readonly body: JsonObject;
  readonly chunkSize: number | undefined;
}

type ChunkOf = (choices: readonly JsonObject[], usage?: JsonObject) => JsonObject;

/** The events of a chat completion stream, the choices taking turns. */
export function chatEvents(input: ChatStreamInput): readonly SseEvent[] {
  const { turn, body } = input;
  const wantsUsage = objectOf(body.stream_options).include_usage === true;
  const chunk = chunkMaker(input, wantsUsage);
  const queues = turn.texts.map((text, index) => choiceDeltas(input, text, index));
  const events = takeTurns(queues).map((choice) => dataEvent(chunk([choice])));
  const closing = turn.texts.map((_, index) => {
    const choice = { index, delta: {}, logprobs: null, finish_reason: turn.finish };
    return dataEvent(chunk([choice]), 'closing');
  });
  const usage =
    wantsUsage && turn.usage !== undefined
      ? [dataEvent(chunk([], chatUsage(turn.usage)), 'closing')]
      : [];
  return [...events, ...closing, ...usage, doneEvent];
}

function chunkMaker({ id, turn }: ChatStreamInput, wantsUsage: boolean): ChunkOf {
  return (choices, usage) => ({
    id,
    object: 'chat.completion.chunk',
    created: FIXED_CREATED,
    model: turn.model,
    service_tier: 'default',
    system_fingerprint: 'fp_fake',
    choices,
    ...(wantsUsage ? { usage: usage ?? null } : {}),
  });
}

function choiceDeltas(input: ChatStreamInput, text: string, index: number): readonly JsonObject[] {
  const { turn, chunkSize } = input;
  const first = {
    role: 'assistant',
    content: turn.toolCalls.length > 0 ? null : '',
    refusal: null,
  };
  const deltas = [
    ...splitText(turn.reasoning ?? '', chunkSize).map((piece) => ({ reasoning_content: piece })),
    ...splitText(turn.refusal ?? '', chunkSize).map((piece) => ({ refusal: piece })),
    ...splitText(text, chunkSize).map((piece) => ({ content: piece })),
    ...turn.toolCalls.flatMap((call, position) => toolDeltas(call, position, chunkSize)),
  ];
  return [first, ...deltas].map((delta) => ({
    index,
    delta,
    logprobs: logprobsOf(input.body, delta),
    finish_reason: null,
  }));
}

function logprobsOf(body: JsonObject, delta: JsonObject): JsonObject | null {
  if (body.logprobs !== true || typeof delta.content !== 'string') return null;
  return { content: tokenLogprobs([delta.content]), refusal: null };
}

function toolDeltas(
  call: Turn['toolCalls'][number],
  index: number,
  chunkSize = 8,
): readonly JsonObject[] {
  const opening = {
    index,
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: '' },
  };
  const rest = splitText(call.arguments, chunkSize).map((piece) => {
    return { index, function: { arguments: piece } };
  });
  return [opening, ...rest].map((part) => ({ tool_calls: [part] }));
}

/** Takes one from each queue in turn until all are empty. */
function takeTurns<Item>(queues: readonly (readonly Item[])[]): readonly Item[] {
  const longest = Math.max(...queues.map((queue) => queue.length));
  return Array.from({ length: longest }, (_, position) => position).flatMap((position) => {
    return queues.flatMap((queue) => queue.slice(position, position + 1));
  });
}
