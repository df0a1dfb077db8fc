import { type Answer, bytesAnswer, errorAnswer, jsonAnswer } from '../answer.js';
import type { JsonObject } from '../json.js';
import { paginate } from '../paginate.js';
import type { RecordedRequest } from '../recorded-request.js';
import { itemsOf, type RouteContext } from '../route.js';
import { FIXED_CREATED, type ProviderState } from '../state.js';
import type { FormPart } from '../wire/multipart.js';

const withFile = itemsOf('files', 'openai');

/** `POST /files`, a multipart upload. */
export function createFile({ request, state }: RouteContext): Answer {
  const file = formPart(request, 'file');
  if (file === undefined) return missingFile();
  const purpose = formPart(request, 'purpose')?.text ?? 'assistants';
  return jsonAnswer(
    'openai',
    keepFile(state, { filename: file.filename ?? 'file', purpose, bytes: file.bytes }),
  );
}

/** `GET /files`, oldest first here unless `order=desc`. */
export function listFiles({ request, state }: RouteContext): Answer {
  const files = [...state.collection('files').values()].map(({ value }) => value);
  const purpose = request.query.get('purpose');
  const kept = purpose === null ? files : files.filter((file) => file.purpose === purpose);
  return jsonAnswer('openai', paginate(kept, request.query));
}

/** `GET /files/{id}`. */
export function retrieveFile(context: RouteContext): Answer {
  return withFile(context, ({ value }) => jsonAnswer('openai', value));
}

/** `GET /files/{id}/content`: the bytes as they were uploaded. */
export function fileContent(context: RouteContext): Answer {
  return withFile(context, ({ bytes }) => {
    return bytesAnswer('openai', 'application/octet-stream', bytes ?? '');
  });
}

/** `DELETE /files/{id}`. */
export function deleteFile(context: RouteContext): Answer {
  return withFile(context, (_, files) => {
    files.delete(context.id);
    return jsonAnswer('openai', { id: context.id, object: 'file', deleted: true });
  });
}

/** What a file is made from. */
export interface FileInput {
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: Uint8Array;
}

/** Keeps a file and gives its object. */
export function keepFile(
  state: ProviderState,
  { filename, purpose, bytes }: FileInput,
): JsonObject {
  const id = state.nextId('file-');
  const value = {
    id,
    object: 'file',
    bytes: bytes.length,
    created_at: FIXED_CREATED,
    expires_at: null,
    filename,
    purpose,
    status: 'processed',
    status_details: null,
  };
  state.collection('files').set(id, { value, reads: 0, bytes });
  return value;
}

/** The part of a form with this name. */
export function formPart({ form }: RecordedRequest, name: string): FormPart | undefined {
  return form.find((part) => part.name === name);
}

/** The answer to an upload without its file. */
export function missingFile(): Answer {
  return errorAnswer('openai', 400, { message: "'file' is a required property", param: 'file' });
}
