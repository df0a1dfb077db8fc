import { type JsonObject, objectOf, textOf } from './json.js';

const DEFAULT_LIMIT = 20;

/** A page of a list as both providers return it. Understands `limit`, `order`, `after` and Anthropic's `after_id` and `before_id`. */
export function paginate(
  items: readonly unknown[],
  query: URLSearchParams,
  usualOrder: 'asc' | 'desc' = 'asc',
): JsonObject {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const order = query.get('order') ?? usualOrder;
  const sorted = order === 'desc' ? items.toReversed() : items;
  const before = query.get('before_id');
  const page =
    before === null ? pageAfter(sorted, query, limit) : pageBefore(sorted, before, limit);
  return {
    object: 'list',
    data: page.data,
    first_id: idOf(page.data[0]) || null,
    last_id: idOf(page.data.at(-1)) || null,
    has_more: page.hasMore,
  };
}

interface Page {
  readonly data: readonly unknown[];
  readonly hasMore: boolean;
}

function pageAfter(items: readonly unknown[], query: URLSearchParams, limit: number): Page {
  const after = query.get('after') ?? query.get('after_id');
  const start = after === null ? 0 : items.findIndex((item) => idOf(item) === after) + 1;
  return { data: items.slice(start, start + limit), hasMore: start + limit < items.length };
}

function pageBefore(items: readonly unknown[], before: string, limit: number): Page {
  const end = items.findIndex((item) => idOf(item) === before);
  const start = Math.max(0, end - limit);
  return { data: items.slice(start, Math.max(end, 0)), hasMore: start > 0 };
}

function idOf(item: unknown): string {
  return textOf(objectOf(item).id);
}
