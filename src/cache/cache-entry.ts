import { createReader } from '../dialects/create-reader.js';
import type { DialectName, DialectReader } from '../dialects/dialect.js';
import { isObject, type JsonObject } from '../dialects/json.js';

/** One event of a stored stream: its name, and its data: JSON text, or `[DONE]`. */
export type StoredEvent = readonly [event: string | null, data: string];

/** A complete answer, as it is stored. Never changed once made: a memory store hands out the same one each time. */
export interface CacheEntry {
  readonly v: 1;
  /** Tells an entry that was stored under another key, or by another program. */
  readonly key: string;
  readonly dialect: DialectName;
  readonly form: 'body' | 'events';
  /** Form `body`: the JSON text as it came. */
  readonly text?: string;
  /** Form `events`: all of them in order, `[DONE]` included. */
  readonly events?: readonly StoredEvent[];
  /** Whether the stream was asked for usage (`stream_options.include_usage`), by us or by its caller. */
  readonly usageAsked: boolean;
  readonly status: number;
  /** Of those {@link keptHeaders} keeps. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Wall clock, in ms since the epoch. */
  readonly storedAt: number;
  readonly ttlMs: number;
  readonly producer: {
    readonly target: string;
    readonly provider: string;
    readonly model?: string;
  };
  /** Tag to the version it had when the call was made. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What the answer cost when it was made; a figure nobody knew is absent. */
  readonly saved: {
    readonly inputTokens?: number;
    readonly outputTokens?: number;
    /** US dollars. */
    readonly cost?: number;
  };
  /** What it takes in memory, see {@link sizeOfEntry}. */
  readonly bytes: number;
}

/** What an entry is made of. */
export type EntryParts = Omit<CacheEntry, 'v' | 'bytes'>;

/** Marks entries made here, which are known to be sound. */
const SOUND = Symbol('sound');

/** Makes an entry out of an answer that was read and found complete. */
export function makeEntry(parts: EntryParts): CacheEntry {
  const entry: CacheEntry & { readonly [SOUND]: true } = {
    ...parts,
    v: 1,
    bytes: sizeOfEntry(parts),
    [SOUND]: true,
  };
  return entry;
}

/** What an entry and its small objects take beside their words, in bytes: measured, and rounded up. */
const ENTRY_OVERHEAD = 1_000;
const EVENT_OVERHEAD = 96;

/** What an entry takes in memory, in bytes: its words, and an allowance for each object. */
export function sizeOfEntry({ key, text, events, headers, tags }: EntryParts): number {
  let bytes = ENTRY_OVERHEAD + sizeOfText(key) + sizeOfText(text ?? '');
  for (const [name, data] of events ?? []) {
    bytes += EVENT_OVERHEAD + sizeOfText(name ?? '') + sizeOfText(data);
  }
  for (const [name, value] of headers) bytes += sizeOfText(name) + sizeOfText(value);
  for (const [tag, version] of Object.entries(tags ?? {})) {
    bytes += sizeOfText(tag) + sizeOfText(version);
  }
  return bytes;
}

/** V8 keeps a string in one byte a character, or, once one of them is beyond Latin-1, in two. */
function sizeOfText(text: string): number {
  return /[^\0-\xff]/.test(text) ? text.length * 2 : text.length;
}

/** An entry as text, for a store outside this process. */
export function encodeEntry(entry: CacheEntry): string {
  return JSON.stringify(entry);
}

/**
 * The entry that a store gave for `key`: one of ours as it is; text or a foreign object only where every
 * member is what it should be and the answer in it is complete. `undefined` for anything else; never
 * throws.
 */
export function decodeEntry(value: unknown, key: string): CacheEntry | undefined {
  if (isSound(value)) return value.key === key ? value : undefined;
  try {
    const given: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    if (!isObject(given) || given.v !== 1 || given.key !== key || !hasShape(given))
      return undefined;
    const entry = makeEntry(copyOf(given));
    const isIntact = given.bytes === entry.bytes && readEntry(entry).complete;
    return isIntact ? entry : undefined;
  } catch {
    // A getter that throws, data that is not JSON: not an entry.
    return undefined;
  }
}

function isSound(value: unknown): value is CacheEntry {
  return typeof value === 'object' && value !== null && SOUND in value;
}

/** Reads an entry's answer. Throws where its data is not JSON. */
export function readEntry(
  { dialect, text, events }: CacheEntry,
  reader: DialectReader = createReader(dialect),
): DialectReader {
  if (text !== undefined) reader.readBody(JSON.parse(text));
  for (const [name, data] of events ?? []) {
    if (isDone(data)) reader.readDone();
    else reader.readEvent(name, JSON.parse(data));
  }
  return reader;
}

