import type { JsonObject } from './json.js';
import type { FakeErrorBody } from './reply.js';

/** Whose error shapes and headers an answer has. */
export type Dialect = 'openai' | 'responses' | 'anthropic';

/** One server-sent event before it is written out. */
export interface SseEvent {
  /** Value of the `event:` line; without it there is none. */
  readonly event?: string | undefined;
  readonly data: string;
  /** Set on the events that close a stream; `marker` on the very last one. */
  readonly terminal?: 'closing' | 'marker' | undefined;
}

/** What is answered, before faults and before it becomes bytes. */
export interface Answer {
  readonly dialect: Dialect;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | readonly SseEvent[];
}

const reasonTypes: Readonly<Record<number, readonly [openai: string, anthropic: string]>> = {
  400: ['invalid_request_error', 'invalid_request_error'],
  401: ['invalid_request_error', 'authentication_error'],
  403: ['invalid_request_error', 'permission_error'],
  404: ['invalid_request_error', 'not_found_error'],
  413: ['invalid_request_error', 'request_too_large'],
  429: ['requests', 'rate_limit_error'],
  503: ['service_unavailable_error', 'api_error'],
  529: ['server_error', 'overloaded_error'],
};

/** Answers a JSON body. */
export function jsonAnswer(dialect: Dialect, value: unknown, status = 200): Answer {
  return {
    dialect,
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Answers bytes of any type. */
export function bytesAnswer(
  dialect: Dialect,
  contentType: string,
  body: string | Uint8Array,
): Answer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { dialect, status: 200, headers: { 'content-type': contentType }, body: bytes };
}

/** Answers a stream of server-sent events. */
export function sseAnswer(dialect: Dialect, events: readonly SseEvent[]): Answer {
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  };
  return { dialect, status: 200, headers, body: events };
}

/** Answers an error in the dialect's own shape. */
export function errorAnswer(dialect: Dialect, status: number, parts: FakeErrorBody = {}): Answer {
  return jsonAnswer(dialect, errorBody(dialect, status, parts), status);
}

/** The body of an error answer. */
export function errorBody(dialect: Dialect, status: number, parts: FakeErrorBody = {}): JsonObject {
  const error = errorObject(dialect, status, parts);
  return dialect === 'anthropic' ? { type: 'error', error } : { error };
}

/** The inner error object, as it also stands in a stream. */
export function errorObject(dialect: Dialect, status: number, parts: FakeErrorBody): JsonObject {
  const [openaiType, anthropicType] = reasonTypes[status] ?? ['server_error', 'api_error'];
  const message = parts.message ?? `The fake provider answers ${status}.`;
  if (dialect === 'anthropic') return { type: parts.type ?? anthropicType, message };
  return {
    message,
    type: parts.type ?? openaiType,
    param: parts.param ?? null,
    code: parts.code ?? null,
  };
}

/** Replaces, adds or (with `null`) removes headers of an answer. */
export function withHeaders(
  answer: Answer,
  changes: Readonly<Record<string, string | null>>,
): Answer {
  const headers: Record<string, string> = { ...answer.headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
  return { ...answer, headers };
}

/** Says whether the body of an answer is a stream of events. */
export function isStream(body: Answer['body']): body is readonly SseEvent[] {
  return Array.isArray(body);
}
