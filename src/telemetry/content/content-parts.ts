import type { ContentPart } from './captured-content.js';
import { toolCallPart } from './output-messages.js';

type Json = Readonly<Record<string, unknown>>;

/** Whether something is a JSON object. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textPart(content: string): ContentPart {
  return { type: 'text', content };
}

/** A message's content, in any provider's spelling, as parts of the conventions. Unknown parts keep only their type. */
export function contentParts(content: unknown): readonly ContentPart[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part): ContentPart[] => {
    if (typeof part === 'string') return [textPart(part)];
    return isRecord(part) ? [onePart(part)] : [];
  });
}

function onePart(part: Json): ContentPart {
  const type = typeof part.type === 'string' ? part.type : 'unknown';
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal':
      return textPart(text(part.text ?? part.refusal));
    case 'thinking':
      return { type: 'reasoning', content: text(part.thinking) };
    case 'reasoning':
      return { type: 'reasoning', content: summaryOf(part) };
    case 'tool_use':
      return toolCallPart(part.id, part.name, part.input);
    case 'tool_result':
      return {
        type: 'tool_call_response',
        id: text(part.tool_use_id),
        response: part.content ?? null,
      };
    case 'image':
    case 'document':
      return anthropicSource(type, part);
    case 'image_url':
    case 'input_image':
      return fromUrl('image', part.file_id, urlOf(part.image_url));
    case 'input_audio':
      return audio(part.input_audio);
    case 'file':
    case 'input_file':
      return file(isRecord(part.file) ? part.file : part);
    default:
      return { type };
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function urlOf(value: unknown): unknown {
  return isRecord(value) ? value.url : value;
}

function summaryOf({ summary, content }: Json): string {
  const pieces = Array.isArray(summary) && summary.length > 0 ? summary : content;
  return Array.isArray(pieces)
    ? pieces.map((piece) => (isRecord(piece) ? text(piece.text) : '')).join('')
    : '';
}

/** A file, a place, or the bytes in a data URL. */
function fromUrl(modality: string, fileId: unknown, url: unknown): ContentPart {
  if (typeof fileId === 'string') return { type: 'file', modality, file_id: fileId };
  if (typeof url !== 'string') return { type: modality };
  const data = /^data:([^;,]*)[^,]*,(.*)$/s.exec(url);
  if (data === null) return { type: 'uri', modality, uri: url };
  return { type: 'blob', modality, mime_type: data[1] || null, content: data[2] ?? '' };
}

function audio(value: unknown): ContentPart {
  if (!isRecord(value)) return { type: 'audio' };
  const mimeType = typeof value.format === 'string' ? `audio/${value.format}` : null;
  return { type: 'blob', modality: 'audio', mime_type: mimeType, content: text(value.data) };
}

function file(value: Json): ContentPart {
  return fromUrl('document', value.file_id, value.file_data ?? value.file_url);
}

function anthropicSource(type: string, { source }: Json): ContentPart {
  if (!isRecord(source)) return { type };
  const { type: kind, media_type: mediaType, data, url, file_id: fileId } = source;
  if (kind !== 'base64') {
    return kind === 'text' ? textPart(text(data)) : fromUrl(type, fileId, url);
  }
  const mimeType = typeof mediaType === 'string' ? mediaType : null;
  return { type: 'blob', modality: type, mime_type: mimeType, content: text(data) };
}
