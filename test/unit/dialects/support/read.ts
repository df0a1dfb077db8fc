import type { CanonicalEvent } from '../../../../src/dialects/canonical-events.js';
import { createReader } from '../../../../src/dialects/create-reader.js';
import type {
  DialectName,
  DialectReader,
  Weight,
  WrittenEvent,
} from '../../../../src/dialects/dialect.js';
import { SseDecoder, type SseFrame } from '../../../../src/dialects/sse-decoder.js';
import type { ResponseFacts } from '../../../../src/pipeline/settlement.js';

/** What reading one response gave. */
export interface Reading {
  readonly reader: DialectReader;
  readonly weights: readonly Weight[];
  readonly events: readonly CanonicalEvent[];
}

/** Decodes a stream that comes in pieces. */
export function decode(pieces: Iterable<Uint8Array>): SseFrame[] {
  const decoder = new SseDecoder();
  const frames: SseFrame[] = [];
  for (const piece of pieces) decoder.push(piece, frames);
  decoder.flush(frames);
  return frames;
}

/** Reads a response: text is a stream, anything else a JSON body. */
export function read(dialect: DialectName, body: unknown): Reading {
  return typeof body === 'string'
    ? readPieces(dialect, [Buffer.from(body)])
    : readJson(dialect, body);
}

/** The facts alone, as they are read when nobody wants the events. */
export function readFacts(dialect: DialectName, body: unknown): ResponseFacts {
  const reader = createReader(dialect);
  if (typeof body !== 'string') reader.readBody(body);
  else for (const frame of decode([Buffer.from(body)])) readFrame(reader, frame);
  return reader.facts();
}

/** Reads a stream that comes in pieces. */
export function readPieces(dialect: DialectName, pieces: Iterable<Uint8Array>): Reading {
  const events: CanonicalEvent[] = [];
  const reader = createReader(dialect, { onEvent: (event) => events.push(event) });
  const weights: Weight[] = [];
  for (const frame of decode(pieces)) {
    const weight = readFrame(reader, frame);
    if (weight !== undefined) weights.push(weight);
  }
  return { reader, weights, events };
}

function readFrame(reader: DialectReader, { event, data }: SseFrame): Weight | undefined {
  if (data === null) return undefined;
  return data === '[DONE]' ? reader.readDone() : reader.readEvent(event, JSON.parse(data));
}

/** Spells written events as the bytes of a stream. */
export function spell(events: Iterable<WrittenEvent>): string {
  let text = '';
  for (const { event, data } of events) {
    text += `${event === null ? '' : `event: ${event}\n`}data: ${data}\n\n`;
  }
  return text;
}

function readJson(dialect: DialectName, body: unknown): Reading {
  const events: CanonicalEvent[] = [];
  const reader = createReader(dialect, { onEvent: (event) => events.push(event) });
  return { reader, weights: [reader.readBody(body)], events };
}
