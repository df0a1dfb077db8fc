import { type JsonObject, stringify } from '../../dialects/json.js';
import type { StreamEvent } from '../../pipeline/event-source.js';

/** An event with other data. */
export function withJson({ event }: StreamEvent, json: JsonObject): StreamEvent {
  return namedEvent(event, json);
}

/** An event of our own. */
export function namedEvent(event: string | null, json: JsonObject): StreamEvent {
  return { event, data: stringify(json), json };
}
