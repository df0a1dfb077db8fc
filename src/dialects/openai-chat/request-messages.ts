import type { JsonObject } from '../json.js';
import type {
  DocumentPart,
  ImagePart,
  Part,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { portableToolId } from '../translation/tool-ids.js';
import { given, urlOf } from '../translation/values.js';

/** How a provider's messages differ. */
export interface MessageStyle {
  /** OpenAI itself: what compatible servers do not know may be said. */
  readonly isOpenAI: boolean;
  readonly keepsCache: boolean;
}

/** Writes turns as the messages of a chat. */
export function writeMessages(
  turns: readonly Turn[],
  style: MessageStyle,
  losses: Losses,
): readonly JsonObject[] {
  const writer = new MessageWriter(style, losses);
  if (turns.at(-1)?.role === 'assistant') losses.change('prefill');
  return turns.flatMap((turn) => writer.turn(turn));
}

class MessageWriter {
  readonly #style: MessageStyle;
  readonly #losses: Losses;

  constructor(style: MessageStyle, losses: Losses) {
    this.#style = style;
    this.#losses = losses;
  }

  turn(turn: Turn): readonly JsonObject[] {
    switch (turn.role) {
      case 'assistant':
        return this.#assistant(turn);
      case 'user':
        return this.#user(turn);
      default: {
        const role = this.#style.isOpenAI ? turn.role : 'system';
        const content = this.#content(turn.parts);
        return content === undefined ? [] : [given({ role, name: turn.name, content })];
      }
    }
  }

  /** Results first: they must follow the calls. What they hold beside text comes after them all. */
  #user({ parts, name }: Turn): readonly JsonObject[] {
    const messages: JsonObject[] = [];
    const beside: Part[] = [];
    for (const part of parts) {
      if (part.type === 'tool-result') messages.push(this.#result(part, beside));
    }
    const others = parts.filter(({ type }) => type !== 'tool-result');
    const content = this.#content([...beside, ...others]);
    if (content !== undefined) messages.push(given({ role: 'user', name, content }));
    return messages;
  }

  #result({ id, parts, isError, cache }: ToolResultPart, beside: Part[]): JsonObject {
    const texts = parts.filter((part) => part.type === 'text');
    const others = parts.filter((part) => part.type !== 'text');
    if (isError) this.#losses.change('is_error');
    if (others.length > 0) {
      this.#losses.change('tool_result_content');
      beside.push({ type: 'text', text: `Returned by the tool call ${portableToolId(id)}:` });
      beside.push(...others);
    }
    const content = this.#content(texts) ?? (isError ? 'error' : '');
    return {
      role: 'tool',
      tool_call_id: portableToolId(id),
      content,
      ...this.#cache(cache),
    };
  }

  #assistant({ parts, name }: Turn): readonly JsonObject[] {
    const calls = parts.filter((part) => part.type === 'tool-call');
    const refusals = parts.filter((part) => part.type === 'refusal');
    if (parts.some(({ type }) => type === 'reasoning')) this.#losses.drop('reasoning_text');
    const said = parts.filter((part) => part.type === 'text');
    const keepsRefusal = this.#style.isOpenAI;
    if (refusals.length > 0 && !keepsRefusal) this.#losses.change('refusal');
    const words: Part[] = keepsRefusal
      ? said
      : [...said, ...refusals.map(({ text }) => ({ type: 'text', text }) as const)];
    const content = this.#style.isOpenAI ? this.#content(words) : joined(words);
    if (content === undefined && calls.length === 0 && refusals.length === 0) return [];
    return [
      given({
        role: 'assistant',
        name,
        content: content ?? null,
        refusal:
          keepsRefusal && refusals.length > 0
            ? refusals.map(({ text }) => text).join('')
            : undefined,
        tool_calls: calls.length > 0 ? calls.map((call) => this.#call(call)) : undefined,
      }),
    ];
  }

  #call({ id, name, kind, arguments: words }: ToolCallPart): JsonObject {
    const called = portableToolId(id);
    if (kind === 'custom' && this.#style.isOpenAI) {
      return { id: called, type: 'custom', custom: { name, input: words } };
    }
    const spelled = kind === 'custom' ? JSON.stringify({ input: words }) : words || '{}';
    return { id: called, type: 'function', function: { name, arguments: spelled } };
  }

  /** One text as it is; anything else as parts. `undefined` where nothing is said. */
  #content(parts: readonly Part[]): unknown {
    const [first, ...rest] = parts;
    if (first?.type === 'text' && rest.length === 0 && !this.#isMarked(first)) return first.text;
    const written = parts.flatMap((part) => this.#part(part));
    return written.length > 0 ? written : undefined;
  }

  #isMarked({ cache }: TextPart): boolean {
    if (cache && !this.#style.keepsCache) this.#losses.drop('cache_control');
    return cache !== undefined && this.#style.keepsCache;
  }

  #part(part: Part): readonly JsonObject[] {
    switch (part.type) {
      case 'text':
        return [{ type: 'text', text: part.text, ...this.#cache(part.cache) }];
      case 'image':
        return [this.#image(part)];
      case 'document':
        return this.#document(part);
      case 'audio':
        return [{ type: 'input_audio', input_audio: { data: part.data, format: part.format } }];
      default:
        return [];
    }
  }

  #image({ source, detail, cache }: ImagePart): JsonObject {
    const image = given({ url: urlOf(source), detail });
    return { type: 'image_url', image_url: image, ...this.#cache(cache) };
  }

  #document(part: DocumentPart): readonly JsonObject[] {
    const { source, name, context, citations, cache } = part;
    if (context !== undefined) this.#losses.drop('document_context');
    if (citations) this.#losses.drop('citations');
    if (source.kind === 'text') {
      this.#losses.change('documents');
      const head = name === undefined ? '' : `${name}:\n`;
      return [{ type: 'text', text: `${head}${source.text}`, ...this.#cache(cache) }];
    }
    if (source.kind === 'url') {
      // Chat takes the bytes of a file only.
      this.#losses.refuse('documents');
      return [];
    }
    const file = { filename: name ?? 'document.pdf', file_data: urlOf(source) };
    if (name === undefined) this.#losses.change('documents');
    return [{ type: 'file', file, ...this.#cache(cache) }];
  }

  #cache(cache: JsonObject | undefined): { readonly cache_control?: JsonObject } {
    if (cache === undefined) return {};
    if (this.#style.keepsCache) return { cache_control: cache };
    this.#losses.drop('cache_control');
    return {};
  }
}

function joined(parts: readonly Part[]): string | undefined {
  const texts = parts.filter((part) => part.type === 'text');
  return texts.length > 0 ? texts.map(({ text }) => text).join('') : undefined;
}
