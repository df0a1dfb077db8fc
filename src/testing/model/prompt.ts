import { isJsonObject, type JsonObject, listOf, objectOf, textOf } from '../json.js';

/** The last thing the user said, in any dialect's request. */
export function lastUserText(body: JsonObject): string {
  const input = body.messages ?? body.input ?? body.prompt;
  if (typeof input === 'string') return input;
  const items = listOf(input);
  const users = items.filter((item) => typeof item === 'string' || objectOf(item).role === 'user');
  return contentText(users.at(-1));
}

/** All the text of a request that costs prompt tokens. */
export function promptText(body: JsonObject): string {
  const parts = [body.system, body.instructions, body.messages ?? body.input ?? body.prompt];
  const tools = body.tools === undefined ? '' : JSON.stringify(body.tools);
  return parts.map(contentText).join('') + tools;
}

/** The text inside a string, a message, a content part, or a list of them. */
export function contentText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return `${value} `;
  if (Array.isArray(value)) return value.map(contentText).join('');
  if (!isJsonObject(value)) return '';
  return textOf(value.text) || contentText(value.content ?? value.output ?? value.arguments);
}

/** A token estimate that never changes: one for every four characters, at least one. */
export function estimateTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
