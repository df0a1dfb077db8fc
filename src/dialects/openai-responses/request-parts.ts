import { isObject, type JsonObject, list, text } from '../json.js';
import type { CacheMarker, Part, Source } from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { sourceOf, string } from '../translation/values.js';

const MARKER: CacheMarker = { type: 'ephemeral' };

/** Reads the parts of a message or of a tool's output. */
export class PartReader {
  readonly #losses: Losses;

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  read(content: unknown): readonly Part[] {
    if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
    return list(content).flatMap((part) => (isObject(part) ? this.#part(part) : []));
  }

  #part(part: JsonObject): readonly Part[] {
    switch (part.type) {
      case 'input_text':
      case 'output_text':
      case 'text':
        if (list(part.annotations).length > 0) this.#losses.drop('citations');
        return [{ type: 'text', text: string(part.text) ?? '', ...cacheOf(part) }];
      case 'refusal':
        return [{ type: 'refusal', text: string(part.refusal) ?? '' }];
      case 'input_image':
        return this.#image(part);
      case 'input_file':
        return this.#file(part);
      case 'input_audio': {
        const { data, format } = isObject(part.input_audio) ? part.input_audio : {};
        return [{ type: 'audio', data: string(data) ?? '', format: string(format) ?? '' }];
      }
      default:
        this.#losses.refuse('content');
        return [];
    }
  }

  #image(part: JsonObject): readonly Part[] {
    const source = sourceIn(part.image_url);
    const detail = text(part.detail);
    if (source === undefined) return this.#withoutBytes(part);
    return [{ type: 'image', source, ...(detail && { detail }), ...cacheOf(part) }];
  }

  #file(part: JsonObject): readonly Part[] {
    const { file_data: data, file_url: url } = part;
    const name = text(part.filename);
    const source = sourceIn(url) ?? dataIn(data, name);
    if (source === undefined) return this.#withoutBytes(part);
    if (text(part.detail) !== undefined && part.detail !== 'auto') this.#losses.drop('file_detail');
    return [{ type: 'document', source, ...(name && { name }), ...cacheOf(part) }];
  }

  /** Only OpenAI has the file that an id stands for. */
  #withoutBytes({ file_id: id }: JsonObject): readonly Part[] {
    this.#losses.refuse(text(id) === undefined ? 'content' : 'file_id');
    return [];
  }
}

/** OpenAI's mark at the end of a prompt's reusable beginning, in Anthropic's words. */
function cacheOf({ prompt_cache_breakpoint: mark }: JsonObject): { readonly cache?: CacheMarker } {
  return isObject(mark) ? { cache: MARKER } : {};
}

function sourceIn(url: unknown): Source | undefined {
  return typeof url === 'string' && url !== '' ? sourceOf(url) : undefined;
}

/** A file's bytes: a `data:` URL, or base64 alone. */
function dataIn(data: unknown, name: string | undefined): Source | undefined {
  if (typeof data !== 'string' || data === '') return undefined;
  if (data.startsWith('data:')) return sourceOf(data);
  const mediaType = /\.txt$|\.md$/i.test(name ?? '') ? 'text/plain' : 'application/pdf';
  return { kind: 'base64', mediaType, data };
}
