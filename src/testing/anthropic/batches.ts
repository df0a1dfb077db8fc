import { type Answer, bytesAnswer, errorAnswer, jsonAnswer } from '../answer.js';
import { type JsonObject, listOf, objectOf } from '../json.js';
import { paginate } from '../paginate.js';
import { itemsOf, type RouteContext, readItem } from '../route.js';
import { FIXED_CREATED_AT } from '../state.js';
import { composeMessage } from './messages.js';

const withBatch = itemsOf('message-batches', 'anthropic');

/** `POST /v1/messages/batches`. It has ended once it has been retrieved more often than the reply's `polls`. */
export function createBatch(context: RouteContext): Answer {
  const { body, reply, request, state } = context;
  const requests = listOf(body.requests).map(objectOf);
  const lines = requests.map((one) => JSON.stringify(resultOf(one, context)));
  const id = state.nextId('msgbatch_');
  const value = {
    id,
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: counts({ processing: requests.length }),
    created_at: FIXED_CREATED_AT,
    expires_at: '2025-06-16T15:06:40Z',
    ended_at: null,
    cancel_initiated_at: null,
    archived_at: null,
    results_url: null,
  };
  const finished = {
    ...value,
    processing_status: 'ended',
    request_counts: counts({ succeeded: requests.length }),
    ended_at: FIXED_CREATED_AT,
    results_url: `http://${request.headers.host ?? 'fake'}/v1/messages/batches/${id}/results`,
  };
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  state
    .collection('message-batches')
    .set(id, { value, finished, bytes, reads: 0, polls: reply.polls });
  return jsonAnswer('anthropic', value);
}

/** `GET /v1/messages/batches/{id}`. */
export function retrieveBatch(context: RouteContext): Answer {
  return withBatch(context, (item, batches) => {
    return jsonAnswer('anthropic', readItem(batches, context.id, item));
  });
}

/** `GET /v1/messages/batches`. */
export function listBatches({ request, state }: RouteContext): Answer {
  const batches = [...state.collection('message-batches').values()].map(({ value }) => value);
  const { object: _, ...page } = paginate(batches, request.query);
  return jsonAnswer('anthropic', page);
}

/** `GET /v1/messages/batches/{id}/results`, one JSON document a line. */
export function batchResults(context: RouteContext): Answer {
  return withBatch(context, ({ value, bytes }) => {
    if (value.processing_status !== 'ended') {
      return errorAnswer('anthropic', 404, { message: 'The batch has not ended yet.' });
    }
    return bytesAnswer('anthropic', 'application/x-jsonl', bytes ?? '');
  });
}

/** `POST /v1/messages/batches/{id}/cancel`. */
export function cancelBatch(context: RouteContext): Answer {
  return withBatch(context, (item, batches) => {
    const value = {
      ...item.value,
      processing_status: 'canceling',
      cancel_initiated_at: FIXED_CREATED_AT,
    };
    batches.set(context.id, { ...item, value });
    return jsonAnswer('anthropic', value);
  });
}

/** `DELETE /v1/messages/batches/{id}`. */
export function deleteBatch(context: RouteContext): Answer {
  return withBatch(context, (_, batches) => {
    batches.delete(context.id);
    return jsonAnswer('anthropic', { id: context.id, type: 'message_batch_deleted' });
  });
}

function resultOf(one: JsonObject, context: RouteContext): JsonObject {
  const { message } = composeMessage({ ...context, body: objectOf(one.params) });
  return { custom_id: one.custom_id, result: { type: 'succeeded', message } };
}

function counts(changes: JsonObject): JsonObject {
  return { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0, ...changes };
}
