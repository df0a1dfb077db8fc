import { ByteHold } from './byte-hold.js';
import { SseBoundary } from './sse-boundary.js';
import { DecodedFrame, readFields, type SseFrame } from './sse-frame.js';

const LF = 10;
const CR = 13;
const SPACE = 32;
const DEFAULT_MAX_EVENT_BYTES = 64 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const DATA = Buffer.from('data:');
const EVENT = Buffer.from('event:');

export interface SseDecoderOptions {
  /**
   * The most bytes one event may have, its comments included; more throws {@link SseLimitError}.
   *
   * @defaultValue 67108864 (64 MiB)
   */
  readonly maxEventBytes?: number | undefined;
}

/** An event of more bytes than the decoder was made for. */
export class SseLimitError extends Error {
  readonly kind = 'limit';
  readonly maxEventBytes: number;

  constructor(maxEventBytes: number) {
    super(`A server-sent event is larger than maxEventBytes (${maxEventBytes} bytes).`);
    this.name = 'SseLimitError';
    this.maxEventBytes = maxEventBytes;
  }
}

/**
 * Decodes server-sent events by the WHATWG rules, from bytes cut anywhere: CR, LF and CRLF in any mix,
 * a byte order mark, comments, fields with or without the space, UTF-8 across pieces. Invalid bytes
 * become U+FFFD. An event at the end without its blank line is delivered.
 *
 * Frames share memory with the chunks they came in: do not write to a chunk after it was pushed.
 */
export class SseDecoder {
  readonly #maxEventBytes: number;
  readonly #boundary = new SseBoundary();
  readonly #held = new ByteHold();
  #atStreamStart = true;
  #event: string | null = null;
  #eventBytes: Buffer = NOTHING;

  constructor({ maxEventBytes = DEFAULT_MAX_EVENT_BYTES }: SseDecoderOptions = {}) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Reads one chunk and adds the frames it completes to `out`. */
  push(chunk: Uint8Array, out: SseFrame[]): void {
    const bytes = asBuffer(chunk);
    const plain = bytes.indexOf(CR) === -1;
    let at = 0;
    while (at < bytes.length) {
      const quick = plain && this.#held.length === 0 && this.#boundary.fresh;
      const end = quick ? this.#pushPlain(bytes, at, out) : this.#pushAny(bytes, at, out);
      if (end === -1) return;
      at = end;
    }
  }

  /** Ends the stream: what is left over becomes a last frame. */
  flush(out: SseFrame[]): void {
    if (this.#held.length === 0) return;
    out.push(this.#frameOf(this.#held.take(NOTHING), this.#boundary.ended));
  }

  /** Reads events of plain LF lines for as long as they lie wholly in `bytes`. */
  #pushPlain(bytes: Buffer, from: number, out: SseFrame[]): number {
    let start = from;
    while (start < bytes.length) {
      const end = this.#plainEvent(bytes, start, out);
      if (end === -1) break;
      start = end;
    }
    if (start > from) return start;
    return this.#pushAny(bytes, from, out);
  }

  /** Reads `data: …` or `event: …` and `data: …` with a blank line; -1 where it is anything else. */
  #plainEvent(bytes: Buffer, start: number, out: SseFrame[]): number {
    let event: string | null = null;
    let at = start;
    if (startsWith(bytes, at, EVENT)) {
      const lineEnd = bytes.indexOf(LF, at);
      if (lineEnd === -1) return -1;
      event = this.#eventName(bytes, at + EVENT.length, lineEnd);
      at = lineEnd + 1;
    }
    if (!startsWith(bytes, at, DATA)) return -1;
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd === -1 || bytes[lineEnd + 1] !== LF) return -1;
    const end = lineEnd + 2;
    if (end - start > this.#maxEventBytes) throw new SseLimitError(this.#maxEventBytes);
    this.#atStreamStart = false;
    const data = bytes.toString('utf8', valueStart(bytes, at + DATA.length), lineEnd);
    out.push(new DecodedFrame({ event, data }, { bytes, start, end }, true));
    return end;
  }

  /** Reads one event of any form, or holds what there is of it. */
  #pushAny(bytes: Buffer, from: number, out: SseFrame[]): number {
    const end = this.#boundary.findEnd(bytes, from);
    const piece = bytes.subarray(from, end === -1 ? bytes.length : end);
    if (this.#held.length + piece.length > this.#maxEventBytes) {
      this.#held.clear();
      throw new SseLimitError(this.#maxEventBytes);
    }
    if (end === -1) this.#held.add(piece);
    else out.push(this.#frameOf(this.#held.length === 0 ? piece : this.#held.take(piece), true));
    return end;
  }

  #frameOf(bytes: Buffer, terminated: boolean): SseFrame {
    const marked = this.#atStreamStart && startsWith(bytes, 0, BOM);
    this.#atStreamStart = false;
    const fields = readFields(marked ? bytes.subarray(BOM.length) : bytes);
    return new DecodedFrame(fields, { bytes, start: 0, end: bytes.length }, terminated);
  }

  /** Names repeat from event to event, so the last one is kept with its bytes. */
  #eventName(bytes: Buffer, from: number, lineEnd: number): string | null {
    const start = valueStart(bytes, from);
    const known = this.#eventBytes;
    if (lineEnd - start !== known.length || !startsWith(bytes, start, known)) {
      this.#eventBytes = Buffer.from(bytes.subarray(start, lineEnd));
      this.#event = this.#eventBytes.toString('utf8') || null;
    }
    return this.#event;
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk)
    ? chunk
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function valueStart(bytes: Buffer, at: number): number {
  return bytes[at] === SPACE ? at + 1 : at;
}

function startsWith(bytes: Buffer, at: number, prefix: Buffer): boolean {
  for (let index = 0; index < prefix.length; index += 1) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

export type { SseFrame };
