import type { SseEvent } from '../answer.js';
import { type JsonObject, listOf, objectOf, textOf } from '../json.js';
import { splitText, type TypedValue, typedEvent } from '../sse.js';
import type { ResponseObject } from './response-object.js';

/** What a Responses stream is made from. */
export interface ResponseStreamInput {
  readonly opened: ResponseObject;
  readonly closed: ResponseObject;
  readonly chunkSize: number | undefined;
  /** Background streams say that the response was queued. */
  readonly isBackground: boolean;
}

/** The typed events of a Responses stream, numbered from 0. */
export function responseEvents(input: ResponseStreamInput): readonly SseEvent[] {
  const { opened, closed, chunkSize } = input;
  const queued = { type: 'response.queued', response: { ...opened, status: 'queued' } };
  const values: readonly TypedValue[] = [
    { type: 'response.created', response: opened },
    ...(input.isBackground ? [queued] : []),
    { type: 'response.in_progress', response: opened },
    ...closed.output.flatMap((item, index) => itemEvents(item, index, chunkSize)),
    { type: `response.${textOf(closed.status)}`, response: closed },
  ];
  return values.map((value, sequence_number) => {
    const isLast = sequence_number === values.length - 1;
    return typedEvent({ ...value, sequence_number }, isLast ? 'marker' : undefined);
  });
}

function itemEvents(
  item: JsonObject,
  output_index: number,
  chunkSize: number | undefined,
): readonly TypedValue[] {
  const opening = { type: 'response.output_item.added', output_index, item: openedItem(item) };
  const closing = { type: 'response.output_item.done', output_index, item };
  const place = { item_id: item.id, output_index };
  return [opening, ...innerEvents(item, place, chunkSize), closing];
}

function openedItem(item: JsonObject): JsonObject {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] };
  if (item.type === 'reasoning') return { ...item, summary: [] };
  return { ...item, status: 'in_progress', arguments: '' };
}

function innerEvents(
  item: JsonObject,
  place: JsonObject,
  chunkSize: number | undefined,
): readonly TypedValue[] {
  if (item.type === 'message')
    return messageEvents(objectOf(listOf(item.content)[0]), place, chunkSize);
  if (item.type === 'reasoning')
    return reasoningEvents(objectOf(listOf(item.summary)[0]), place, chunkSize);
  const done = textOf(item.arguments);
  const kind = 'response.function_call_arguments';
  return [
    ...splitText(done, chunkSize ?? 8).map((delta) => ({ type: `${kind}.delta`, ...place, delta })),
    { type: `${kind}.done`, ...place, name: item.name, arguments: done },
  ];
}

function messageEvents(
  part: JsonObject,
  place: JsonObject,
  chunkSize: number | undefined,
): readonly TypedValue[] {
  const at = { ...place, content_index: 0 };
  const isText = part.type === 'output_text';
  const field = isText ? 'text' : 'refusal';
  const extra = isText ? { logprobs: [] } : {};
  const said = textOf(part[field]);
  const kind = isText ? 'response.output_text' : 'response.refusal';
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, [field]: '' } },
    ...splitText(said, chunkSize).map((delta) => ({
      type: `${kind}.delta`,
      ...at,
      delta,
      ...extra,
    })),
    { type: `${kind}.done`, ...at, [field]: said, ...extra },
    { type: 'response.content_part.done', ...at, part },
  ];
}

function reasoningEvents(
  part: JsonObject,
  place: JsonObject,
  chunkSize: number | undefined,
): readonly TypedValue[] {
  const at = { ...place, summary_index: 0 };
  const text = textOf(part.text);
  const kind = 'response.reasoning_summary_text';
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    ...splitText(text, chunkSize).map((delta) => ({ type: `${kind}.delta`, ...at, delta })),
    { type: `${kind}.done`, ...at, text },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ];
}