/** Whether an event is the sentinel of the OpenAI chat and completions streams, which is not JSON. */
export function isDone(data: string): boolean {
  return data.startsWith('[DONE]');
}

/**
 * The headers a stored answer keeps: what a caller needs to read it, and the ids under which the provider
 * knows it. Nothing else, because everything else is about one exchange or one account: cookies and
 * organisation and project ids must not reach another caller; `openai-processing-ms`, `retry-after` and
 * the rate limits would be untrue of a hit; lengths and encodings are those of other bytes.
 */
const KEPT = ['content-type', 'x-request-id', 'request-id', 'openai-version'] as const;
const KEPT_NAMES: ReadonlySet<unknown> = new Set(KEPT);

/** The headers of a response that are stored with it. */
export function keptHeaders(headers: Headers): CacheEntry['headers'] {
  const kept: (readonly [string, string])[] = [];
  for (const name of KEPT) {
    const value = headers.get(name);
    if (value !== null) kept.push([name, value]);
  }
  return kept;
}

const DIALECTS: Readonly<Record<DialectName, true>> = {
  'openai-chat': true,
  'openai-responses': true,
  'anthropic-messages': true,
  'openai-completions': true,
  'openai-embeddings': true,
};

type Check<Value> = (value: unknown) => value is Value;

/** A check of each member; `bytes` and `key` are compared with what they should be. */
const SHAPE: { readonly [Name in keyof EntryParts]-?: Check<EntryParts[Name]> } = {
  key: isText,
  dialect: (value): value is DialectName => isText(value) && Object.hasOwn(DIALECTS, value),
  form: (value) => value === 'body' || value === 'events',
  text: (value) => value === undefined || isText(value),
  events: (value): value is CacheEntry['events'] => value === undefined || isListOf(value, isEvent),
  usageAsked: (value) => typeof value === 'boolean',
  status: (value): value is number =>
    isAmount(value) && Number.isInteger(value) && value >= 200 && value < 300,
  headers: (value): value is CacheEntry['headers'] => isListOf(value, isHeader),
  storedAt: isAmount,
  ttlMs: isAmount,
  producer: (value): value is CacheEntry['producer'] =>
    isObject(value) &&
    isText(value.target) &&
    isText(value.provider) &&
    isMaybe(value.model, isText),
  tags: (value): value is CacheEntry['tags'] =>
    value === undefined || (isObject(value) && Object.values(value).every(isText)),
  saved: (value): value is CacheEntry['saved'] =>
    isObject(value) &&
    isMaybe(value.inputTokens, isAmount) &&
    isMaybe(value.outputTokens, isAmount) &&
    isMaybe(value.cost, isAmount),
};

function hasShape(given: JsonObject): given is JsonObject & EntryParts {
  if (!Object.entries(SHAPE).every(([name, check]) => check(given[name]))) return false;
  const isBody = given.form === 'body';
  return (given.text !== undefined) === isBody && (given.events === undefined) === isBody;
}

/** The members that were checked, and no others, in objects of our own. */
function copyOf({ text, events, tags, producer, saved, ...given }: EntryParts): EntryParts {
  const { target, provider, model } = producer;
  const { inputTokens, outputTokens, cost } = saved;
  return {
    key: given.key,
    dialect: given.dialect,
    form: given.form,
    ...(text !== undefined && { text }),
    ...(events && { events: events.map(([name, data]): StoredEvent => [name, data]) }),
    usageAsked: given.usageAsked,
    status: given.status,
    headers: given.headers.map(([name, value]) => [name, value] as const),
    storedAt: given.storedAt,
    ttlMs: given.ttlMs,
    producer: { target, provider, ...(model !== undefined && { model }) },
    ...(tags && { tags: Object.fromEntries(Object.entries(tags)) }),
    saved: {
      ...(inputTokens !== undefined && { inputTokens }),
      ...(outputTokens !== undefined && { outputTokens }),
      ...(cost !== undefined && { cost }),
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isMaybe<Value>(value: unknown, check: Check<Value>): value is Value | undefined {
  return value === undefined || check(value);
}

function isListOf<Item>(value: unknown, check: Check<Item>): value is readonly Item[] {
  return Array.isArray(value) && value.every(check);
}

/** A line break in a name, or a lone carriage return in data, would begin an event of somebody else's. */
function isEvent(value: unknown): value is StoredEvent {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, data]: readonly unknown[] = value;
  const isName = name === null || (isText(name) && !/[\r\n]/.test(name));
  return isName && isText(data) && !data.includes('\r');
}

function isHeader(value: unknown): value is readonly [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, text]: readonly unknown[] = value;
  return KEPT_NAMES.has(name) && isText(text) && /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
