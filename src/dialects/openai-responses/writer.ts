import type { DialectWriter, StreamedEvent } from '../dialect.js';
import { createFrameWriter } from '../frame-writer.js';
import { isObject, type JsonObject, list } from '../json.js';
import { openaiUsage } from '../usage.js';

const TERMINAL: ReadonlySet<unknown> = new Set(['completed', 'incomplete', 'failed']);

/** Writes OpenAI responses. */
export const responsesWriter: DialectWriter = createFrameWriter({
  dialect: 'openai-responses',
  normaliseUsage: openaiUsage,
  toBody,
  toEvents,
});

/** The last event that carries the response carries the whole of it. */
function toBody(events: readonly StreamedEvent[]): unknown {
  const payload = events.findLast(
    (event) => isObject(event.payload) && event.payload.response,
  )?.payload;
  if (isObject(payload)) return payload.response;
  return events.find((event) => isObject(event.payload) && event.payload.type === 'error')?.payload;
}

function* toEvents(body: unknown): Generator<StreamedEvent> {
  let sequence = 0;
  for (const { name, payload } of unnumbered(body)) {
    const members = isObject(payload) ? payload : {};
    yield { name, payload: { ...members, sequence_number: sequence } };
    sequence += 1;
  }
}

function* unnumbered(body: unknown): Generator<StreamedEvent> {
  if (!isObject(body) || !Array.isArray(body.output)) {
    yield { name: 'error', payload: { type: 'error', ...(isObject(body) && body) } };
    return;
  }
  const { status } = body;
  const open = {
    ...body,
    status: 'in_progress',
    output: [],
    usage: null,
    incomplete_details: null,
  };
  if (!TERMINAL.has(status)) {
    yield event('response.created', { response: body });
    return;
  }
  yield event('response.created', { response: open });
  yield event('response.in_progress', { response: open });
  for (const [index, item] of list(body.output).entries()) {
    if (isObject(item)) yield* itemEvents(item, index);
  }
  yield event(`response.${String(status)}`, { response: body });
}

/** An item as it is streamed: announced empty, its parts, and whole. */
function* itemEvents(item: JsonObject, index: number): Generator<StreamedEvent> {
  const at = { item_id: item.id, output_index: index };
  yield event('response.output_item.added', { output_index: index, item: announced(item) });
  if (item.type === 'message' || item.type === 'reasoning') {
    for (const [position, part] of list(item.summary).entries()) {
      if (isObject(part)) yield* summaryEvents(part, { ...at, summary_index: position });
    }
    for (const [position, part] of list(item.content).entries()) {
      if (isObject(part)) yield* contentEvents(part, { ...at, content_index: position });
    }
  } else if (item.type === 'function_call') {
    yield* pieces('response.function_call_arguments', ['arguments', item.arguments], at);
  } else if (item.type === 'custom_tool_call') {
    yield* pieces('response.custom_tool_call_input', ['input', item.input], at);
  }
  yield event('response.output_item.done', { output_index: index, item });
}

function announced(item: JsonObject): JsonObject {
  const status = item.status === undefined ? undefined : { status: 'in_progress' };
  switch (item.type) {
    case 'message':
      return { ...item, ...status, content: [] };
    case 'reasoning':
      return {
        ...item,
        ...status,
        summary: [],
        ...(item.content !== undefined && { content: [] }),
      };
    case 'function_call':
      return { ...item, ...status, arguments: '' };
    case 'custom_tool_call':
      return { ...item, ...status, input: '' };
    default:
      return item;
  }
}

function* summaryEvents(part: JsonObject, at: JsonObject): Generator<StreamedEvent> {
  yield event('response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } });
  yield* pieces('response.reasoning_summary_text', ['text', part.text], at);
  yield event('response.reasoning_summary_part.done', { ...at, part });
}

function* contentEvents(part: JsonObject, at: JsonObject): Generator<StreamedEvent> {
  const key = part.type === 'refusal' ? 'refusal' : 'text';
  const citations = list(part.annotations);
  const bare = { ...part, [key]: '', ...(citations.length > 0 && { annotations: [] }) };
  yield event('response.content_part.added', { ...at, part: bare });
  const logprobs = part.type === 'output_text' ? { logprobs: part.logprobs ?? [] } : undefined;
  yield* pieces(wordsEvent(part.type), [key, part[key]], { ...at, ...logprobs });
  for (const [index, annotation] of citations.entries()) {
    const place = { ...at, annotation_index: index };
    yield event('response.output_text.annotation.added', { ...place, annotation });
  }
  yield event('response.content_part.done', { ...at, part });
}

function wordsEvent(type: unknown): string {
  if (type === 'refusal') return 'response.refusal';
  return type === 'reasoning_text' ? 'response.reasoning_text' : 'response.output_text';
}

function* pieces(
  name: string,
  [key, value]: readonly [string, unknown],
  at: JsonObject,
): Generator<StreamedEvent> {
  yield event(`${name}.delta`, { ...at, delta: value });
  yield event(`${name}.done`, { ...at, [key]: value });
}

function event(type: string, members: JsonObject): StreamedEvent {
  return { name: type, payload: { type, ...members } };
}
