import { types } from 'node:util';
import { GatewayError } from '../pipeline/errors.js';

/** Deeper values are refused; real requests have about ten levels. */
const MAX_DEPTH = 1_000;
/** Ancestors are remembered from this level on: every cycle gets here, and real requests do not pay for it. */
const WATCHED_DEPTH = 32;
/** Up to this many keys, insertion is cheaper than `sort`. */
const FEW_KEYS = 32;

const MESSAGES = {
  bigint: 'a BigInt has no JSON',
  cycle: 'it contains itself',
  depth: 'it is nested too deeply',
  opaque: 'it holds an object whose JSON does not say what is in it',
  unreadable: 'a part of it cannot be read',
} as const;

/** Why a value has no canonical text. */
export type UncanonicalReason = keyof typeof MESSAGES;

/** A value without JSON, or whose JSON would not tell it from others: nothing can be cached under it. */
export class UncanonicalError extends GatewayError {
  readonly reason: UncanonicalReason;

  constructor(reason: UncanonicalReason, cause?: unknown) {
    super(`no cache key: ${MESSAGES[reason]}`, { code: 'zerohop_request', cause });
    this.name = 'UncanonicalError';
    this.reason = reason;
  }
}

/**
 * One text for what `JSON.stringify(value)` sends, whatever the order of properties. Everything else is kept
 * apart, also `-0` from `0`, and `NaN` and the infinities from `null` and each other. Each text says where it
 * ends, so several of them can be put together and are still one text for one list of values.
 *
 * Written like JSON, but for texts, which stand behind their length: escaping takes longer than all the rest.
 * Members are in the order of their UTF-16 code units.
 *
 * @param exclude top-level members that are left out, unread
 * @returns '' where there is nothing to send
 * @throws {@link UncanonicalError} for a BigInt, a cycle, more than 1,000 levels, an object whose JSON does
 * not say what is in it (a `Map`, a stream, a typed array, an error), and a getter or `toJSON` that throws
 */
export function canonicalText(value: unknown, exclude?: ReadonlySet<string>): string {
  try {
    return writeSent(sentFor(value, ''), 0, undefined, exclude);
  } catch (error) {
    throw error instanceof UncanonicalError ? error : new UncanonicalError('unreadable', error);
  }
}

type Ancestors = Set<object> | undefined;

/** What JSON sends for `value`; '' for what it leaves out. */
function write(value: unknown, key: string | number, depth: number, ancestors: Ancestors): string {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      return Object.is(value, -0) ? '#-0;' : `#${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      throw new UncanonicalError('bigint');
    case 'object':
    case 'function':
      return value === null ? 'n' : writeSent(sentFor(value, key), depth, ancestors);
    default:
      return '';
  }
}

/** Half a surrogate pair has no bytes of its own; JSON escapes it. */
function writeText(text: string): string {
  return text.isWellFormed() ? `${text.length}"${text}` : JSON.stringify(text);
}

/** What JSON sends for a value: what its `toJSON` returns, where it has one. */
function sentFor(value: unknown, key: string | number): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  // Any object may have such a member; what it is, is looked at before it is used.
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== 'function') return value;
  // A Buffer, which SDKs send as its bytes.
  if (ArrayBuffer.isView(value)) throw new UncanonicalError('opaque');
  return Reflect.apply(toJSON, value, [String(key)]);
}

/** {@link write} for what no `toJSON` is asked of any more. */
function writeSent(
  value: unknown,
  depth: number,
  ancestors: Ancestors,
  exclude?: ReadonlySet<string>,
): string {
  if (typeof value === 'function') return '';
  if (typeof value !== 'object' || value === null) return write(value, '', depth, ancestors);
  if (depth >= MAX_DEPTH) throw new UncanonicalError('depth');
  if (depth < WATCHED_DEPTH) return writeObject(value, depth, ancestors, exclude);

  const above = ancestors ?? new Set();
  if (above.has(value)) throw new UncanonicalError('cycle');
  above.add(value);
  const text = writeObject(value, depth, above);
  above.delete(value);
  return text;
}

function writeObject(
  value: object,
  depth: number,
  ancestors: Ancestors,
  exclude?: ReadonlySet<string>,
): string {
  if (Array.isArray(value)) return writeArray(value, depth, ancestors);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) {
    if (types.isBoxedPrimitive(value)) return write(unbox(value), '', depth, ancestors);
    refuseOpaque(value, prototype);
  }

  // Any own key can be read, and the values are unknown.
  const members = value as Readonly<Record<string, unknown>>;
  let text = '{';
  for (const key of sortKeys(Object.keys(value))) {
    if (exclude?.has(key)) continue;
    const member = write(members[key], key, depth + 1, ancestors);
    if (member !== '') text += writeText(key) + member;
  }
  return `${text}}`;
}

function writeArray(elements: readonly unknown[], depth: number, ancestors: Ancestors): string {
  let text = '[';
  // By index, because holes are sent as null, too.
  for (let index = 0; index < elements.length; index += 1) {
    text += write(elements[index], index, depth + 1, ancestors) || 'n';
  }
  return `${text}]`;
}

// Not in TypeScript's library yet; in Node since 21.
const isRawJson: unknown = Reflect.get(JSON, 'isRawJSON');

/** Of objects that are neither literals nor arrays, only those pass whose own properties say what they are. */
function refuseOpaque(value: object, prototype: unknown): void {
  // Map, Set, typed arrays, streams, Blob, Headers, Promise, Error, RegExp and Date have a tag of their own.
  const isTagged = Object.prototype.toString.call(value) !== '[object Object]';
  // Node's streams.
  const isStream = Symbol.asyncIterator in value;
  // What is in an instance without properties, is hidden. An object literal of another realm is just empty.
  const isHiding =
    prototype !== null &&
    Object.getPrototypeOf(prototype) !== null &&
    Object.keys(value).length === 0;
  const isRaw = typeof isRawJson === 'function' && isRawJson(value) === true;
  if (isTagged || isStream || isHiding || isRaw) throw new UncanonicalError('opaque');
}

/** The value in a `new String()`, as JSON takes it out. */
function unbox(boxed: object): unknown {
  if (types.isNumberObject(boxed)) return Number(boxed);
  if (types.isStringObject(boxed)) return String(boxed);
  if (types.isBooleanObject(boxed)) return Boolean.prototype.valueOf.call(boxed);
  throw new UncanonicalError(types.isBigIntObject(boxed) ? 'bigint' : 'opaque');
}

/** By UTF-16 code units, in place. */
function sortKeys(keys: string[]): readonly string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let end = 1; end < keys.length; end += 1) {
    // Within the bounds, here and below.
    const key = keys[end] as string;
    let at = end;
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}
