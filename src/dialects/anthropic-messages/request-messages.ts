import { isObject, type JsonObject, list, stringify, text } from '../json.js';
import type {
  DocumentPart,
  ImagePart,
  Part,
  ReasoningPart,
  ReasoningSeal,
  Source,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { openSeal } from '../translation/seals.js';
import { cacheIn, flag, given, string } from '../translation/values.js';

type ResultPart = ToolResultPart['parts'][number];

/** Names of what is lost with blocks of a type. All others that are not known are `content`. */
const REFUSED: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ['container_upload', 'file_id'],
  ['compaction', 'compaction'],
  ['advisor_tool_result', 'hosted_tools'],
  ['tool_addition', 'hosted_tools'],
  ['tool_removal', 'hosted_tools'],
  ['tool_reference', 'hosted_tools'],
  ['browser_state', 'hosted_tools'],
]);
const HOSTED = /^(?:server_tool_use|mcp_|(?:web_|bash_|text_editor_|code_|tool_).*_tool_result$)/;

/** Reads the system text, as a first turn, and the messages. */
export function readTurns({ system, messages }: JsonObject, losses: Losses): readonly Turn[] {
  const reader = new TurnReader(losses);
  const first = reader.parts(system);
  const turns = list(messages).flatMap((message) =>
    isObject(message) ? [{ role: roleOf(message.role), parts: reader.parts(message.content) }] : [],
  );
  return first.length > 0 ? [{ role: 'system', parts: first }, ...turns] : turns;
}

function roleOf(role: unknown): Turn['role'] {
  return role === 'assistant' || role === 'system' ? role : 'user';
}

class TurnReader {
  readonly #losses: Losses;

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  parts(content: unknown): readonly Part[] {
    if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
    return list(content).flatMap((block) => (isObject(block) ? this.#part(block) : []));
  }

  #part(block: JsonObject): readonly Part[] {
    switch (block.type) {
      case 'thinking':
        return [readThinking(block)];
      case 'redacted_thinking':
        return [readRedacted(block)];
      case 'tool_use':
        return this.#call(block);
      case 'tool_result':
        return [this.#result(block)];
      // Where another model took over.
      case 'fallback':
        return [];
      default:
        return this.#resultPart(block);
    }
  }

  #resultPart(block: JsonObject): readonly ResultPart[] {
    switch (block.type) {
      case 'text':
        if (list(block.citations).length > 0) this.#losses.drop('citations');
        return [readText(block)];
      case 'image':
        return this.#image(block);
      case 'document':
        return this.#document(block);
      case 'search_result':
        return this.#searchResult(block);
      default:
        this.#losses.refuse(lossOf(block.type));
        return [];
    }
  }

  #call(block: JsonObject): readonly ToolCallPart[] {
    const { id, name, input, caller, toolset_name: toolset, cache_control: cache } = block;
    const isDirect = !isObject(caller) || caller.type === 'direct';
    if (!isDirect || text(toolset) !== undefined) this.#losses.refuse('hosted_tools');
    return [
      {
        type: 'tool-call',
        id: string(id) ?? '',
        name: string(name) ?? '',
        kind: 'function',
        arguments: typeof input === 'string' ? input : stringify(input ?? {}),
        ...cacheIn(cache),
      },
    ];
  }

  #result(block: JsonObject): ToolResultPart {
    const { tool_use_id: id, content, is_error: isError, cache_control: cache } = block;
    const parts: readonly ResultPart[] =
      typeof content === 'string'
        ? [{ type: 'text', text: content }]
        : list(content).flatMap((inner) => (isObject(inner) ? this.#resultPart(inner) : []));
    return given({
      type: 'tool-result' as const,
      id: string(id) ?? '',
      kind: 'function' as const,
      isError: flag(isError),
      parts,
      ...cacheIn(cache),
    });
  }

  #image({ source, cache_control: cache }: JsonObject): readonly ImagePart[] {
    const read = this.#source(source);
    return read ? [{ type: 'image', source: read, ...cacheIn(cache) }] : [];
  }

