const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/** One server-sent event with its own bytes. */
export interface SseFrame {
  /** The `event:` field, `null` where there is none. */
  readonly event: string | null;
  /**
   * The `data:` lines joined. `null` where the bytes are no event (comments, blank lines, fields
   * without data): such a frame is passed on or dropped, never parsed.
   */
  readonly data: string | null;
  /** The exact bytes; all frames of a stream laid end to end are the stream. */
  readonly raw: Uint8Array;
  /** False where the stream ended before the blank line: the event may have been cut short. */
  readonly terminated: boolean;
}

/** Where the bytes of a frame lie. */
export interface FrameRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What the lines of an event said. */
export interface FrameFields {
  readonly event: string | null;
  readonly data: string | null;
}

/** A frame that cuts its bytes out only when someone asks for them. */
export class DecodedFrame implements SseFrame {
  readonly event: string | null;
  readonly data: string | null;
  readonly terminated: boolean;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(
    { event, data }: FrameFields,
    { bytes, start, end }: FrameRange,
    terminated: boolean,
  ) {
    this.event = event;
    this.data = data;
    this.terminated = terminated;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }
}

/**
 * Reads the lines of one event, CR, LF and CRLF in any mix. Knows the fields `event` and `data`; the
 * others mean nothing to a client that does not reconnect.
 */
export function readFields(bytes: Buffer): FrameFields {
  const fields = new FieldReader(bytes);
  const end = bytes.length;
  let nextLf = -1;
  let nextCr = -1;
  for (let at = 0; at < end; ) {
    // Each is looked up only once it has been passed, so that lines of one kind stay linear.
    if (nextLf < at) nextLf = indexOrEnd(bytes, LF, at);
    if (nextCr < at) nextCr = indexOrEnd(bytes, CR, at);
    const lineEnd = Math.min(nextLf, nextCr);
    if (lineEnd > at) fields.line(at, lineEnd);
    at = lineEnd + 1;
  }
  return fields;
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found === -1 ? bytes.length : found;
}

class FieldReader implements FrameFields {
  event: string | null = null;
  readonly #bytes: Buffer;
  readonly #lines: string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get data(): string | null {
    return this.#lines.length === 0 ? null : this.#lines.join('\n');
  }

  line(start: number, end: number): void {
    const colon = this.#colon(start, end);
    const name = this.#bytes.toString('latin1', start, colon);
    if (name === 'data') this.#lines.push(this.#value(colon, end));
    else if (name === 'event') this.event = this.#value(colon, end) || null;
  }

  /** Looks no further than the longest field name that matters. */
  #colon(start: number, end: number): number {
    const limit = Math.min(end, start + 'event:'.length);
    for (let at = start; at < limit; at += 1) if (this.#bytes[at] === COLON) return at;
    return limit;
  }

  #value(colon: number, end: number): string {
    const start = this.#bytes[colon + 1] === SPACE ? colon + 2 : colon + 1;
    return start < end ? this.#bytes.toString('utf8', start, end) : '';
  }
}
