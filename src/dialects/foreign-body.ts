/**
 * What of a request was made for one provider and must not reach another: what only that one can read
 * (signed or encrypted reasoning, ids), what it is told about its own service (tiers, caches, tags for its
 * dashboard), and parameters that nobody else knows. All that is standard in the wire format stays, and so
 * does what protects the caller (`store: false` of Responses, `inference_geo`): a target that cannot keep
 * such a promise is to say so.
 */
import {
  CLAUDE_HOSTS,
  HOSTED_BLOCK,
  HOSTED_ITEM,
  ITEMS_WITH_LOOSE_ID,
  PROVIDERS_OWN,
  READS_CACHE_CONTROL,
  READS_EXTRA_CONTENT,
  REASONING_MEMBERS,
  STATE,
} from './foreign-rules.js';

/** A body, as another provider may have it. */
export interface ForeignBody {
  readonly body: unknown;
  /** What was taken out. Names only, as paths without indices. */
  readonly removed: readonly string[];
  /** What the request needs of the provider it was made for (stored responses, files): without it, it would mean something else. */
  readonly boundBy: readonly string[];
}

/** Whom a request was made for, and who is to have it: provider names, or hosts where nobody knows them. */
export interface Crossing {
  readonly from: string;
  readonly to: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Takes out of a body what must not reach another provider. The body that was given is not changed; between
 * keys of one provider nothing is.
 */
export function foreignBody(body: unknown, { from, to }: Crossing): ForeignBody {
  if (from === to || !isPlain(body)) return { body, removed: [], boundBy: [] };
  const edit = new Edit({ from, to });
  const edited = edit.body(body);
  return { body: edited, removed: listed(edit.removed), boundBy: listed(edit.bound) };
}

const NONE: readonly string[] = [];

function listed(names: ReadonlySet<string>): readonly string[] {
  return names.size === 0 ? NONE : [...names];
}

/** The parameters of a body that {@link foreignBody} takes out as a whole. */
export function foreignParameters(body: unknown, { from, to }: Crossing): readonly string[] {
  return from === to || !isPlain(body) ? [] : new Edit({ from, to }).parameters(body);
}

/** An object that JSON writes member by member: no array, stream or iterable. */
export function isPlain(value: unknown): value is Json {
  if (typeof value !== 'object' || value === null) return false;
  if (Symbol.iterator in value || Symbol.asyncIterator in value) return false;
  return Object.getPrototypeOf(value) === Object.prototype || isNoBuiltIn(value);
}

/** Not one of the objects of which JSON would write nothing. */
function isNoBuiltIn(value: object): boolean {
  return (
    !(value instanceof ReadableStream) &&
    !(value instanceof Blob) &&
    !(value instanceof ArrayBuffer)
  );
}

const CACHE_CONTROL: readonly string[] = ['cache_control'];

class Edit {
  readonly removed = new Set<string>();
  readonly bound = new Set<string>();
  readonly #to: string;
  /** Both serve Claude: signatures and hosted tools are theirs in common. */
  readonly #bothClaude: boolean;
  readonly #keepsThinking: boolean;
  readonly #readsCacheControl: boolean;

  constructor({ from, to }: Crossing) {
    this.#to = to;
    this.#readsCacheControl = READS_CACHE_CONTROL.has(to);
    this.#bothClaude = CLAUDE_HOSTS.has(from) && CLAUDE_HOSTS.has(to);
    // OpenRouter hands Claude's own blocks on to Claude; whose the ones that come from there are, nobody knows.
    this.#keepsThinking = this.#bothClaude || (CLAUDE_HOSTS.has(from) && to === 'openrouter');
  }

