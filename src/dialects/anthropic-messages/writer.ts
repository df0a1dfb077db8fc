import type { DialectWriter, StreamedEvent } from '../dialect.js';
import { createFrameWriter, errorBodyOf } from '../frame-writer.js';
import { isObject, type JsonObject, list, stringify } from '../json.js';
import { anthropicUsage } from '../usage.js';
import { MessageSnapshot } from './message-snapshot.js';

/** Writes Anthropic messages. */
export const messagesWriter: DialectWriter = createFrameWriter({
  dialect: 'anthropic-messages',
  normaliseUsage: anthropicUsage,
  toBody,
  toEvents,
});

/** Members of a message that are known only at its end, and come in the delta. */
const AT_END: ReadonlySet<string> = new Set([
  'stop_reason',
  'stop_sequence',
  'stop_details',
  'container',
]);

function toBody(events: readonly StreamedEvent[]): unknown {
  const error = errorBodyOf(events);
  if (error !== undefined) return error;
  const snapshot = new MessageSnapshot();
  for (const { payload } of events) if (isObject(payload)) snapshot.add(payload);
  return snapshot.finish();
}

function* toEvents(body: unknown): Generator<StreamedEvent> {
  if (!isObject(body) || !Array.isArray(body.content)) {
    yield { name: 'error', payload: body };
    return;
  }
  const { content, usage, context_management: edits, ...members } = body;
  const entries = Object.entries(members);
  const start = Object.fromEntries(entries.filter(([key]) => !AT_END.has(key)));
  const end = Object.fromEntries(entries.filter(([key]) => AT_END.has(key)));
  const begun = isObject(usage) ? { ...usage, output_tokens: 0 } : usage;
  const open = { content: [], stop_reason: null, stop_sequence: null, usage: begun };
  yield event('message_start', { message: { ...start, ...open } });
  for (const [index, block] of list(content).entries()) {
    if (isObject(block)) yield* blockEvents(block, index);
  }
  const edited = edits === undefined ? undefined : { context_management: edits };
  yield event('message_delta', { delta: end, usage, ...edited });
  yield event('message_stop', {});
}

function* blockEvents(block: JsonObject, index: number): Generator<StreamedEvent> {
  const { announced, deltas } = split(block);
  yield event('content_block_start', { index, content_block: announced });
  for (const delta of deltas) yield event('content_block_delta', { index, delta });
  yield event('content_block_stop', { index });
}

/** A block as it is announced, and the deltas that bring the rest. */
function split(block: JsonObject): { announced: JsonObject; deltas: readonly JsonObject[] } {
  const { type, text, citations, thinking, signature, input } = block;
  if (type === 'text') {
    const cited = list(citations);
    const announced = { ...block, text: '', ...(cited.length > 0 && { citations: [] }) };
    const sources = cited.map((citation) => ({ type: 'citations_delta', citation }));
    return { announced, deltas: [...sources, { type: 'text_delta', text }] };
  }
  if (type === 'thinking') {
    const announced = { ...block, thinking: '', ...(signature !== undefined && { signature: '' }) };
    const seal = signature === undefined ? [] : [{ type: 'signature_delta', signature }];
    return { announced, deltas: [{ type: 'thinking_delta', thinking }, ...seal] };
  }
  if (!isObject(input) || Object.keys(input).length === 0) return { announced: block, deltas: [] };
  const json = { type: 'input_json_delta', partial_json: stringify(input) };
  return { announced: { ...block, input: {} }, deltas: [json] };
}

function event(type: string, members: JsonObject): StreamedEvent {
  return { name: type, payload: { type, ...members } };
}
