import type { CanonicalEvent } from '../dialects/canonical-events.js';
import { createReader } from '../dialects/create-reader.js';
import { createWriter } from '../dialects/create-writer.js';
import type { DialectName } from '../dialects/dialect.js';
import { spell } from '../dialects/json.js';
import { isJson } from '../pipeline/content-type.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import { GatewayResponse, type ResponsePayload } from '../pipeline/gateway-response.js';
import type { ResponseFacts } from '../pipeline/settlement.js';
import { hideUsage } from '../routing/stream-usage.js';
import { type CacheEntry, isDone, readEntry, type StoredEvent } from './cache-entry.js';

/** How a stored answer is wanted. */
export interface ReplayWish {
  /** As server-sent events, whichever form it is stored in. */
  readonly stream: boolean;
  /** Whether the caller asked for usage in the stream (`stream_options.include_usage`). */
  readonly wantsUsage: boolean;
}

/** Events that are handed over at once: a long answer does not keep the event loop to itself. */
const BATCH = 256;

/**
 * The response that a stored answer amounts to, in the mode that is asked for. Everything in it is made
 * for this caller; headers can be set on it.
 *
 * @throws RangeError where the modes differ and a member is nested too deep for `JSON.stringify`
 */
export function replayEntry(
  entry: CacheEntry,
  { stream, wantsUsage }: ReplayWish,
): GatewayResponse {
  if (!stream || entry.dialect === 'openai-embeddings') return asBody(entry, textOf(entry));
  // Made from a body, a stream always says what was used.
  const isAsked = entry.usageAsked || entry.form === 'body';
  const hidesUsage = isAsked && !wantsUsage && asksForUsage(entry.dialect);
  return asEvents(entry, entry.events ?? streamOf(entry), hidesUsage);
}

/**
 * Whether a stored answer can be given in the mode that is asked for. A stream that came without usage
 * cannot, where the caller would have been told: as JSON, or because usage was asked for.
 */
export function canReplay(entry: CacheEntry, { stream, wantsUsage }: ReplayWish): boolean {
  if (entry.form === 'body' || !asksForUsage(entry.dialect)) return true;
  return stream ? !wantsUsage || entry.usageAsked || saysUsage(entry) : saysUsage(entry);
}

/** Whether any event of a stream brings a usage. It is among the last, and a quote in content is escaped. */
function saysUsage({ events }: CacheEntry): boolean {
  return events?.findLast(([, data]) => /"usage"\s*:\s*\{/.test(data)) !== undefined;
}

/** What a stored answer says. Reads it anew at each call. */
export function replayFacts(entry: CacheEntry): ResponseFacts {
  return readEntry(entry).facts();
}

/** The dialects whose streams say what was used only where they are asked to. */
function asksForUsage(dialect: DialectName): boolean {
  return dialect === 'openai-chat' || dialect === 'openai-completions';
}

/** The JSON text of an answer. */
function textOf(entry: CacheEntry): string {
  return entry.text ?? spell(createWriter(entry.dialect).json(canonicalEvents(entry)));
}

/** The events an answer would have been streamed as. */
function streamOf(entry: CacheEntry): readonly StoredEvent[] {
  const written = createWriter(entry.dialect).sse(canonicalEvents(entry));
  return Array.from(written, ({ event, data }) => [event, data] as const);
}

function canonicalEvents(entry: CacheEntry): readonly CanonicalEvent[] {
  const events: CanonicalEvent[] = [];
  readEntry(entry, createReader(entry.dialect, { onEvent: (event) => void events.push(event) }));
  return events;
}

function asBody(entry: CacheEntry, text: string): GatewayResponse {
  const headers = headersOf(entry, isJson, 'application/json');
  return new GatewayResponse({ status: entry.status, headers, payload: new ReplayedBody(text) });
}

function asEvents(
  entry: CacheEntry,
  stored: readonly StoredEvent[],
  hidesUsage: boolean,
): GatewayResponse {
  const headers = headersOf(entry, isEventStream, 'text/event-stream; charset=utf-8');
  const events = new ReplayedEvents(stored, hidesUsage);
  return new GatewayResponse({
    status: entry.status,
    headers,
    payload: { kind: 'events', events },
  });
}

/** The stored headers, in an object of their own, with a content type that is true of this mode. */
function headersOf(
  entry: CacheEntry,
  isTrue: (contentType: string) => boolean,
  contentType: string,
): GatewayHeaders {
  const flat: string[] = [];
  let isLabelled = false;
  for (const [name, value] of entry.headers) {
    if (name === 'content-type') {
      if (!isTrue(value.toLowerCase())) continue;
      isLabelled = true;
    }
    flat.push(name, value);
  }
  if (!isLabelled) flat.push('content-type', contentType);
  return new GatewayHeaders(flat);
}

function isEventStream(contentType: string): boolean {
  return /^\s*text\/event-stream/.test(contentType);
}

const encoder = new TextEncoder();

/** A body of which bytes and JSON are made when they are asked for, and once. */
class ReplayedBody implements Extract<ResponsePayload, { kind: 'bytes' }> {
  readonly kind = 'bytes' as const;
  readonly text: string;
  #bytes: Uint8Array | undefined;
  #json: unknown;

  constructor(text: string) {
    this.text = text;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= encoder.encode(this.text);
    return this.#bytes;
  }
  get json(): unknown {
    this.#json ??= JSON.parse(this.text);
    return this.#json;
  }
}

/** The events of a stored stream, anew for each reader. */
class ReplayedEvents implements EventSource {
  readonly #stored: readonly StoredEvent[];
  readonly #hidesUsage: boolean;
  #next = 0;

  constructor(stored: readonly StoredEvent[], hidesUsage: boolean) {
    this.#stored = stored;
    this.#hidesUsage = hidesUsage;
  }

  async pull(): Promise<readonly StreamEvent[] | null> {
    while (this.#next < this.#stored.length) {
      const batch: StreamEvent[] = [];
      for (const stored of this.#stored.slice(this.#next, this.#next + BATCH)) {
        const event = this.#hidesUsage ? withoutUsage(stored) : new ReplayedEvent(stored);
        if (event !== undefined) batch.push(event);
      }
      this.#next += BATCH;
      if (batch.length > 0) return batch;
    }
    return null;
  }

  cancel(): void {
    this.#next = this.#stored.length;
  }
}

/** An event that is parsed when someone asks for it, and once: who passes bytes on never does. */
export class ReplayedEvent implements StreamEvent {
  readonly event: string | null;
  readonly data: string;
  #json: unknown;

  constructor([event, data]: StoredEvent) {
    this.event = event;
    this.data = data;
  }

  get json(): unknown {
    if (this.#json === undefined && !isDone(this.data)) this.#json = JSON.parse(this.data);
    return this.#json;
  }
}

/** `usage: null` where OpenAI and most others put it: last in the event, but for padding. */
const NULL_USAGE = ',"usage":null';
/** One brace, so that what is before it is a member of the event itself. */
const END = /^(?:,"obfuscation":"[^"]*")?\}$/;

/** An event as {@link hideUsage} shows it; where its text tells, without parsing it and spelling it anew. */
function withoutUsage(stored: StoredEvent): StreamEvent | undefined {
  const [event, data] = stored;
  const at = data.lastIndexOf(NULL_USAGE);
  const end = data.slice(at + NULL_USAGE.length);
  return at > 0 && END.test(end)
    ? new ReplayedEvent([event, data.slice(0, at) + end])
    : hideUsage(new ReplayedEvent(stored));
}
