import { type ByteSource, joinChunks } from './byte-source.js';

/** One server-sent event on its way through the gateway. */
export interface StreamEvent {
  /** The `event:` field, `null` when there was none. */
  readonly event: string | null;
  /** The `data:` lines, joined; `null` for bytes that are no event (comments, blank lines). */
  readonly data: string | null;
  /** `data` parsed; `undefined` for `[DONE]` and where there is none. Parsed once, so do not change it in place. */
  readonly json: unknown;
  /** The event's exact bytes, with the comments before it. Absent for an event that was made here. */
  readonly raw?: Uint8Array | undefined;
}

/** Events that are pulled, in batches as they arrived. */
export interface EventSource {
  /** The next events (at least one), or `null` at a clean end. Rejects with what broke the stream. */
  pull(): Promise<readonly StreamEvent[] | null>;
  /** Gives up the stream and closes the upstream. Idempotent; never throws. */
  cancel(reason?: unknown): void;
}

const encoder = new TextEncoder();

/** The bytes of an event: those it came with, or, for one made here, the plainest spelling. */
export function encodeEvent(event: StreamEvent): Uint8Array {
  if (event.raw) return event.raw;
  if (event.data === null) return new Uint8Array(0);
  const name = event.event === null ? '' : `event: ${event.event}\n`;
  const data = event.data.includes('\n') ? event.data.split('\n').join('\ndata: ') : event.data;
  return encoder.encode(`${name}data: ${data}\n\n`);
}

/** Turns events back into bytes. */
export function sourceFromEvents(events: EventSource): ByteSource {
  return {
    async pull() {
      const batch = await events.pull();
      return batch === null ? null : joinChunks(batch.map(encodeEvent));
    },
    cancel: (reason) => events.cancel(reason),
  };
}
