import type {
  CacheControlEphemeral,
  ContentBlockParam,
  DocumentBlockParam,
  ImageBlockParam,
  TextBlockParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { isObject } from '../json.js';
import type {
  CacheMarker,
  DocumentPart,
  ImagePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';

/** A part of a system text, a user's turn or an assistant's. */
type Role = 'system' | 'user' | 'assistant';

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

/** Writes the parts of turns as content blocks. Ids stand as they are: see `request-turns.ts`. */
export class BlockWriter {
  readonly #losses: Losses;

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  /** A turn's parts. */
  blocks(parts: readonly Part[], role: 'user' | 'assistant'): readonly ContentBlockParam[] {
    return parts.flatMap((part) => this.#block(part, role));
  }

  /** A system turn's parts: text only. */
  texts(parts: readonly Part[]): readonly TextBlockParam[] {
    return parts.flatMap((part) => {
      if (part.type === 'text') return writeText(part);
      this.#refuse(part, 'system');
      return [];
    });
  }

  #block(part: Part, role: Role): readonly ContentBlockParam[] {
    const isUser = role === 'user';
    switch (part.type) {
      case 'text':
        return writeText(part);
      case 'refusal':
        this.#losses.change('refusal');
        return writeText({ type: 'text', text: part.text });
      case 'image':
        return isUser ? this.#image(part) : this.#refuse(part, role);
      case 'document':
        return isUser ? this.#document(part) : this.#refuse(part, role);
      case 'reasoning':
        return isUser ? [] : this.#reasoning(part);
      case 'tool-call':
        return isUser ? this.#refuse(part, role) : [this.#call(part)];
      case 'tool-result':
        return isUser ? [this.#result(part)] : this.#refuse(part, role);
      default:
        return this.#refuse(part, role);
    }
  }

  /** Only what Claude signed itself is taken back. */
  #reasoning({ text, seal }: ReasoningPart): readonly ContentBlockParam[] {
    if (seal?.dialect === 'anthropic-messages') {
      const { signature, encrypted } = seal;
      if (signature !== undefined) return [{ type: 'thinking', thinking: text, signature }];
      if (encrypted !== undefined) return [{ type: 'redacted_thinking', data: encrypted }];
    }
    this.#losses.drop('reasoning_text');
    return [];
  }

  #call({ id, name, kind, arguments: words, cache }: ToolCallPart): ContentBlockParam {
    const input = kind === 'custom' ? { input: words } : this.#input(words);
    return { type: 'tool_use', id, name, input, ...cached(cache) };
  }

  /** The input has to be an object; what a model wrote need not be one. */
  #input(words: string): unknown {
    if (words.trim() === '') return {};
    try {
      const input: unknown = JSON.parse(words);
      if (isObject(input)) return input;
    } catch {
      // It is told as it was written.
    }
    this.#losses.change('tool_arguments');
    return { arguments: words };
  }

  #result({ id, isError, parts, cache }: ToolResultPart): ToolResultBlockParam {
    const content = parts.flatMap((part) => this.#resultContent(part));
    const [first] = content;
    const isPlain = content.length === 1 && first?.type === 'text' && !first.cache_control;
    // An error without a word is refused.
    const words = isPlain ? first.text : isError && content.length === 0 ? 'error' : undefined;
    return {
      type: 'tool_result',
      tool_use_id: id,
      ...(content.length + (words ?? '').length > 0 && { content: words ?? content }),
      ...(isError !== undefined && { is_error: isError }),
      ...cached(cache),
    };
  }

  #resultContent(
    part: ToolResultPart['parts'][number],
  ): readonly (TextBlockParam | ImageBlockParam | DocumentBlockParam)[] {
    if (part.type === 'text') return writeText(part);
    return part.type === 'image' ? this.#image(part) : this.#document(part);
  }

  #image(part: ImagePart): readonly ImageBlockParam[] {
    const { source, detail, cache } = part;
    if (detail !== undefined && detail !== 'auto') this.#losses.drop('image_detail');
    if (source.kind === 'url') {
      if (!isSecure(source.url)) return this.#refuse(part, 'user');
      return [{ type: 'image', source: { type: 'url', url: source.url }, ...cached(cache) }];
    }
    const type = IMAGES.find((each) => each === mediaTypeOf(source.mediaType));
    if (type === undefined) return this.#refuse(part, 'user');
    const bytes = { type: 'base64', media_type: type, data: source.data } as const;
    return [{ type: 'image', source: bytes, ...cached(cache) }];
  }

  #document(part: DocumentPart): readonly DocumentBlockParam[] {
    const source = writeDocumentSource(part.source);
    if (source === undefined) return this.#refuse(part, 'user');
    const { name, context, citations, cache } = part;
    return [
      {
        type: 'document',
        source,
        ...(name !== undefined && { title: name }),
        ...(context !== undefined && { context }),
        ...(citations !== undefined && { citations: { enabled: citations } }),
        ...cached(cache),
      },
    ];
  }

  #refuse({ type }: Part, role: Role): [] {
    const names: Partial<Record<Part['type'], string>> = {
      image: 'images',
      document: 'documents',
      audio: 'audio',
    };
    if (role === 'system' && type === 'reasoning') this.#losses.drop('reasoning_text');
    else this.#losses.refuse(names[type] ?? 'content');
    return [];
  }
}

/** A text block; none where there is nothing in it, which is refused. */
function writeText({ text, cache }: TextPart): readonly TextBlockParam[] {
  return text.trim() === '' ? [] : [{ type: 'text', text, ...cached(cache) }];
}

function writeDocumentSource(
  source: DocumentPart['source'],
): DocumentBlockParam['source'] | undefined {
  if (source.kind === 'text') return plainText(source.text);
  if (source.kind === 'url') {
    return isSecure(source.url) ? { type: 'url', url: source.url } : undefined;
  }
  const type = mediaTypeOf(source.mediaType);
  if (type === 'application/pdf') return { type: 'base64', media_type: type, data: source.data };
  if (!type.startsWith('text/') && type !== 'application/json') return undefined;
  return plainText(Buffer.from(source.data, 'base64').toString('utf8'));
}

function plainText(data: string): DocumentBlockParam['source'] | undefined {
  return data.trim() === '' ? undefined : { type: 'text', media_type: 'text/plain', data };
}

/** Anthropic fetches by HTTPS only. */
function isSecure(url: string): boolean {
  return /^https:\/\//i.test(url);
}

function mediaTypeOf(type: string): string {
  const [plain = ''] = type.split(';');
  const name = plain.trim().toLowerCase();
  return name === 'image/jpg' ? 'image/jpeg' : name;
}

/** A cache marker, as a member to be spread. */
export function cached(cache: CacheMarker | undefined): { cache_control?: CacheControlEphemeral } {
  if (cache?.type !== 'ephemeral') return {};
  const { ttl } = cache;
  return {
    cache_control: { type: 'ephemeral', ...((ttl === '5m' || ttl === '1h') && { ttl }) },
  };
}
