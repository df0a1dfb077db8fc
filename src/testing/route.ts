import { type Answer, type Dialect, errorAnswer } from './answer.js';
import type { JsonObject } from './json.js';
import type { RecordedRequest } from './recorded-request.js';
import type { Reply } from './reply.js';
import type { ProviderState, StoredItem } from './state.js';

/** What a route works from. */
export interface RouteContext {
  readonly request: RecordedRequest;
  /** The JSON body, or an empty object. */
  readonly body: JsonObject;
  /** What the path's pattern captured. */
  readonly id: string;
  readonly reply: Reply;
  readonly state: ProviderState;
}

/** An endpoint: method, pattern of the path below `/v1`, its dialect, and what it answers. */
export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly dialect: Dialect;
  readonly handle: (context: RouteContext) => Answer;
}

/** Builds a route table entry from `'POST /responses/:id/cancel'`; `:id` captures one segment. */
export function route(
  dialect: Dialect,
  endpoint: `${'GET' | 'POST' | 'DELETE'} /${string}`,
  handle: Route['handle'],
): Route {
  const [method = '', path = ''] = endpoint.split(' ');
  return { dialect, method, path: new RegExp(`^${path.replaceAll(':id', '([^/]+)')}$`), handle };
}

/** The path below `/v1`, whatever a test put before it: a target's name, an Azure deployment, a fault. */
export function endpointPath(path: string): string {
  const version = path.lastIndexOf('/v1/');
  if (version >= 0) return path.slice(version + 3);
  return path.replace(/^.*\/openai\/deployments\/[^/]+/, '');
}

/** Does something with a kept thing, or answers 404. */
export type WithItem = (
  context: RouteContext,
  handle: (item: StoredItem, items: Map<string, StoredItem>) => Answer,
) => Answer;

/** Looks kept things up in one collection. */
export function itemsOf(collection: string, dialect: Dialect): WithItem {
  return ({ state, id }, handle) => {
    const items = state.collection(collection);
    const item = items.get(id);
    if (item !== undefined) return handle(item, items);
    return errorAnswer(dialect, 404, { message: `No such object: ${id}`, param: 'id' });
  };
}

/** Counts one retrieval of a kept thing and gives what it is by now. */
export function readItem(items: Map<string, StoredItem>, id: string, item: StoredItem): JsonObject {
  const reads = item.reads + 1;
  const isFinished = item.finished !== undefined && reads > (item.polls ?? 1);
  const value = isFinished && item.finished !== undefined ? item.finished : item.value;
  items.set(id, { ...item, reads, value });
  return value;
}
