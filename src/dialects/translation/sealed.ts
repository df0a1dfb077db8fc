import { isObject, type JsonObject, list } from '../json.js';
import { openSeal } from './seals.js';

/** What stands for our own ids of items. */
const OWN_ID = /^[a-z]+_zerohop_/;

/** A body without what we put into earlier answers for other providers, and where that was. */
export interface UnsealedBody {
  readonly body: unknown;
  /** Names only, as paths without indices. */
  readonly removed: readonly string[];
}

/**
 * A conversation without the reasoning that targets of other dialects had in it: its history goes to a provider that
 * would take their seals for its own and refuse them. The body that was given is not changed; where there is none of
 * that, it is given back.
 */
export function withoutSealed(body: unknown): UnsealedBody {
  const none: UnsealedBody = { body, removed: [] };
  if (!isObject(body)) return none;
  const removed = new Set<string>();
  const messages = mapped(body.messages, (message) => unsealedMessage(message, removed));
  const input = mapped(body.input, (item) => unsealedItem(item, removed));
  if (messages === body.messages && input === body.input) return none;
  return {
    body: {
      ...body,
      ...(messages !== body.messages && { messages }),
      ...(input !== body.input && { input }),
    },
    removed: [...removed],
  };
}

function unsealedMessage(message: JsonObject, removed: Set<string>): JsonObject | undefined {
  if (message.role !== 'assistant') return message;
  const { reasoning_details: details, content } = message;
  if (list(details).some((detail) => isObject(detail) && isSealed(detail, 'signature', 'data'))) {
    removed.add('messages[].reasoning_details');
    const { reasoning_details: _details, reasoning_content: _content, ...rest } = message;
    return rest;
  }
  const kept = mapped(content, (block) => {
    if (!isSealed(block, 'signature', 'data')) return block;
    removed.add(`messages[].content[].${String(block.type)}`);
    return undefined;
  });
  if (kept === content) return message;
  // A turn of which only reasoning was left says nothing to anybody else.
  return Array.isArray(kept) && kept.length === 0 ? undefined : { ...message, content: kept };
}

function unsealedItem(item: JsonObject, removed: Set<string>): JsonObject | undefined {
  if (item.type === 'reasoning') {
    const isOwn = typeof item.id === 'string' && OWN_ID.test(item.id);
    if (!isOwn && !isSealed(item, 'encrypted_content')) return item;
    removed.add('input[].reasoning');
    return undefined;
  }
  if (typeof item.id !== 'string' || !OWN_ID.test(item.id)) return item;
  removed.add('input[].id');
  const { id: _id, ...rest } = item;
  return rest;
}

function isSealed(holder: JsonObject, ...names: readonly string[]): boolean {
  return names.some((name) => openSeal(holder[name]) !== undefined);
}

/** A list with its objects mapped; the same list where nothing changed. */
function mapped(value: unknown, map: (item: JsonObject) => JsonObject | undefined): unknown {
  if (!Array.isArray(value)) return value;
  let changed = false;
  const result: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    const kept = isObject(item) ? map(item) : item;
    if (kept !== item) changed = true;
    if (kept !== undefined) result.push(kept);
  }
  return changed ? result : value;
}
