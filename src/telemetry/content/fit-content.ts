import type { CapturedContent } from './captured-content.js';

/** Longest text that is tried first, and shortest that is tried last, in characters. */
const LONGEST = 8_192;
const SHORTEST = 64;
const MARK = '…[truncated]';

/** Content of which no part is longer than `maxBytes` of JSON. Texts are shortened first, then messages dropped. */
export function fitContent(content: CapturedContent, maxBytes: number): CapturedContent {
  return {
    systemInstructions: within(content.systemInstructions, maxBytes),
    inputMessages: within(content.inputMessages, maxBytes),
    outputMessages: within(content.outputMessages, maxBytes),
    toolDefinitions: within(content.toolDefinitions, maxBytes),
  };
}

function within<Item>(
  list: readonly Item[] | undefined,
  maxBytes: number,
): readonly Item[] | undefined {
  if (list === undefined || list.length === 0) return undefined;
  if (bytesOf(list) <= maxBytes) return list;
  for (let maxChars = LONGEST; maxChars >= SHORTEST; maxChars /= 4) {
    const shortened = shorten(list, maxChars);
    if (bytesOf(shortened) <= maxBytes) return shortened;
  }
  return newest(shorten(list, SHORTEST), maxBytes);
}

/** The last items that there is room for: what was said last explains the answer. */
function newest<Item>(list: readonly Item[], maxBytes: number): readonly Item[] {
  let room = maxBytes - 2;
  let from = list.length;
  while (from > 0) {
    room -= bytesOf(list[from - 1]) + 1;
    if (room < 0) break;
    from -= 1;
  }
  return list.slice(from);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

/** A copy with its long texts cut; the shape stays, so that it is still what the schemas ask for. */
function shorten<Value>(value: Value, maxChars: number): Value {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') {
      return inner.length > maxChars ? inner.slice(0, maxChars).toWellFormed() + MARK : inner;
    }
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, member]) => [key, walk(member)]));
  };
  // walk() keeps the shape.
  return walk(value) as Value;
}
