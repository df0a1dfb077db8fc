import type { Failure } from '../../pipeline/settlement.js';
import type { DialectName } from '../dialect.js';
import type { JsonObject } from '../json.js';

/** Anthropic's types of errors by status. */
const MESSAGES_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [422, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

/** OpenAI's. */
const OPENAI_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'invalid_request_error'],
  [413, 'invalid_request_error'],
  [422, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [529, 'overloaded_error'],
]);

/** A provider's error as the body that another dialect has for it. */
export function errorBody(
  dialect: DialectName,
  { status, code, type, message }: Failure,
): JsonObject {
  if (dialect === 'anthropic-messages') {
    const known = type !== undefined && [...MESSAGES_TYPES.values(), 'api_error'].includes(type);
    const word = known ? type : (MESSAGES_TYPES.get(status ?? 0) ?? 'api_error');
    return { type: 'error', error: { type: word, message } };
  }
  const word = type ?? OPENAI_TYPES.get(status ?? 0) ?? 'server_error';
  return { error: { message, type: word, code: code ?? null, param: null } };
}
