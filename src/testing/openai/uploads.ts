import { type Answer, jsonAnswer } from '../answer.js';
import { listOf, textOf } from '../json.js';
import { itemsOf, type RouteContext } from '../route.js';
import { FIXED_CREATED } from '../state.js';
import { formPart, keepFile, missingFile } from './files.js';

const withUpload = itemsOf('uploads', 'openai');

/** `POST /uploads`. */
export function createUpload({ body, state }: RouteContext): Answer {
  const id = state.nextId('upload_');
  const value = {
    id,
    object: 'upload',
    bytes: body.bytes ?? 0,
    created_at: FIXED_CREATED,
    expires_at: FIXED_CREATED + 3600,
    filename: body.filename ?? 'file',
    purpose: body.purpose ?? 'assistants',
    status: 'pending',
    file: null,
  };
  state.collection('uploads').set(id, { value, reads: 0 });
  return jsonAnswer('openai', value);
}

/** `POST /uploads/{id}/parts`, multipart. */
export function addUploadPart(context: RouteContext): Answer {
  const data = formPart(context.request, 'data');
  if (data === undefined) return missingFile();
  return withUpload(context, () => {
    const id = context.state.nextId('part_');
    const value = { id, object: 'upload.part', created_at: FIXED_CREATED, upload_id: context.id };
    context.state.collection('parts').set(id, { value, reads: 0, bytes: data.bytes });
    return jsonAnswer('openai', value);
  });
}

/** `POST /uploads/{id}/complete`: joins the parts, in the order given, into a file. */
export function completeUpload(context: RouteContext): Answer {
  return withUpload(context, (item, uploads) => {
    const parts = context.state.collection('parts');
    const ids = listOf(context.body.part_ids).map((id) => textOf(id));
    const bytes = Buffer.concat(ids.map((id) => parts.get(id)?.bytes ?? Buffer.alloc(0)));
    const { filename, purpose } = item.value;
    const input = { filename: textOf(filename), purpose: textOf(purpose), bytes };
    const value = { ...item.value, status: 'completed', file: keepFile(context.state, input) };
    uploads.set(context.id, { ...item, value });
    return jsonAnswer('openai', value);
  });
}

/** `POST /uploads/{id}/cancel`. */
export function cancelUpload(context: RouteContext): Answer {
  return withUpload(context, (item, uploads) => {
    const value = { ...item.value, status: 'cancelled' };
    uploads.set(context.id, { ...item, value });
    return jsonAnswer('openai', value);
  });
}
