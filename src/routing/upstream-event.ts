import type { SseFrame } from '../dialects/sse-frame.js';
import type { ByteSource } from '../pipeline/byte-source.js';
import { GatewayError } from '../pipeline/errors.js';
import type { StreamEvent } from '../pipeline/event-source.js';

/** Bytes that are decoded in one go; what else is here waits its turn. */
const MAX_BATCH_BYTES = 64 * 1024;

/** Decodes a piece, and what else of its source is here already. */
export function decodeReady(
  chunk: Uint8Array,
  source: ByteSource,
  decode: (piece: Uint8Array) => void,
): void {
  let bytes = 0;
  for (let piece: Uint8Array | undefined = chunk; piece !== undefined; piece = source.more?.()) {
    decode(piece);
    bytes += piece.byteLength;
    if (bytes >= MAX_BATCH_BYTES) return;
  }
}

/** An event as it came. Its bytes are cut out of the chunk only when someone asks for them. */
export class UpstreamEvent implements StreamEvent {
  readonly event: string | null;
  readonly data: string | null;
  readonly json: unknown;
  readonly #frame: SseFrame;

  constructor(frame: SseFrame, json: unknown) {
    this.event = frame.event;
    // An event without data is none to its reader.
    this.data = frame.data === '' ? null : frame.data;
    this.json = json;
    this.#frame = frame;
  }

  get raw(): Uint8Array {
    return this.#frame.raw;
  }
}

/** The data of an event, parsed. Of one that a stream was cut in, `truncated()` is thrown. */
export function parseData(frame: SseFrame, data: string, truncated: () => Error): unknown {
  try {
    return JSON.parse(data);
  } catch {
    // The parser's own message quotes the data, so it is not kept.
    if (!frame.terminated) throw truncated();
    throw new GatewayError('the upstream sent an event that is not JSON', {
      code: 'zerohop_malformed',
    });
  }
}
