import type { StreamEvent } from '../pipeline/event-source.js';
import { GatewayResponse } from '../pipeline/gateway-response.js';
import { readEvents } from './read-events.js';

/** Turns one event's parsed data into another's; `undefined` drops the event. */
export type EventMapper = (data: unknown, event: StreamEvent) => unknown;

/**
 * A response with the events of a stream changed one by one, for interceptors. Events that `map` returns
 * as they are keep their bytes; `[DONE]`, comments and events that are not JSON pass by unasked. The
 * response that is given is used up.
 *
 * @param response the response of `next()`, of a call that streams; any other is returned as it is
 * @param map called with each event's parsed data; must not change it in place
 */
export function mapEvents(response: Response, map: EventMapper): Response {
  if (!isStream(response)) return response;
  const events = readEvents(response);
  const { status, statusText, headers, url } = response;
  return new GatewayResponse({
    status,
    statusText,
    headers,
    url,
    payload: {
      kind: 'events',
      events: {
        async pull() {
          for (;;) {
            const batch = await events.pull();
            if (batch === null) return null;
            const mapped = batch.flatMap((event) => mapEvent(event, map));
            if (mapped.length > 0) return mapped;
          }
        },
        cancel: (reason) => events.cancel(reason),
      },
    },
  });
}

/** Whether a response is a stream of events, by its name, or because the gateway reads it as one. */
function isStream(response: Response): boolean {
  if (response instanceof GatewayResponse && response.peekPayload()?.kind === 'events') return true;
  return /^\s*text\/event-stream/i.test(response.headers.get('content-type') ?? '');
}

function mapEvent(event: StreamEvent, map: EventMapper): readonly StreamEvent[] {
  if (event.json === undefined) return [event];
  const json = map(event.json, event);
  if (json === event.json) return [event];
  return json === undefined ? [] : [{ event: event.event, data: JSON.stringify(json), json }];
}
