import { ANSWER, type Asked, readRequest, streamEvents } from './wire.js';

const encoder = new TextEncoder();
const answer = encoder.encode(ANSWER);
const events = new Map<Asked, readonly Uint8Array[]>();
const JSON_INIT = {
  headers: { 'content-type': 'application/json', 'x-request-id': 'req_bench0000000000' },
};
const STREAM_INIT = {
  headers: { 'content-type': 'text/event-stream', 'x-request-id': 'req_bench0000000000' },
};

/** A `fetch` that has its answer ready: JSON, or a stream that gives one event each time it is asked. */
export async function memoryFetch(_input: unknown, init?: RequestInit): Promise<Response> {
  const asked = readRequest(typeof init?.body === 'string' ? init.body : '');
  if (asked.what === 'json') return new Response(answer, JSON_INIT);
  let list = events.get(asked);
  if (list === undefined) {
    list = streamEvents(asked.count, asked.includeUsage);
    events.set(asked, list);
  }
  return new Response(streamOf(list), STREAM_INIT);
}

/** As `fetch` makes them: a byte stream, pulled. */
function streamOf(list: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const event = list[index];
      index += 1;
      if (event === undefined) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else controller.enqueue(event.slice());
    },
  });
}
