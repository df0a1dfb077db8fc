import { type Answer, jsonAnswer } from '../answer.js';
import { paginate } from '../paginate.js';
import { itemsOf, type RouteContext, readItem } from '../route.js';
import { FIXED_CREATED } from '../state.js';

const withBatch = itemsOf('batches', 'openai');

/** `POST /batches`. It is done once it has been retrieved more often than the reply's `polls`. */
export function createBatch({ body, reply, state }: RouteContext): Answer {
  const id = state.nextId('batch_');
  const value = {
    id,
    object: 'batch',
    endpoint: body.endpoint ?? '/v1/chat/completions',
    errors: null,
    input_file_id: body.input_file_id ?? null,
    completion_window: body.completion_window ?? '24h',
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: FIXED_CREATED,
    expires_at: FIXED_CREATED + 86_400,
    completed_at: null,
    cancelling_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: body.metadata ?? null,
  };
  const finished = { ...value, status: 'completed', completed_at: FIXED_CREATED + 60 };
  state.collection('batches').set(id, { value, finished, reads: 0, polls: reply.polls });
  return jsonAnswer('openai', value);
}

/** `GET /batches/{id}`. */
export function retrieveBatch(context: RouteContext): Answer {
  return withBatch(context, (item, batches) => {
    return jsonAnswer('openai', readItem(batches, context.id, item));
  });
}

/** `GET /batches`. */
export function listBatches({ request, state }: RouteContext): Answer {
  const batches = [...state.collection('batches').values()].map(({ value }) => value);
  return jsonAnswer('openai', paginate(batches, request.query));
}

/** `POST /batches/{id}/cancel`. */
export function cancelBatch(context: RouteContext): Answer {
  return withBatch(context, (item, batches) => {
    const value = { ...item.value, status: 'cancelling', cancelling_at: FIXED_CREATED + 1 };
    const finished = { ...value, status: 'cancelled' };
    batches.set(context.id, { ...item, value, finished });
    return jsonAnswer('openai', value);
  });
}
