import { hash } from 'node:crypto';
import { canonicalText } from './canonical-text.js';

/** Goes into every key: raise it whenever keys are made in another way, and old entries are never found again. */
const KEY_VERSION = 2;

/** Members of a body that say how the answer is to come, not what it is. */
export const DEFAULT_EXCLUDED: ReadonlySet<string> = new Set(['stream', 'stream_options']);

/** Everything that tells one answer from another, beside the body. */
export interface CacheKeyHead {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query: unknown;
  /** Where the call goes: base URL, and the route's name. */
  readonly origin: string;
  /** Who shares: `['tenant', name]`, `['credential', digest]` or `['shared']`. */
  readonly scope: readonly string[];
  /** Headers that may change the answer, sorted by name, lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The user's own version (option `version`), '' by default. */
  readonly version: string;
  /** Values of the metadata keys named in `vary`, by key. */
  readonly vary: Readonly<Record<string, unknown>>;
  /** The user's own key instead of the body, where there is one. */
  readonly custom?: string | undefined;
  /** Top-level members of the body that do not count. */
  readonly exclude: ReadonlySet<string>;
}

/** Everything that tells one answer from another. */
export interface CacheKeyParts extends CacheKeyHead {
  readonly body: unknown;
}

/**
 * The key that an answer is kept under: SHA-256 in lower-case hex, over the canonical text of all the parts.
 *
 * With `custom` the body does not count, and is not read; everything else still does, so that nobody's own key
 * finds an answer of another tenant, origin or operation.
 *
 * @throws {@link UncanonicalError} where the query, a varied value or the body has no canonical text
 */
export function cacheKey(parts: CacheKeyParts): string {
  const { custom, body, exclude } = parts;
  const head = headText(parts);
  return custom === undefined ? keyUnder(head, body, exclude) : hash('sha256', head);
}

/** How the text of a key begins. */
export function headText(parts: CacheKeyHead): string {
  const { operation, method, path, query, origin, scope, headers, version, vary } = parts;
  const { custom, exclude } = parts;
  // What is left out of the body is a part too: without it, a setting that excludes more would find the
  // answers of one that excludes less.
  const content = custom === undefined ? ['body', ...[...exclude].sort()] : ['custom', custom];
  // A query in an object, where no query and `null` are told apart.
  const call = [KEY_VERSION, operation, method, path, { query }, origin, scope, headers];
  return canonicalText([...call, version, vary, content]);
}

/** The key of a body, where how its text begins is known. */
export function keyUnder(head: string, body: unknown, exclude: ReadonlySet<string>): string {
  // Each says where it ends.
  return hash('sha256', head + canonicalText(body, exclude));
}
