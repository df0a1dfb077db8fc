const LF = 10;
const CR = 13;

// Where in the stream the last byte seen has left us.
/** At the start of a line that follows LF, a CR of its own, or nothing. */
const LINE_START = 0;
/** Within a line. */
const IN_LINE = 1;
/** After the CR that ended a line; an LF still belongs to it. */
const AFTER_CR = 2;
/** At the start of a line that follows CRLF. */
const LINE_START_CRLF = 3;
/** After the CR of a blank line that follows CRLF: its LF belongs to it, should it come. */
const BLANK_CR = 4;
/** After a blank line that ended in a CR of its own; an LF that follows opens the next frame. */
const AFTER_BLANK_CR = 5;

type State = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * Finds the blank lines that end events, across pieces. Which bytes belong to an event depends on the
 * bytes alone, never on how they were cut: in a stream of CRLF lines a blank line is CRLF, and the
 * decoder waits for its LF; anywhere else a CR ends the event at once.
 */
export class SseBoundary {
  #state: State = LINE_START;

  /** Whether the next byte opens a frame of plain LF lines. */
  get fresh(): boolean {
    return this.#state === LINE_START;
  }

  /** Whether what was scanned ends an event, but for an LF that may follow. */
  get ended(): boolean {
    return this.#state === BLANK_CR;
  }

  /** The index after the event that is open at `from`, or -1 when this piece does not end it. */
  findEnd(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#state === IN_LINE) at = skipLine(bytes, at);
      const byte = bytes[at];
      if (byte === undefined) return -1;
      if (this.#endsBefore(byte)) return at;
      at += 1;
      if (this.#endsWith(byte)) return at;
    }
    return -1;
  }

  /** A blank CR in a stream of CRLF lines whose LF never came. */
  #endsBefore(byte: number): boolean {
    if (this.#state !== BLANK_CR || byte === LF) return false;
    this.#state = AFTER_BLANK_CR;
    return true;
  }

  #endsWith(byte: number): boolean {
    const before = this.#state;
    if (byte === LF) {
      const blank = before === LINE_START || before === LINE_START_CRLF || before === BLANK_CR;
      this.#state = before === AFTER_CR || before === BLANK_CR ? LINE_START_CRLF : LINE_START;
      return blank;
    }
    if (byte !== CR) {
      this.#state = IN_LINE;
      return false;
    }
    if (before === LINE_START_CRLF) {
      this.#state = BLANK_CR;
      return false;
    }
    this.#state = before === IN_LINE ? AFTER_CR : AFTER_BLANK_CR;
    return before !== IN_LINE;
  }
}

/** The index of the next CR or LF, or the end. */
function skipLine(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at += 1;
  return at;
}
