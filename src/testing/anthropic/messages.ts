import { type Answer, errorAnswer, jsonAnswer, sseAnswer } from '../answer.js';
import { type JsonObject, objectOf, parseJson } from '../json.js';
import { estimateTokens, promptText } from '../model/prompt.js';
import { type Turn, type TurnInput, type TurnUsage, takeTurn } from '../model/turn.js';
import type { RouteContext } from '../route.js';
import type { ProviderState } from '../state.js';
import { messageEvents } from './message-stream.js';

const finishWords: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

/** `POST /v1/messages`, plain and beta. */
export function messages({ body, reply, state }: RouteContext): Answer {
  const missing = ['messages', 'max_tokens'].find((name) => body[name] === undefined);
  if (missing !== undefined) {
    return errorAnswer('anthropic', 400, { message: `${missing}: Field required` });
  }
  const { message, turn } = composeMessage({ body, reply, state });
  if (body.stream !== true) return jsonAnswer('anthropic', message);
  return sseAnswer('anthropic', messageEvents(message, turn, reply.pacing?.chunkSize));
}

/** The message object with which the model answers, and the turn it was made from. */
export function composeMessage(input: TurnInput): {
  readonly message: JsonObject;
  readonly turn: Turn;
} {
  const schema = outputSchema(input.body);
  const turn = takeTurn(input, { callPrefix: 'toolu_', schema });
  const message = {
    id: input.state.nextId('msg_'),
    type: 'message',
    role: 'assistant',
    model: turn.model,
    content: contentBlocks(turn, input.state),
    stop_reason: turn.refusal === undefined ? (finishWords[turn.finish] ?? turn.finish) : 'refusal',
    stop_sequence: null,
    ...(turn.usage === undefined ? {} : { usage: messageUsage(turn.usage) }),
  };
  return { message, turn };
}

/** `POST /v1/messages/count_tokens`. */
export function countTokens({ body, reply }: RouteContext): Answer {
  const input_tokens = reply.usage?.inputTokens ?? estimateTokens(promptText(body));
  return jsonAnswer('anthropic', { input_tokens });
}

function outputSchema(body: JsonObject): unknown {
  const format = objectOf(objectOf(body.output_config).format ?? body.output_format);
  return format.type === 'json_schema' ? format.schema : undefined;
}

function contentBlocks(turn: Turn, state: ProviderState): readonly JsonObject[] {
  const [text] = turn.texts;
  const said = turn.refusal ?? text;
  const { reasoning } = turn;
  return [
    ...(reasoning === undefined
      ? []
      : [
          {
            type: 'thinking',
            thinking: reasoning,
            signature: state.seal(reasoning) ?? 'ZmFrZS1zaWduYXR1cmU=',
          },
        ]),
    ...(said === '' ? [] : [{ type: 'text', text: said }]),
    ...turn.toolCalls.map((call) => ({
      type: 'tool_use',
      id: call.id,
      name: call.name,
      input: parseJson(call.arguments) ?? {},
    })),
  ];
}

function messageUsage(usage: TurnUsage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens,
      ephemeral_1h_input_tokens: 0,
    },
    output_tokens: usage.outputTokens,
    service_tier: 'standard',
  };
}
