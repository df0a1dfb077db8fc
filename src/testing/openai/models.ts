import { type Answer, errorAnswer, jsonAnswer } from '../answer.js';
import type { JsonObject } from '../json.js';
import type { RouteContext } from '../route.js';
import { FIXED_CREATED } from '../state.js';

const models = ['gpt-5', 'gpt-5-mini', 'gpt-4o-mini', 'text-embedding-3-small'];

/** `GET /models`. */
export function listModels(): Answer {
  return jsonAnswer('openai', { object: 'list', data: models.map(modelObject) });
}

/** `GET /models/{id}`; ids that start with `missing` are not there. */
export function retrieveModel({ id }: RouteContext): Answer {
  if (!id.startsWith('missing')) return jsonAnswer('openai', modelObject(id));
  const message = `The model '${id}' does not exist`;
  return errorAnswer('openai', 404, { message, param: 'model', code: 'model_not_found' });
}

/** `DELETE /models/{id}`. */
export function deleteModel({ id }: RouteContext): Answer {
  return jsonAnswer('openai', { id, object: 'model', deleted: true });
}

function modelObject(id: string): JsonObject {
  return { id, object: 'model', created: FIXED_CREATED, owned_by: 'fake' };
}
