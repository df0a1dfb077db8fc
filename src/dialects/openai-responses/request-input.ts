import type { JsonObject } from '../json.js';
import type {
  CanonicalRequest,
  DocumentPart,
  ImagePart,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { portableToolId } from '../translation/tool-ids.js';
import { given, urlOf } from '../translation/values.js';

/** A conversation as Responses have it. */
interface WrittenTurns {
  readonly instructions: string | undefined;
  readonly input: readonly JsonObject[];
}

/** Writes turns as instructions, which the first system turn is, and input items. */
export function writeTurns(
  { turns, format }: Pick<CanonicalRequest, 'turns' | 'format'>,
  losses: Losses,
): WrittenTurns {
  const writer = new ItemWriter(losses);
  if (turns.at(-1)?.role === 'assistant') losses.change('prefill');
  const [first, ...rest] = turns;
  // Instructions alone are no request. The word "JSON" counts in the input only.
  const isTold = first?.role === 'system' && rest.length > 0 && format?.type !== 'json_object';
  const instructions = isTold ? writer.instructions(first) : undefined;
  const others = instructions === undefined ? turns : rest;
  return { instructions, input: others.flatMap((turn) => writer.turn(turn)) };
}

class ItemWriter {
  readonly #losses: Losses;

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  /** The words of a turn as one text; `undefined` where it holds anything else, or nothing. */
  instructions({ parts, name }: Turn): string | undefined {
    const texts = parts.filter((part) => part.type === 'text');
    if (texts.length === 0 || texts.length < parts.length) return undefined;
    if (name !== undefined) this.#losses.drop('name');
    if (texts.some(({ cache }) => cache !== undefined)) this.#losses.drop('cache_control');
    return texts.map(({ text }) => text).join('\n\n');
  }

  turn({ role, name, parts }: Turn): readonly JsonObject[] {
    if (name !== undefined) this.#losses.drop('name');
    const items: JsonObject[] = [];
    let said: Part[] = [];
    const speak = (): void => {
      const content = role === 'assistant' ? this.#answer(said) : this.#content(said);
      if (content !== undefined) items.push({ type: 'message', role, content });
      said = [];
    };
    for (const part of parts) {
      const item = this.#item(part);
      if (item === undefined) {
        if (part.type !== 'reasoning') said.push(part);
        continue;
      }
      speak();
      items.push(item);
    }
    speak();
    return items;
  }

  /** What is an item of its own. */
  #item(part: Part): JsonObject | undefined {
    switch (part.type) {
      case 'tool-call':
        return this.#call(part);
      case 'tool-result':
        return this.#result(part);
      case 'reasoning':
        return this.#reasoning(part);
      default:
        return undefined;
    }
  }

  #call({ id, name, kind, arguments: words, cache }: ToolCallPart): JsonObject {
    if (cache) this.#losses.drop('cache_control');
    const call_id = portableToolId(id);
    return kind === 'custom'
      ? { type: 'custom_tool_call', call_id, name, input: words }
      : { type: 'function_call', call_id, name, arguments: words || '{}' };
  }

  /** That a tool failed cannot be said but by what it returned. */
  #result({ id, kind, parts, isError, cache }: ToolResultPart): JsonObject {
    if (isError) this.#losses.change('is_error');
    if (cache) this.#losses.drop('cache_control');
    const type = kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output';
    const output = this.#content(parts) ?? (isError ? 'error' : '');
    return { type, call_id: portableToolId(id), output };
  }

  /** Only what OpenAI sealed can be continued; the words alone nobody takes. */
  #reasoning({ text, isSummary, seal }: ReasoningPart): JsonObject | undefined {
    if (seal?.dialect !== 'openai-responses' || seal.encrypted === undefined) {
      this.#losses.drop('reasoning_text');
      return undefined;
    }
    const summary = text !== '' && isSummary ? [{ type: 'summary_text', text }] : [];
    return given({ type: 'reasoning', id: seal.id, summary, encrypted_content: seal.encrypted });
  }

  /** What an assistant said: one text as it is, anything else as the parts of an answer. */
  #answer(parts: readonly Part[]): unknown {
    const written = parts.flatMap((part) => this.#answerPart(part));
    const [first, ...rest] = parts;
    if (first?.type === 'text' && rest.length === 0) return first.text;
    return written.length > 0 ? written : undefined;
  }

  #answerPart(part: Part): readonly JsonObject[] {
    switch (part.type) {
      case 'text':
        this.#forgetCache(part.cache);
        return [{ type: 'output_text', text: part.text, annotations: [] }];
      case 'refusal':
        return [{ type: 'refusal', refusal: part.text }];
      case 'image':
        this.#losses.refuse('images');
        return [];
      case 'document':
        this.#losses.refuse('documents');
        return [];
      case 'audio':
        this.#losses.refuse('audio');
        return [];
      default:
        return [];
    }
  }

  /** What was told to a model: one text as it is, anything else as parts. `undefined` where nothing is said. */
  #content(parts: readonly Part[]): unknown {
    const written = parts.flatMap((part) => this.#part(part));
    const [first, ...rest] = parts;
    if (first?.type === 'text' && rest.length === 0) return first.text;
    return written.length > 0 ? written : undefined;
  }

  #part(part: Part): readonly JsonObject[] {
    switch (part.type) {
      case 'text':
        this.#forgetCache(part.cache);
        return [inputText(part.text)];
      case 'refusal':
        this.#losses.change('refusal');
        return [inputText(part.text)];
      case 'image':
        return [this.#image(part)];
      case 'document':
        return [this.#document(part)];
      case 'audio':
        this.#losses.refuse('audio');
        return [];
      default:
        return [];
    }
  }

  #image({ source, detail = 'auto', cache }: ImagePart): JsonObject {
    this.#forgetCache(cache);
    return { type: 'input_image', image_url: urlOf(source), detail };
  }

  #document({ source, name, context, citations, cache }: DocumentPart): JsonObject {
    this.#forgetCache(cache);
    if (context !== undefined) this.#losses.drop('document_context');
    if (citations) this.#losses.drop('citations');
    if (source.kind === 'url') {
      if (name !== undefined) this.#losses.change('documents');
      return { type: 'input_file', file_url: source.url };
    }
    if (source.kind === 'base64') {
      // OpenAI wants a name with the bytes.
      if (name === undefined) this.#losses.change('documents');
      return { type: 'input_file', filename: name ?? 'document.pdf', file_data: urlOf(source) };
    }
    this.#losses.change('documents');
    return inputText(name === undefined ? source.text : `${name}:\n${source.text}`);
  }

  #forgetCache(cache: JsonObject | undefined): void {
    if (cache) this.#losses.drop('cache_control');
  }
}

function inputText(text: string): JsonObject {
  return { type: 'input_text', text };
}