  #document(block: JsonObject): readonly DocumentPart[] {
    const source = this.#documentSource(block.source);
    if (source === undefined) return [];
    const { citations, title, context, cache_control: cache } = block;
    return [
      given({
        type: 'document' as const,
        source,
        name: text(title),
        context: text(context),
        citations: isObject(citations) ? flag(citations.enabled) : undefined,
        ...cacheIn(cache),
      }),
    ];
  }

  /** A document is its text, or stands somewhere; one of texts in a list is all of them. */
  #documentSource(source: unknown): DocumentPart['source'] | undefined {
    if (!isObject(source)) return this.#source(source);
    if (source.type === 'text') return { kind: 'text', text: string(source.data) ?? '' };
    if (source.type !== 'content') return this.#source(source);
    if (typeof source.content === 'string') return { kind: 'text', text: source.content };
    const parts = list(source.content).flatMap((inner) => (isObject(inner) ? [inner] : []));
    if (parts.some(({ type }) => type !== 'text')) this.#losses.refuse('documents');
    return { kind: 'text', text: parts.flatMap((part) => text(part.text) ?? []).join('\n\n') };
  }

  /** What the application found, as a document. */
  #searchResult(block: JsonObject): readonly DocumentPart[] {
    this.#losses.change('search_result');
    const { title, source, content, citations, cache_control: cache } = block;
    const words = list(content).flatMap((inner) =>
      isObject(inner) ? (text(inner.text) ?? []) : [],
    );
    return [
      given({
        type: 'document' as const,
        source: { kind: 'text' as const, text: words.join('\n\n') },
        name: text(title),
        context: text(source),
        citations: isObject(citations) ? flag(citations.enabled) : undefined,
        ...cacheIn(cache),
      }),
    ];
  }

  #source(source: unknown): Source | undefined {
    const { type, url, media_type: mediaType, data, file_id: id } = isObject(source) ? source : {};
    if (type === 'url' && typeof url === 'string') return { kind: 'url', url };
    if (type === 'base64' && typeof data === 'string' && typeof mediaType === 'string') {
      return { kind: 'base64', mediaType, data };
    }
    this.#losses.refuse(type === 'file' || id !== undefined ? 'file_id' : 'content');
    return undefined;
  }
}

function readText({ text: words, cache_control: cache }: JsonObject): TextPart {
  return { type: 'text', text: string(words) ?? '', ...cacheIn(cache) };
}

function readThinking({ thinking, signature }: JsonObject): ReasoningPart {
  const seal = sealOf(signature, 'signature');
  return {
    type: 'reasoning',
    text: string(thinking) ?? '',
    isSummary: isSummary(seal),
    ...sealed(seal),
  };
}

function readRedacted({ data }: JsonObject): ReasoningPart {
  const seal = sealOf(data, 'encrypted');
  return { type: 'reasoning', text: '', isSummary: isSummary(seal), ...sealed(seal) };
}

/** Claude's own seal, or another provider's that was passed on in its place. */
function sealOf(value: unknown, member: 'signature' | 'encrypted'): ReasoningSeal | undefined {
  const own = text(value);
  if (own === undefined) return undefined;
  return openSeal(own) ?? { dialect: 'anthropic-messages', [member]: own };
}

/** What Responses show of their reasoning is a summary of it. */
function isSummary(seal: ReasoningSeal | undefined): boolean {
  return seal?.dialect === 'openai-responses';
}

function sealed(seal: ReasoningSeal | undefined): { readonly seal?: ReasoningSeal } {
  return seal === undefined ? {} : { seal };
}

function lossOf(type: unknown): string {
  const known = REFUSED.get(type);
  if (known !== undefined) return known;
  return typeof type === 'string' && HOSTED.test(type) ? 'hosted_tools' : 'content';
}
