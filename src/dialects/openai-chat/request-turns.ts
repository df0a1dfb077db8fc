import { isObject, type JsonObject, list, stringify, text } from '../json.js';
import type {
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { openSeal } from '../translation/seals.js';
import { cacheIn, sourceOf, string } from '../translation/values.js';

type ResultContent = ToolResultPart['parts'][number];

/** Reads the messages of a chat. */
export class ChatTurns {
  readonly #losses: Losses;
  readonly #customIds = new Set<string>();
  /** Calls by `function_call` have no id: the next result of the same name is the last one's. */
  readonly #legacyIds = new Map<string, string>();

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  read(messages: unknown): readonly Turn[] {
    const turns: Turn[] = [];
    for (const message of list(messages)) {
      if (!isObject(message)) continue;
      const turn = this.#turn(message, turns.length);
      const last = turns.at(-1);
      // The results of one turn's calls come in a message each.
      if (last && isResults(last) && isResults(turn)) {
        turns[turns.length - 1] = { role: 'user', parts: [...last.parts, ...turn.parts] };
      } else turns.push(turn);
    }
    return turns;
  }

  #turn(message: JsonObject, position: number): Turn {
    const { role, content, name } = message;
    switch (role) {
      case 'assistant':
        return { role, ...named(name), parts: this.#assistant(message, position) };
      case 'tool':
        return { role: 'user', parts: [this.#result(string(message.tool_call_id) ?? '', message)] };
      case 'function':
        return {
          role: 'user',
          parts: [this.#result(this.#legacyIds.get(String(name)) ?? '', message)],
        };
      case 'system':
      case 'developer':
        return { role, ...named(name), parts: this.#content(content) };
      default:
        return { role: 'user', ...named(name), parts: this.#content(content) };
    }
  }

  #assistant(message: JsonObject, position: number): readonly Part[] {
    const parts: Part[] = [...readReasoning(message), ...this.#content(message.content)];
    const refusal = text(message.refusal);
    if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
    if (isObject(message.audio)) this.#losses.refuse('audio');
    for (const call of list(message.tool_calls)) {
      if (isObject(call)) parts.push(this.#call(call));
    }
    if (isObject(message.function_call)) {
      parts.push(this.#legacyCall(message.function_call, position));
    }
    return parts;
  }

  #call(call: JsonObject): ToolCallPart {
    const id = string(call.id) ?? '';
    if (isObject(call.custom)) {
      this.#customIds.add(id);
      const { name, input } = call.custom;
      return {
        type: 'tool-call',
        id,
        kind: 'custom',
        name: string(name) ?? '',
        arguments: string(input) ?? '',
      };
    }
    const { name, arguments: words } = isObject(call.function) ? call.function : {};
    return {
      type: 'tool-call',
      id,
      kind: 'function',
      name: string(name) ?? '',
      arguments: argumentsIn(words),
    };
  }

  #legacyCall({ name, arguments: words }: JsonObject, position: number): ToolCallPart {
    const called = string(name) ?? '';
    const id = `call_legacy_${position}`;
    this.#legacyIds.set(called, id);
    return { type: 'tool-call', id, kind: 'function', name: called, arguments: argumentsIn(words) };
  }

  #result(id: string, { content, cache_control: cache }: JsonObject): ToolResultPart {
    const kind = this.#customIds.has(id) ? 'custom' : 'function';
    const parts = this.#content(content).filter(isResultContent);
    return { type: 'tool-result', id, kind, parts, ...cacheIn(cache) };
  }

  #content(content: unknown): readonly Part[] {
    if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
    return list(content).flatMap((part) => (isObject(part) ? this.#part(part) : []));
  }

  #part(part: JsonObject): readonly Part[] {
    const cache = cacheIn(part.cache_control);
    switch (part.type) {
      case 'text':
        return [{ type: 'text', text: string(part.text) ?? '', ...cache }];
      case 'refusal':
        return [{ type: 'refusal', text: string(part.refusal) ?? '' }];
      case 'image_url':
        return this.#image(part);
      case 'input_audio': {
        const { data, format } = isObject(part.input_audio) ? part.input_audio : {};
        return [{ type: 'audio', data: string(data) ?? '', format: string(format) ?? '' }];
      }
      case 'file':
        return this.#file(part);
      // Mistral's reasoning among the content.
      case 'thinking':
        return list(part.thinking).flatMap((thought) =>
          isObject(thought) ? reasoning(string(thought.text) ?? '') : [],
        );
      default:
        this.#losses.refuse('content');
        return [];
    }
  }

  #image({ image_url: image, cache_control: cache }: JsonObject): readonly Part[] {
    const url = isObject(image) ? string(image.url) : string(image);
    const detail = isObject(image) ? text(image.detail) : undefined;
    return [
      {
        type: 'image',
        source: sourceOf(url ?? ''),
        ...(detail !== undefined && { detail }),
        ...cacheIn(cache),
      },
    ];
  }

  #file({ file, cache_control: cache }: JsonObject): readonly Part[] {
    const { file_data: data, filename } = isObject(file) ? file : {};
    if (typeof data !== 'string') {
      this.#losses.refuse('file_id');
      return [];
    }
    const name = text(filename);
    // OpenAI takes bare base64, too.
    const source = data.includes(',') ? sourceOf(data) : bare(data);
    return [{ type: 'document', source, ...(name !== undefined && { name }), ...cacheIn(cache) }];
  }
}

function bare(data: string) {
  return { kind: 'base64', mediaType: 'application/pdf', data } as const;
}

function named(name: unknown): { readonly name?: string } {
  return typeof name === 'string' && name !== '' ? { name } : {};
}

function isResults({ parts }: Turn): boolean {
  return parts.length > 0 && parts.every(({ type }) => type === 'tool-result');
}

function isResultContent(part: Part): part is ResultContent {
  return part.type === 'text' || part.type === 'image' || part.type === 'document';
}

/** Some servers give an object. */
function argumentsIn(words: unknown): string {
  return typeof words === 'string' ? words : isObject(words) ? stringify(words) : '';
}

function reasoning(words: string): readonly ReasoningPart[] {
  return words === '' ? [] : [{ type: 'reasoning', text: words, isSummary: false }];
}

/**
 * An assistant's reasoning under the names that servers have for it. What we put there of another dialect's says in
 * its details what its provider wants back.
 */
function readReasoning(message: JsonObject): readonly ReasoningPart[] {
  const sealed = list(message.reasoning_details).flatMap((detail) =>
    isObject(detail) ? sealedReasoning(detail) : [],
  );
  if (sealed.length > 0) return sealed;
  const words = text(message.reasoning_content) ?? text(message.reasoning);
  return words === undefined ? [] : reasoning(words);
}

function sealedReasoning(detail: JsonObject): readonly ReasoningPart[] {
  const seal = openSeal(detail.signature) ?? openSeal(detail.data);
  if (seal === undefined) return [];
  const words = string(detail.text) ?? string(detail.summary) ?? '';
  return [
    {
      type: 'reasoning',
      text: words,
      isSummary: seal.dialect === 'openai-responses',
      seal,
    },
  ];
}
