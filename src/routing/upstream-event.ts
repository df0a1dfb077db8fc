import type { SseFrame } from '../dialects/sse-frame.js';
import type { StreamEvent } from '../pipeline/event-source.js';

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