  parameters(body: Json): readonly string[] {
    const isChat = 'messages' in body;
    return Object.entries(body)
      .filter(([name, value]) => value !== undefined && this.#isForeign(name, value, isChat))
      .map(([name]) => name);
  }

  body(body: Json): Json {
    const isChat = 'messages' in body;
    /** Made with the first member that is another. */
    let edited: Record<string, unknown> | undefined;
    for (const name of Object.keys(body)) {
      const value = body[name];
      if (this.#isForeign(name, value, isChat)) {
        if (value !== undefined) this.removed.add(name);
        edited ??= { ...body };
        delete edited[name];
        continue;
      }
      if (STATE.get(name)?.(value)) this.bound.add(name);
      const member = this.#member(name, value);
      if (member === value) continue;
      edited ??= { ...body };
      edited[name] = member;
    }
    return edited ?? body;
  }

  #isForeign(name: string, value: unknown, isChat: boolean): boolean {
    if (name === 'cache_control') return !this.#readsCacheControl;
    // Chat has `reasoning_effort` and stores nothing unasked; to Responses both are its own, and one a promise.
    if ((name === 'reasoning' || name === 'store') && !isChat) return false;
    if (name === 'reasoning') return this.#to !== 'openrouter';
    if (name === 'usage') return typeof value === 'object' && this.#to !== 'openrouter';
    const owners = PROVIDERS_OWN.get(name);
    return owners !== undefined && !owners.has(this.#to);
  }

  #member(name: string, value: unknown): unknown {
    switch (name) {
      case 'messages':
        return mapList(value, (message) => this.#message(message));
      case 'system':
        return mapList(value, (block) => this.#block(block, 'system[]'));
      case 'tools':
        return mapList(value, (tool) => this.#tool(tool));
      case 'input':
        return mapList(value, (item) => this.#item(item));
      default:
        return value;
    }
  }

  #message(message: Json): Json | undefined {
    const path = 'messages[]';
    let kept = this.#withoutCacheControl(message, path);
    if (message.role === 'assistant') {
      kept = this.#without(kept, REASONING_MEMBERS, path);
      kept = this.#assistantExtras(kept);
    }
    const content = mapList(kept.content, (block) => this.#block(block, `${path}.content[]`));
    if (content === kept.content) return kept;
    const isEmpty = Array.isArray(content) && content.length === 0;
    // A turn of which only reasoning was left says nothing to anybody else.
    return isEmpty && kept.tool_calls === undefined ? undefined : { ...kept, content };
  }

  /** Gemini's thought signatures, and speech that OpenAI keeps. */
  #assistantExtras(message: Json): Json {
    if (message.audio != null) this.bound.add('messages[].audio');
    if (READS_EXTRA_CONTENT.has(this.#to)) return message;
    const extra = ['extra_content'];
    const kept = this.#without(message, extra, 'messages[]');
    const calls = mapList(kept.tool_calls, (call) =>
      this.#without(call, extra, 'messages[].tool_calls[]'),
    );
    return calls === kept.tool_calls ? kept : { ...kept, tool_calls: calls };
  }

  /** A content block or part, of any dialect. */
  #block(block: Json, path: string): Json | undefined {
    const { type } = block;
    const isThinking = type === 'thinking' || type === 'redacted_thinking';
    if (isThinking ? !this.#keepsThinking : !this.#bothClaude && isHosted(type)) {
      return this.#drop(`${path}.${type}`);
    }
    if (type === 'compaction' && !this.#bothClaude) this.bound.add(`${path}.compaction`);
    if (holdsFile(block)) this.bound.add(`${path}.file_id`);
    let kept = this.#withoutCacheControl(block, path);
    // On a text they are what was found, with an encrypted index; on a document, a setting.
    if (type === 'text' && !this.#bothClaude) kept = this.#without(kept, ['citations'], path);
    if (type !== 'tool_result') return kept;
    const content = mapList(kept.content, (inner) => this.#block(inner, `${path}.content[]`));
    return content === kept.content ? kept : { ...kept, content };
  }

  #tool(tool: Json): Json {
    const needsFiles = Array.isArray(tool.vector_store_ids) && tool.vector_store_ids.length > 0;
    if (needsFiles) this.bound.add('tools[].vector_store_ids');
    if (typeof tool.container === 'string') this.bound.add('tools[].container');
    return this.#withoutCacheControl(tool, 'tools[]');
  }

  /** An input item of Responses. */
  #item(item: Json): Json | undefined {
    const { type } = item;
    // Encrypted for the account that got it, or only an id.
    if (type === 'reasoning') return this.#drop('input[].reasoning');
    if (typeof type === 'string' && HOSTED_ITEM.test(type)) return this.#drop(`input[].${type}`);
    if (type === 'item_reference' || type === 'compaction') this.bound.add(`input[].${type}`);
    const looseId = type === undefined || ITEMS_WITH_LOOSE_ID.has(type);
    const kept = looseId ? this.#without(item, ['id'], 'input[]') : item;
    const content = mapList(kept.content, (part) => this.#block(part, 'input[].content[]'));
    const output = mapList(kept.output, (part) => this.#block(part, 'input[].output[]'));
    if (content === kept.content && output === kept.output) return kept;
    return {
      ...kept,
      ...('content' in kept && { content }),
      ...('output' in kept && { output }),
    };
  }

  #drop(path: string): undefined {
    this.removed.add(path);
    return undefined;
  }

  #withoutCacheControl(record: Json, path: string): Json {
    return this.#readsCacheControl ? record : this.#without(record, CACHE_CONTROL, path);
  }

  #without(record: Json, names: readonly string[], path: string): Json {
    let edited: Record<string, unknown> | undefined;
    for (const name of names) {
      if (record[name] === undefined || !Object.hasOwn(record, name)) continue;
      this.removed.add(`${path}.${name}`);
      edited ??= { ...record };
      delete edited[name];
    }
    return edited ?? record;
  }
}

function isHosted(type: unknown): boolean {
  return typeof type === 'string' && HOSTED_BLOCK.test(type);
}

/** Whether a part names a file that was uploaded to one provider. */
function holdsFile(block: Json): boolean {
  if (typeof block.file_id === 'string' && block.file_id !== '') return true;
  return [block.source, block.file].some(
    (source) => isPlain(source) && typeof source.file_id === 'string',
  );
}

/** A list with its objects mapped, `undefined` leaving one out; the same list where nothing changed. */
function mapList(list: unknown, map: (item: Json) => Json | undefined): unknown {
  if (!Array.isArray(list)) return list;
  /** Made with the first item that is another. */
  let mapped: unknown[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item: unknown = list[index];
    const result = isPlain(item) ? map(item) : item;
    if (result !== item) mapped ??= list.slice(0, index);
    if (result !== undefined) mapped?.push(result);
  }
  return mapped ?? list;
}
