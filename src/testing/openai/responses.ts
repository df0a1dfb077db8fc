import { type Answer, errorAnswer, jsonAnswer, sseAnswer } from '../answer.js';
import { type JsonObject, objectOf, parseJson } from '../json.js';
import { estimateTokens, promptText } from '../model/prompt.js';
import { takeTurn } from '../model/turn.js';
import { paginate } from '../paginate.js';
import { itemsOf, type RouteContext, readItem } from '../route.js';
import type { ProviderState } from '../state.js';
import { closeResponse, openResponse, outputItems } from './response-object.js';
import { responseEvents } from './response-stream.js';

const withResponse = itemsOf('responses', 'responses');

/** `POST /responses`: JSON, stream, or background. */
export function createResponse({ body, reply, state }: RouteContext): Answer {
  if (typeof body.model !== 'string' && body.prompt === undefined) {
    return errorAnswer('responses', 400, {
      message: "Missing required parameter: 'model'.",
      param: 'model',
    });
  }
  const turn = takeTurn({ body, reply, state }, { callPrefix: 'call_', schema: textSchema(body) });
  const opened = openResponse(state.nextId('resp_'), turn, body);
  const closed = closeResponse(opened, turn, outputItems(turn, state));
  const isBackground = body.background === true;
  const events = responseEvents({
    opened,
    closed,
    chunkSize: reply.pacing?.chunkSize,
    isBackground,
  });
  const value = isBackground ? { ...opened, status: 'queued' } : closed;
  if (body.store !== false) {
    const input = inputItems(body.input, state);
    const kept = { value, finished: closed, reads: 0, polls: reply.polls, events, input };
    state.collection('responses').set(opened.id, kept);
  }
  return body.stream === true ? sseAnswer('responses', events) : jsonAnswer('responses', value);
}

/** `GET /responses/{id}`, as JSON or (`?stream=true`) from `starting_after` on as a stream. */
export function retrieveResponse(context: RouteContext): Answer {
  const { query } = context.request;
  return withResponse(context, (item, items) => {
    if (query.get('stream') !== 'true') {
      const value = readItem(items, context.id, item);
      return jsonAnswer(
        'responses',
        value.status === 'queued' ? { ...value, status: 'in_progress' } : value,
      );
    }
    const after = Number(query.get('starting_after') ?? -1);
    const events = item.events ?? [];
    return sseAnswer(
      'responses',
      events.filter((event) => sequenceOf(event.data) > after),
    );
  });
}

/** `POST /responses/{id}/cancel`. Only background work can be cancelled. */
export function cancelResponse(context: RouteContext): Answer {
  return withResponse(context, (item, items) => {
    if (item.value.background !== true) {
      const message = 'Cannot cancel a synchronous response.';
      return errorAnswer('responses', 400, { message });
    }
    const value = { ...item.value, status: 'cancelled' };
    items.set(context.id, { ...item, value, finished: undefined });
    return jsonAnswer('responses', value);
  });
}

/** `DELETE /responses/{id}`. */
export function deleteResponse(context: RouteContext): Answer {
  return withResponse(context, (_, items) => {
    items.delete(context.id);
    return jsonAnswer('responses', { id: context.id, object: 'response', deleted: true });
  });
}

/** `GET /responses/{id}/input_items`, newest first unless asked otherwise. */
export function listInputItems(context: RouteContext): Answer {
  return withResponse(context, (item) => {
    return jsonAnswer('responses', paginate(item.input ?? [], context.request.query, 'desc'));
  });
}

/** `POST /responses/input_tokens`. */
export function countInputTokens({ body, reply }: RouteContext): Answer {
  const input_tokens = reply.usage?.inputTokens ?? estimateTokens(promptText(body));
  return jsonAnswer('responses', { object: 'response.input_tokens', input_tokens });
}

function textSchema(body: JsonObject): unknown {
  const format = objectOf(objectOf(body.text).format);
  return format.type === 'json_schema' ? format.schema : undefined;
}

function inputItems(input: unknown, state: ProviderState): readonly JsonObject[] {
  const items = Array.isArray(input) ? input : [{ role: 'user', content: input ?? '' }];
  return items.map((value) => {
    const item = objectOf(value);
    const content =
      typeof item.content === 'string'
        ? [{ type: 'input_text', text: item.content }]
        : item.content;
    const parts = content === undefined ? {} : { content };
    return { id: state.nextId('item_'), type: 'message', status: 'completed', ...item, ...parts };
  });
}

function sequenceOf(data: string): number {
  return Number(objectOf(parseJson(data)).sequence_number ?? 0);
}
