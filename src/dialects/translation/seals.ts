import type { DialectName } from '../dialect.js';
import type { ReasoningSeal } from './canonical-request.js';

/** Begins what was put by us into a member that another provider would take for its own. */
const PREFIX = 'zerohop:';

/**
 * A provider's seal as one text, for a member of another dialect (a signature, encrypted content). The caller hands
 * it back with its history; {@link openSeal} tells whose it is.
 */
export function closeSeal({ dialect, id, signature, encrypted }: ReasoningSeal): string {
  return `${PREFIX}${dialect}:${JSON.stringify([signature ?? null, encrypted ?? null, id ?? null])}`;
}

/** The seal in a text that {@link closeSeal} made; `undefined` where it is none of those. */
export function openSeal(text: unknown): ReasoningSeal | undefined {
  if (typeof text !== 'string' || !text.startsWith(PREFIX)) return undefined;
  const end = text.indexOf(':', PREFIX.length);
  const dialect = text.slice(PREFIX.length, end);
  if (!isSealing(dialect)) return undefined;
  try {
    const parts: unknown = JSON.parse(text.slice(end + 1));
    if (!Array.isArray(parts)) return undefined;
    const [signature, encrypted, id] = parts.map((part: unknown) =>
      typeof part === 'string' ? part : undefined,
    );
    return { dialect, signature, encrypted, id };
  } catch {
    return undefined;
  }
}

function isSealing(dialect: string): dialect is DialectName {
  return (
    dialect === 'anthropic-messages' || dialect === 'openai-responses' || dialect === 'openai-chat'
  );
}
