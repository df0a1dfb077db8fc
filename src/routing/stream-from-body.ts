import type { CanonicalEvent } from '../dialects/canonical-events.js';
import { createReader } from '../dialects/create-reader.js';
import { createWriter } from '../dialects/create-writer.js';
import type { DialectName } from '../dialects/dialect.js';
import { encodeEvent } from '../pipeline/event-source.js';

/** The stream that says what a whole body says: for upstreams that answer a stream request with JSON. */
export function streamFromBody(dialect: DialectName, body: unknown): Uint8Array {
  const events: CanonicalEvent[] = [];
  createReader(dialect, { onEvent: (event) => void events.push(event) }).readBody(body);
  const frames = Array.from(createWriter(dialect).sse(events), ({ event, data }) =>
    encodeEvent({ event, data, json: undefined }),
  );
  return Buffer.concat(frames);
}
