import type {
  CacheCallOptions,
  CacheDirectives,
  CacheMode,
  Duration,
} from '../pipeline/cache-types.js';
import { durationMs, isDuration } from '../pipeline/duration.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isListOf,
  isNumber,
  isOneOf,
  isText,
  refuse,
} from '../pipeline/option-checks.js';

/** The response cache of a gateway. */
export interface CacheOptions extends CacheCallOptions {
  /** A Keyv, or one of its storage adapters: Redis, Postgres, {@link SqliteStore}. @defaultValue this process's memory, bounded */
  readonly store?: object | undefined;
  /** Answers kept in memory, where there is no `store`. @defaultValue 10000 */
  readonly maxEntries?: number | undefined;
  /** Bytes of answers kept in memory, where there is no `store`. @defaultValue 67108864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** Largest answer that is stored, in bytes. @defaultValue 1048576 (1 MiB) */
  readonly maxEntryBytes?: number | undefined;
  /** Deadline of each operation of a `store`; what takes longer counts as a miss. @defaultValue '100ms' */
  readonly storeTimeout?: Duration | undefined;
  /** Part of every key: change it, and what was stored before is not found any more. @defaultValue '' */
  readonly version?: string | undefined;
  /** Members of the body that do not count, beside `stream` and `stream_options`. @defaultValue none */
  readonly exclude?: readonly string[] | undefined;
  /** Request headers that do not count, beside those that never do (tracing, retries, the SDK's own). @defaultValue none */
  readonly ignoreHeaders?: readonly string[] | undefined;
}

/** What one call asks of the cache, in full. */
export interface CacheControl {
  readonly mode: CacheMode;
  readonly ttlMs: number;
  /** Infinite where the call sets no limit. */
  readonly maxAgeMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly tags: readonly string[];
  readonly key: CacheCallOptions['key'];
  readonly vary: readonly string[];
  readonly scope: 'caller' | 'shared';
  readonly only: 'any' | 'deterministic';
  readonly acceptFallback: boolean;
  readonly coalesce: boolean;
}

export const DEFAULT_MAX_ENTRY_BYTES = 1024 * 1024;
export const DEFAULT_STORE_TIMEOUT_MS = 100;
const DEFAULT_TTL_MS = 3_600_000;
const MAX_TAGS = 16;
const MAX_TEXT = 256;

type Asked = boolean | CacheCallOptions | undefined;

/**
 * What a call asks of the cache: its own options over the scope's over the gateway's. `undefined` where
 * nobody turned the cache on, or the nearest said `false`.
 */
export function resolveControl(
  gateway: Asked,
  ...nearer: readonly Asked[]
): CacheControl | undefined {
  const nearest = nearer.findLast((source) => source !== undefined) ?? gateway;
  if (nearest === undefined || nearest === false) return undefined;
  if (nearest !== gateway) return merge([gateway, ...nearer]);
  // Most calls ask for nothing of their own.
  const options = nearest === true ? DEFAULTS : nearest;
  let control = controls.get(options);
  if (control === undefined) {
    control = merge([options]);
    controls.set(options, control);
  }
  return control;
}

const DEFAULTS: CacheCallOptions = {};
const controls = new WeakMap<CacheCallOptions, CacheControl>();

function merge(sources: readonly Asked[]): CacheControl {
  const asked: CacheCallOptions = Object.assign(
    {},
    ...sources.map((source) => (typeof source === 'object' ? defined(source) : {})),
  );
  return {
    mode: asked.mode ?? 'read-write',
    ttlMs: durationMs(asked.ttl, DEFAULT_TTL_MS),
    maxAgeMs: durationMs(asked.maxAge, Number.POSITIVE_INFINITY),
    staleWhileRevalidateMs: durationMs(asked.staleWhileRevalidate, 0),
    staleIfErrorMs: durationMs(asked.staleIfError, 0),
    tags: asked.tags ?? [],
    key: asked.key,
    vary: asked.vary ?? [],
    scope: asked.scope ?? 'caller',
    only: asked.only ?? 'any',
    acceptFallback: asked.acceptFallback ?? false,
    coalesce: asked.coalesce ?? true,
  };
}

/** The same, less what a request's own headers take away. */
export function restrictControl(
  control: CacheControl | undefined,
  directives: CacheDirectives | undefined,
): CacheControl | undefined {
  if (control === undefined || directives === undefined) return control;
  const { noCache, noStore, maxAgeMs = Number.POSITIVE_INFINITY } = directives;
  return {
    ...control,
    mode: restrictMode(control.mode, noCache, noStore),
    maxAgeMs: Math.min(control.maxAgeMs, maxAgeMs),
  };
}

function restrictMode(mode: CacheMode, noCache: boolean, noStore: boolean): CacheMode {
  const reads = !noCache && (mode === 'read-write' || mode === 'read-only');
  const stores = !noStore && mode !== 'read-only' && mode !== 'off';
  if (reads) return stores ? 'read-write' : 'read-only';
  if (!stores) return 'off';
  return noCache ? 'refresh' : mode;
}

function defined(source: CacheCallOptions): CacheCallOptions {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));
}

const isKey: Check = (value, path) => {
  if (typeof value === 'function') return;
  if (typeof value !== 'string' || value === '') {
    refuse(path, 'must be a function, or a text that is not empty');
  }
};

const isShortText: Check = (value, path) => {
  isText(value, path);
  if (String(value).length > MAX_TEXT) refuse(path, `must have at most ${MAX_TEXT} characters`);
};

const isTags: Check = (value, path) => {
  isListOf(isShortText)(value, path);
  if (Array.isArray(value) && value.length > MAX_TAGS)
    refuse(path, `must have at most ${MAX_TAGS} tags`);
};

const isTtl: Check = (value, path) => {
  isDuration(value, path);
  if (durationMs(value as Duration, 0) <= 0) refuse(path, 'must be longer than 0');
};

const callChecks = {
  mode: isOneOf('read-write', 'read-only', 'write-only', 'refresh', 'off'),
  ttl: isTtl,
  maxAge: isDuration,
  staleWhileRevalidate: isDuration,
  staleIfError: isDuration,
  tags: isTags,
  key: isKey,
  vary: isListOf(isText),
  scope: isOneOf('caller', 'shared'),
  only: isOneOf('any', 'deterministic'),
  acceptFallback: isBoolean,
  coalesce: isBoolean,
};

const count = isNumber(1, Number.MAX_SAFE_INTEGER, true);
const isObject: Check = (value, path) => {
  if (typeof value !== 'object' || value === null)
    refuse(path, 'must be a Keyv, or one of its storage adapters');
};
const isCacheCallOptions = hasShape(callChecks);
const isCacheOptions = hasShape({
  ...callChecks,
  store: isObject,
  maxEntries: count,
  maxBytes: count,
  maxEntryBytes: count,
  storeTimeout: isTtl,
  version: isShortText,
  exclude: isListOf(isText),
  ignoreHeaders: isListOf(isText),
});

/** Checks what a call asks of the cache. */
export const checkCacheCall: Check = (value, path) => {
  if (typeof value !== 'boolean') isCacheCallOptions(value, path);
};

/** Checks the options of a gateway's cache. */
export const checkCache: Check = (value, path) => {
  if (typeof value !== 'boolean') isCacheOptions(value, path);
};
