import type { SseEvent } from '../answer.js';
import { isJsonObject, type JsonObject, listOf, textOf } from '../json.js';
import type { Turn } from '../model/turn.js';
import { splitText, type TypedValue, typedEvent } from '../sse.js';

/** The events of a message stream. Real ones pad their JSON with spaces before the last brace, so these do too. */
export function messageEvents(
  message: JsonObject,
  turn: Turn,
  chunkSize: number | undefined,
): readonly SseEvent[] {
  const blocks = listOf(message.content).filter(isJsonObject);
  const body = blocks.flatMap((block, index) =>
    blockEvents(index, block, blockDeltas(block, turn, chunkSize)),
  );
  const opening = body.slice(0, 1);
  const events = [padded(startEvent(message)), ...opening.map((event) => padded(event, 3))];
  const ping = typedEvent({ type: 'ping' });
  const rest = body.slice(1).map((event, index) => padded(event, index));
  return [...events, ping, ...rest, ...closingEvents(message, turn)];
}

function startEvent(message: JsonObject): TypedValue {
  const usage = isJsonObject(message.usage)
    ? { usage: { ...message.usage, output_tokens: 1 } }
    : {};
  const started = { ...message, content: [], stop_reason: null, ...usage };
  return { type: 'message_start', message: started };
}

function closingEvents(message: JsonObject, { usage }: Turn): readonly SseEvent[] {
  const delta = { stop_reason: message.stop_reason, stop_sequence: null };
  const counted = usage && {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.outputTokens,
  };
  const changed = {
    type: 'message_delta',
    delta,
    ...(counted === undefined ? {} : { usage: counted }),
  };
  return [
    { ...padded(changed, 5), terminal: 'closing' },
    { ...padded({ type: 'message_stop' }, 7), terminal: 'marker' },
  ];
}

function blockEvents(
  index: number,
  block: JsonObject,
  deltas: readonly JsonObject[],
): readonly TypedValue[] {
  return [
    { type: 'content_block_start', index, content_block: emptied(block) },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function emptied(block: JsonObject): JsonObject {
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return block.type === 'tool_use' ? { ...block, input: {} } : { ...block, text: '' };
}

function blockDeltas(
  block: JsonObject,
  turn: Turn,
  chunkSize: number | undefined,
): readonly JsonObject[] {
  if (block.type === 'thinking') {
    const thoughts = splitText(textOf(block.thinking), chunkSize).map((thinking) => {
      return { type: 'thinking_delta', thinking };
    });
    return [...thoughts, { type: 'signature_delta', signature: block.signature }];
  }
  if (block.type === 'tool_use') {
    const call = turn.toolCalls.find(({ id }) => id === block.id);
    const pieces = splitText(call?.arguments ?? '{}', chunkSize ?? 8);
    return ['', ...pieces].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  }
  return splitText(textOf(block.text), chunkSize).map((text) => ({ type: 'text_delta', text }));
}

function padded(value: TypedValue, spaces = 2): SseEvent {
  const event = typedEvent(value);
  const padding = ' '.repeat((spaces * 5) % 13);
  return { ...event, data: `${event.data.slice(0, -1)}${padding}}` };
}
