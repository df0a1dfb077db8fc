import type { SseEvent } from './answer.js';
import type { FakeEvent } from './reply.js';

/** An event that has only data, as OpenAI's chat stream sends. */
export function dataEvent(value: unknown, terminal?: SseEvent['terminal']): SseEvent {
  return { data: typeof value === 'string' ? value : JSON.stringify(value), terminal };
}

/** Data of an event, named by its `type`. */
export type TypedValue = { readonly type: string; readonly [key: string]: unknown };

/** An event whose `event:` line repeats the `type` of its data. */
export function typedEvent(value: TypedValue, terminal?: SseEvent['terminal']): SseEvent {
  return { event: value.type, data: JSON.stringify(value), terminal };
}

/** The marker that ends most OpenAI streams. */
export const doneEvent: SseEvent = { data: '[DONE]', terminal: 'marker' };

/** Takes an event as a test wrote it. */
export function scriptedEvent(event: FakeEvent): SseEvent {
  if (typeof event === 'string') return dataEvent(event, event === '[DONE]' ? 'marker' : undefined);
  return { ...dataEvent(event.data), event: event.event };
}

/** Writes one event out, with a comment line before it if wanted. */
export function writeEvent(event: SseEvent, newline: string, comment: string | undefined): string {
  const head = comment === undefined ? '' : `: ${comment}${newline}${newline}`;
  const name = event.event === undefined ? '' : `event: ${event.event}${newline}`;
  const data = event.data.split('\n').map((line) => `data: ${line}${newline}`);
  return `${head}${name}${data.join('')}${newline}`;
}

/** Cuts text into the pieces that a stream carries: words with the space before them, or `size` characters each. */
export function splitText(text: string, size: number | undefined): readonly string[] {
  if (size === undefined) return text.match(/\s*\S+(?:\s+$)?|\s+/g) ?? [];
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let index = 0; index < characters.length; index += Math.max(1, size)) {
    pieces.push(characters.slice(index, index + Math.max(1, size)).join(''));
  }
  return pieces;
}
