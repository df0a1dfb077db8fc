import type { Failure, FailureKind } from '../pipeline/settlement.js';
import { isObject, type JsonObject, list, text } from './json.js';

const MAX_MESSAGE_LENGTH = 300;

/** The status that an error's own word stands for, where an error comes without a status. */
const STATUS_OF_WORD: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_request', 400],
  ['context_length_exceeded', 400],
  ['tool_use_failed', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['model_not_found', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['tokens', 429],
  ['requests', 429],
  ['api_error', 500],
  ['server_error', 500],
  ['internal_error', 500],
  ['internal_server_error', 500],
  ['service_unavailable', 503],
  ['timeout_error', 504],
  ['overloaded_error', 529],
  ['overloaded', 529],
]);

/**
 * Reads the body of a 4xx or 5xx response, in any of the shapes providers use:
 * `{error: {…}}`, `{error: '…'}`, `{message, code}`, `{detail}`, `{errors: […]}`, plain text or HTML.
 */
export function failureFromErrorBody(status: number | undefined, body: unknown): Failure {
  return describe('status', status, errorObject(body) ?? body);
}

/** Reads an error that stands in a 200 response or in a stream; its status is its own or guessed from its words. */
export function upstreamFailure(body: unknown): Failure {
  const error = errorObject(body) ?? body;
  return describe('upstream_error', statusOf(error, body), error);
}

/**
 * Whether a body or an event is an error in the answer's place. `error: null` and `error: {}` are not.
 */
export function hasError(body: JsonObject): boolean {
  const { error } = body;
  if (typeof error === 'string') return error !== '';
  return isObject(error) && Object.keys(error).length > 0;
}

function errorObject(given: unknown): unknown {
  // Google puts the one error into a list.
  const body: unknown = Array.isArray(given) ? given[0] : given;
  if (!isObject(body)) return undefined;
  if (hasError(body)) return body.error;
  const [first] = Array.isArray(body.errors) ? body.errors : [];
  return first;
}

function describe(kind: FailureKind, status: number | undefined, error: unknown): Failure {
  const fields = isObject(error) ? error : {};
  const { code } = fields;
  const inner = innerError(fields);
  const number = typeof code === 'number' && Number.isFinite(code) ? String(code) : undefined;
  return {
    kind,
    status,
    // A number is mostly the status again.
    code: bounded(text(code) ?? inner.code) ?? number,
    type: bounded(text(fields.type) ?? inner.type),
    ...retryDelayOf(fields.details),
    message: messageOf(error) ?? plainMessage(status),
  };
}

/** What an error says more exactly than by its own code and type. */
interface InnerError {
  readonly code?: string | undefined;
  readonly type?: string | undefined;
}

/** Azure's inner error, what OpenRouter tells of the provider it asked, Google's status and the quota that was met. */
function innerError({ innererror, metadata, status, details }: JsonObject): InnerError {
  if (isObject(innererror)) {
    const code = text(innererror.code);
    return { code, type: code };
  }
  if (isObject(metadata)) {
    const raw = rawError(metadata.raw);
    return { code: text(raw.code), type: text(metadata.error_type) ?? text(raw.type) };
  }
  const word = text(status);
  return { code: quotaOf(details), type: word && /^[A-Z_]+$/.test(word) ? word : undefined };
}

const MAX_RAW_LENGTH = 16_384;

/** The error of the provider behind OpenRouter: as it came, or as text. */
function rawError(raw: unknown): JsonObject {
  let body = raw;
  if (typeof raw === 'string' && raw.startsWith('{') && raw.length <= MAX_RAW_LENGTH) {
    try {
      body = JSON.parse(raw);
    } catch {
      return {};
    }
  }
  const error = errorObject(body) ?? body;
  return isObject(error) ? error : {};
}

const SECOND_MS = 1_000;

/** Google's `RetryInfo`: a duration in seconds (`34.07s`), as protobuf writes it. */
function retryDelayOf(details: unknown): { readonly retryAfterMs?: number } {
  for (const detail of list(details)) {
    const delay = isObject(detail) ? text(detail.retryDelay) : undefined;
    const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(delay ?? '')?.[1];
    if (seconds !== undefined) return { retryAfterMs: Math.ceil(Number(seconds) * SECOND_MS) };
  }
  return {};
}

/** The quota that was met; of several the one of the longest time. */
function quotaOf(details: unknown): string | undefined {
  const quotas = list(details).flatMap((detail) =>
    isObject(detail)
      ? list(detail.violations).flatMap(
          (violation) => (isObject(violation) && text(violation.quotaId)) || [],
        )
      : [],
  );
  return quotas.find((quota) => quota.includes('PerDay')) ?? quotas[0];
}

function messageOf(error: unknown): string | undefined {
  if (typeof error === 'string') return isMarkup(error) ? undefined : bounded(text(error.trim()));
  if (!isObject(error)) return undefined;
  return (
    bounded(text(error.message)) ??
    bounded(text(error.detail)) ??
    detailMessage(error.detail) ??
    bounded(text(error.msg)) ??
    bounded(text(error.error_description)) ??
    (isObject(error.message) ? messageOf(error.message) : undefined)
  );
}

/** FastAPI's list of validation errors. */
function detailMessage(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return isObject(detail) ? messageOf(detail) : undefined;
  const [first]: readonly unknown[] = detail;
  if (!isObject(first)) return undefined;
  const where = Array.isArray(first.loc) ? first.loc.filter(isScalar).join('.') : '';
  const what = text(first.msg) ?? '';
  return bounded(text(where === '' ? what : `${where}: ${what}`));
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function isMarkup(body: string): boolean {
  return body.trimStart().startsWith('<');
}

function plainMessage(status: number | undefined): string {
  return status === undefined
    ? 'The provider reported an error without a message.'
    : `The provider answered ${status} without a readable message.`;
}

function bounded(message: string | undefined): string | undefined {
  if (message === undefined || message.length <= MAX_MESSAGE_LENGTH) return message;
  return `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

/** The status inside an error object, else the one its code or type stands for. */
function statusOf(error: unknown, body: unknown): number | undefined {
  if (!isObject(error)) return undefined;
  const outer = isObject(body) ? body : {};
  return (
    asStatus(error.status_code) ??
    asStatus(error.status) ??
    asStatus(error.code) ??
    asStatus(outer.status_code) ??
    asStatus(outer.status) ??
    wordStatus(error.code) ??
    wordStatus(error.type)
  );
}

function asStatus(value: unknown): number | undefined {
  const status = typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : value;
  if (typeof status !== 'number' || !Number.isInteger(status)) return undefined;
  return status >= 400 && status <= 599 ? status : undefined;
}

function wordStatus(word: unknown): number | undefined {
  return typeof word === 'string' ? STATUS_OF_WORD.get(word) : undefined;
}
