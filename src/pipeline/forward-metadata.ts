import type { Operation } from './settlement.js';

/** Which metadata is sent to providers, and as what. */
export interface ForwardMetadataOptions {
  /** Key whose value is sent as the end user: OpenAI `user`, Anthropic `metadata.user_id`. */
  readonly user?: string | undefined;
  /** Keys that are sent as OpenAI `metadata` (chat, responses); values become text of at most 512 characters. */
  readonly metadata?: readonly string[] | undefined;
}

interface Forwarding extends ForwardMetadataOptions {
  readonly values: Readonly<Record<string, unknown>>;
}

const MAX_CHARS = 512;

/** A body with metadata in the places the provider has for it. What the caller set there himself stays. */
export function forwardMetadata(
  body: unknown,
  operation: Operation,
  forwarding: Forwarding,
): unknown {
  const { user, metadata = [] } = forwarding;
  if ((user === undefined && metadata.length === 0) || typeof body !== 'object' || body === null)
    return body;
  const userId = user === undefined ? undefined : textOf(forwarding.values[user]);
  switch (operation) {
    case 'messages':
      return userId === undefined
        ? body
        : { ...body, metadata: { user_id: userId, ...memberOf(body, 'metadata') } };
    case 'chat':
    case 'responses':
      return withOpenAI(body, userId, pick(forwarding.values, metadata));
    case 'completions':
    case 'embeddings':
      return withOpenAI(body, userId, {});
    default:
      return body;
  }
}

function withOpenAI(
  body: object,
  user: string | undefined,
  metadata: Record<string, string>,
): object {
  const tagged =
    Object.keys(metadata).length === 0
      ? {}
      : { metadata: { ...metadata, ...memberOf(body, 'metadata') } };
  return { ...(user === undefined ? {} : { user }), ...body, ...tagged };
}

function memberOf(body: object, name: string): object {
  const member: unknown = Reflect.get(body, name);
  return typeof member === 'object' && member !== null ? member : {};
}

function pick(
  values: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, string> {
  const picked = keys.flatMap((key): [string, string][] => {
    const text = Object.hasOwn(values, key) ? textOf(values[key]) : undefined;
    return text === undefined ? [] : [[key, text]];
  });
  return Object.fromEntries(picked);
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.slice(0, MAX_CHARS);
}
