import { isObject, type JsonObject, text } from '../json.js';
import { number } from '../translation/values.js';

/** A source on the web, and the words that rest on it where that was said. */
export interface UrlCitation {
  readonly url: string;
  readonly title: string;
  readonly span: readonly [start: number, end: number] | undefined;
}

/**
 * A source in any dialect's form: chat nests it, Anthropic's search results have neither place nor type of their own
 * here. `undefined` for what has no address (documents, files).
 */
export function urlCitationOf(value: unknown): UrlCitation | undefined {
  if (!isObject(value)) return undefined;
  const holder = isObject(value.url_citation) ? value.url_citation : value;
  const url = text(holder.url) ?? addressOf(value.source);
  if (url === undefined) return undefined;
  return { url, title: text(holder.title) ?? url, span: spanOf(holder) };
}

/** Writes a source of a text of `length` characters; the whole text rests on one that has no place. */
export function writeCitation({ url, title, span }: UrlCitation, length: number): JsonObject {
  const [start, end] = span ?? [0, length];
  return { type: 'url_citation', start_index: start, end_index: end, title, url };
}

/** OpenRouter says 0 and 0 where it does not know. */
function spanOf({ start_index: from, end_index: to }: JsonObject): UrlCitation['span'] {
  const start = number(from);
  const end = number(to);
  return start !== undefined && end !== undefined && end > start ? [start, end] : undefined;
}

/** The source of an Anthropic search result is whatever the application called it. */
function addressOf(source: unknown): string | undefined {
  return typeof source === 'string' && /^https?:\/\//.test(source) ? source : undefined;
}
