import { type Answer, jsonAnswer, type SseEvent, sseAnswer } from '../answer.js';
import { type JsonObject, numberOf, objectOf } from '../json.js';
import { type Turn, takeTurn } from '../model/turn.js';
import type { RouteContext } from '../route.js';
import { dataEvent, doneEvent, splitText } from '../sse.js';
import { FIXED_CREATED } from '../state.js';

/** `POST /completions`, the legacy endpoint: one choice for each prompt and each of `n`. */
export function completions({ body, reply, state }: RouteContext): Answer {
  const prompts = Array.isArray(body.prompt) ? body.prompt.length : 1;
  const choices = numberOf(body.n, 1) * prompts;
  const turn = takeTurn(
    { body, reply, state },
    { callPrefix: 'call_', schema: undefined, choices },
  );
  const head = {
    id: state.nextId('cmpl-'),
    object: 'text_completion',
    created: FIXED_CREATED,
    model: turn.model,
  };
  if (body.stream === true) {
    return sseAnswer('openai', completionEvents(head, turn, { body, reply }));
  }
  return jsonAnswer('openai', {
    ...head,
    choices: turn.texts.map((text, index) => ({
      text,
      index,
      logprobs: null,
      finish_reason: turn.finish,
    })),
    ...(turn.usage === undefined ? {} : { usage: completionUsage(turn.usage) }),
  });
}

function completionEvents(
  head: JsonObject,
  turn: Turn,
  { body, reply }: Pick<RouteContext, 'body' | 'reply'>,
): readonly SseEvent[] {
  const wantsUsage = objectOf(body.stream_options).include_usage === true;
  const pieces = turn.texts.flatMap((text, index) => {
    return splitText(text, reply.pacing?.chunkSize).map((piece) => ({
      text: piece,
      index,
      finish_reason: null,
    }));
  });
  const ends = turn.texts.map((_, index) => ({ text: '', index, finish_reason: turn.finish }));
  const chunkOf = (choice: JsonObject): JsonObject => ({
    ...head,
    choices: [{ logprobs: null, ...choice }],
    ...(wantsUsage ? { usage: null } : {}),
  });
  const usage =
    wantsUsage && turn.usage !== undefined
      ? [dataEvent({ ...head, choices: [], usage: completionUsage(turn.usage) }, 'closing')]
      : [];
  return [
    ...pieces.map((choice) => dataEvent(chunkOf(choice))),
    ...ends.map((choice) => dataEvent(chunkOf(choice), 'closing')),
    ...usage,
    doneEvent,
  ];
}

function completionUsage({ inputTokens, outputTokens }: NonNullable<Turn['usage']>): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}
