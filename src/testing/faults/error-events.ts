import { type Dialect, errorBody, errorObject, type SseEvent } from '../answer.js';
import { objectOf, parseJson } from '../json.js';
import { dataEvent, typedEvent } from '../sse.js';
import type { ErrorEventFault } from './fault.js';

/** The events with which a dialect reports a failure inside a stream that has begun. */
export function errorEvents(
  dialect: Dialect,
  before: readonly SseEvent[],
  { type, message }: ErrorEventFault,
): readonly SseEvent[] {
  if (dialect === 'anthropic') {
    const parts = { type: type ?? 'overloaded_error', message: message ?? 'Overloaded' };
    return [typedEvent({ type: 'error', ...errorBody(dialect, 529, parts) })];
  }
  const parts = {
    type: type ?? 'server_error',
    message: message ?? 'The server had an error while processing your request.',
  };
  if (dialect === 'openai') return [dataEvent(errorBody(dialect, 500, parts))];
  return responsesEvents(before, parts);
}

/** Real Responses streams nest the error (documented: flat) and send `response.failed` after it. */
function responsesEvents(
  before: readonly SseEvent[],
  parts: { readonly type: string; readonly message: string },
): readonly SseEvent[] {
  const error = { ...errorObject('responses', 500, parts), code: parts.type };
  const started = objectOf(objectOf(parseJson(before[0]?.data ?? '')).response);
  const failed = {
    ...started,
    status: 'failed',
    error: { code: parts.type, message: parts.message },
  };
  return [
    typedEvent({ type: 'error', sequence_number: before.length, error }),
    typedEvent({
      type: 'response.failed',
      response: failed,
      sequence_number: before.length + 1,
    }),
  ];
}
