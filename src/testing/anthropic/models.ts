import { type Answer, errorAnswer, jsonAnswer } from '../answer.js';
import type { JsonObject } from '../json.js';
import { paginate } from '../paginate.js';
import type { RouteContext } from '../route.js';
import { FIXED_CREATED_AT } from '../state.js';

const models = ['claude-opus-4-8', 'claude-sonnet-4-6', 'claude-haiku-4-5'];

/** `GET /v1/models` with Anthropic's version header. */
export function listModels({ request }: RouteContext): Answer {
  const { object: _, ...page } = paginate(models.map(modelObject), request.query);
  return jsonAnswer('anthropic', page);
}

/** `GET /v1/models/{id}`; ids that start with `missing` are not there. */
export function retrieveModel({ id }: RouteContext): Answer {
  if (id.startsWith('missing')) return errorAnswer('anthropic', 404, { message: `model: ${id}` });
  return jsonAnswer('anthropic', modelObject(id));
}

function modelObject(id: string): JsonObject {
  return { type: 'model', id, display_name: `Fake ${id}`, created_at: FIXED_CREATED_AT };
}
