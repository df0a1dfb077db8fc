import { isObject, type JsonObject, list } from '../json.js';

/** Strings that come in pieces; every other string is whole each time. */
const PIECES: ReadonlySet<string> = new Set([
  'refusal',
  'reasoning',
  'reasoning_content',
  'arguments',
  'input',
  'data',
  'transcript',
  'text',
  'summary',
]);
/** Lists whose items come in pieces, told apart by their index. */
const ITEMS: ReadonlySet<string> = new Set(['tool_calls', 'reasoning_details', 'executed_tools']);

/** Puts an object together from deltas. Members are data, whatever their name. */
export class MessageDraft {
  readonly #members = new Map<string, unknown>();

  merge(delta: JsonObject): this {
    for (const [key, value] of Object.entries(delta)) {
      const before = this.#members.get(key) ?? undefined;
      if (value !== null) this.#members.set(key, merged(key, before, value));
      else if (before === undefined) this.#members.set(key, null);
    }
    return this;
  }

  finish(): JsonObject {
    return Object.fromEntries([...this.#members].map(([key, value]) => [key, finished(value)]));
  }
}

/** A list whose items are put together from deltas, or that only grows. */
class ListDraft {
  readonly #items: unknown[] = [];
  readonly #drafts = new Map<string, MessageDraft>();
  readonly #keyed: boolean;
  readonly #numbered: boolean;

  constructor(key: string) {
    this.#keyed = ITEMS.has(key);
    // A call's index is only there to tell its pieces apart.
    this.#numbered = key !== 'tool_calls';
  }

  add(items: readonly unknown[]): this {
    for (const item of items) {
      if (this.#keyed && isObject(item)) this.#merge(item);
      else this.#items.push(item);
    }
    return this;
  }

  finish(): unknown[] {
    return this.#items.map(finished);
  }

  #merge({ index, ...members }: JsonObject): void {
    const type = this.#numbered ? members.type : '';
    const key = `${String(index ?? members.id)}/${String(type)}`;
    let draft = this.#drafts.get(key);
    if (draft === undefined) {
      draft = new MessageDraft();
      this.#drafts.set(key, draft);
      this.#items.push(draft);
    }
    draft.merge(this.#numbered && index !== undefined ? { ...members, index } : members);
  }
}

/** A message's content: one text, or, once a part came as anything else, a list of parts (Mistral). */
class ContentDraft {
  readonly #parts: JsonObject[] = [];
  #listed = false;

  add(content: unknown): this {
    if (typeof content === 'string') this.#text(content);
    for (const part of list(content)) {
      this.#listed = true;
      if (isObject(part)) this.#part(part);
    }
    return this;
  }

  finish(): unknown {
    if (this.#listed) return this.#parts;
    return this.#parts[0]?.text ?? '';
  }

  #text(text: string): void {
    if (text === '' && this.#listed) return;
    const last = this.#parts.at(-1);
    if (last?.type === 'text') this.#replaceLast({ ...last, text: `${String(last.text)}${text}` });
    else this.#parts.push({ type: 'text', text });
  }

  #part(part: JsonObject): void {
    const last = this.#parts.at(-1);
    const isFirst = last?.type === 'text' && last.text === '';
    if (isFirst) this.#parts.pop();
    if (part.type === 'text' && typeof part.text === 'string') this.#text(part.text);
    else if (part.type === 'thinking' && last?.type === 'thinking') this.#think(last, part);
    else this.#parts.push(part);
  }

  #think(last: JsonObject, part: JsonObject): void {
    const before = list(last.thinking).at(-1);
    const [piece] = list(part.thinking);
    const said = isObject(piece) ? piece.text : undefined;
    if (typeof said !== 'string' || !isObject(before)) {
      this.#replaceLast({ ...last, ...part, thinking: last.thinking });
      return;
    }
    const thought = { ...before, text: `${String(before.text)}${said}` };
    this.#replaceLast({ ...last, thinking: [...list(last.thinking).slice(0, -1), thought] });
  }

  #replaceLast(part: JsonObject): void {
    this.#parts[this.#parts.length - 1] = part;
  }
}

function merged(key: string, before: unknown, value: unknown): unknown {
  if (key === 'content')
    return (before instanceof ContentDraft ? before : new ContentDraft()).add(value);
  if (typeof value === 'string') return joined(key, before, value);
  if (Array.isArray(value)) {
    return (before instanceof ListDraft ? before : new ListDraft(key)).add(value);
  }
  if (!isObject(value)) return value;
  return (before instanceof MessageDraft ? before : new MessageDraft()).merge(value);
}

function joined(key: string, before: unknown, value: string): string {
  if (typeof before !== 'string') return value;
  if (PIECES.has(key)) return before + value;
  return value === '' ? before : value;
}

function finished(value: unknown): unknown {
  const drafted =
    value instanceof MessageDraft || value instanceof ListDraft || value instanceof ContentDraft;
  return drafted ? value.finish() : value;
}
