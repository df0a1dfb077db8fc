import { type Answer, errorAnswer, jsonAnswer, sseAnswer } from '../answer.js';
import { type JsonObject, numberOf, objectOf } from '../json.js';
import { type Turn, takeTurn } from '../model/turn.js';
import type { RouteContext } from '../route.js';
import { FIXED_CREATED } from '../state.js';
import { chatUsage, tokenLogprobs } from './chat-parts.js';
import { chatEvents } from './chat-stream.js';

/** `POST /chat/completions`. */
export function chat({ body, reply, state }: RouteContext): Answer {
  if (!Array.isArray(body.messages)) {
    const message = "Missing required parameter: 'messages'.";
    return errorAnswer('openai', 400, {
      message,
      param: 'messages',
      code: 'missing_required_parameter',
    });
  }
  const format = objectOf(body.response_format);
  const schema = format.type === 'json_schema' ? objectOf(format.json_schema).schema : undefined;
  const choices = numberOf(body.n, 1);
  const turn = takeTurn({ body, reply, state }, { callPrefix: 'call_', schema, choices });
  const id = state.nextId('chatcmpl-');
  if (body.stream === true) {
    return sseAnswer('openai', chatEvents({ id, turn, body, chunkSize: reply.pacing?.chunkSize }));
  }
  return jsonAnswer('openai', {
    id,
    object: 'chat.completion',
    created: FIXED_CREATED,
    model: turn.model,
    choices: turn.texts.map((_, index) => chatChoice(turn, body, index)),
    ...(turn.usage === undefined ? {} : { usage: chatUsage(turn.usage) }),
    service_tier: 'default',
    system_fingerprint: 'fp_fake',
  });
}

function chatChoice(turn: Turn, body: JsonObject, index: number): JsonObject {
  const text = turn.texts[index] ?? '';
  const speaks = text !== '' || (turn.toolCalls.length === 0 && turn.refusal === undefined);
  return {
    index,
    message: {
      role: 'assistant',
      content: speaks ? text : null,
      refusal: turn.refusal ?? null,
      annotations: [],
      ...(turn.reasoning === undefined ? {} : { reasoning_content: turn.reasoning }),
      ...(turn.toolCalls.length === 0 ? {} : { tool_calls: turn.toolCalls.map(chatToolCall) }),
    },
    logprobs: body.logprobs === true ? { content: tokenLogprobs([text]), refusal: null } : null,
    finish_reason: turn.finish,
  };
}

function chatToolCall(call: Turn['toolCalls'][number]): JsonObject {
  return {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  };
}
