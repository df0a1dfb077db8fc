import type { Path, Place, Slot, TextEvent } from '../canonical-events.js';
import { isObject, type JsonObject, list, text } from '../json.js';
import { type Recorder, slot } from '../recorder.js';
import type { ResponseFold } from '../response-fold.js';

type Words = TextEvent['type'];

const DELTA: Path = ['delta'];

/** Where an item stands, and how much of it is there. */
export interface ItemAt {
  /** Its place in the output. */
  readonly block: number;
  readonly path: Path;
  /**
   * `announced`: its pieces are still to come. `repeated`: they have come. `counted`: it stands in a whole
   * response, which is what counts.
   */
  readonly as: 'announced' | 'repeated' | 'counted';
}

/** Reads the output of a response: pieces of its items as they come, and whole items. */
export class ItemReader {
  readonly #fold: ResponseFold;
  readonly #recorder: Recorder | undefined;
  #reasoningBlock = -1;
  #reasoningPart = -1;

  constructor(fold: ResponseFold, recorder: Recorder | undefined) {
    this.#fold = fold;
    this.#recorder = recorder;
  }

  /** Reads a delta of words; true where it brings any. */
  words(type: Words, data: JsonObject): boolean {
    const { delta } = data;
    if (typeof delta !== 'string') return true;
    const block = numberOf(data.output_index);
    const part = partOf(type, data);
    this.#append(type, block, part, delta);
    const slots = this.#recorder && slot('text', DELTA);
    if (slots) this.#recorder?.add({ type, choice: 0, block, part, text: delta, slots });
    return delta !== '';
  }

  /** Reads the event that repeats what the deltas said. */
  wordsDone(type: Words, data: JsonObject, key: 'text' | 'refusal'): boolean {
    const place = { choice: 0, block: numberOf(data.output_index), part: partOf(type, data) };
    return this.#whole(type, place, data[key], [key]);
  }

  /** Reads a delta of a call's arguments. */
  callPiece({ delta, output_index: index }: JsonObject): boolean {
    if (typeof delta !== 'string') return true;
    const block = numberOf(index);
    const call = this.#fold.choice(0).toolCall(block, undefined, undefined);
    call.arguments += delta;
    const slots = this.#recorder && slot('text', DELTA);
    const place = { choice: 0, block, part: 0, call: call.position };
    if (slots) this.#recorder?.add({ type: 'tool-arguments', ...place, text: delta, slots });
    return delta !== '';
  }

  /** Reads the event that repeats a call's arguments. */
  callDone(data: JsonObject, key: 'arguments' | 'input'): boolean {
    this.#wholeCall(numberOf(data.output_index), data[key], [key]);
    return true;
  }

  /** Reads a content part that was announced, or repeats what the deltas said. */
  part(data: JsonObject, type: Words): boolean {
    if (!isObject(data.part)) return false;
    const place = { choice: 0, block: numberOf(data.output_index), part: partOf(type, data) };
    return this.#part(data.part, place, ['part'], type);
  }

  /** Reads a source as it is added to its text. */
  citation(data: JsonObject): boolean {
    const place = { choice: 0, block: numberOf(data.output_index), part: partOf('text', data) };
    const slots = slot('citation', ['annotation']);
    this.#recorder?.add({ type: 'citations', ...place, citations: [data.annotation], slots });
    return true;
  }

  /** Reads an item; true where it holds content. */
  item(value: unknown, at: ItemAt): boolean {
    if (!isObject(value)) return false;
    switch (value.type) {
      case 'message':
        return this.#parts(value.content, at, 'content', 'text');
      case 'reasoning':
        return this.#reasoning(value, at);
      case 'function_call':
        return this.#call(value, at, 'arguments');
      case 'custom_tool_call':
        return this.#call(value, at, 'input');
      default:
        if (at.as !== 'announced') this.#block(value, at);
        return true;
    }
  }

  #reasoning(item: JsonObject, at: ItemAt): boolean {
    const summarised = this.#parts(item.summary, at, 'summary', 'reasoning-summary');
    const said = this.#parts(item.content, at, 'content', 'reasoning');
    const encrypted = text(item.encrypted_content);
    if (encrypted === undefined) return summarised || said;
    const slots = slot('encrypted', [...at.path, 'encrypted_content']);
    const place = { choice: 0, block: at.block, part: 0 };
    this.#recorder?.add({ type: 'reasoning-seal', ...place, encrypted, slots });
    return true;
  }

  #parts(parts: unknown, at: ItemAt, key: string, type: Words): boolean {
    let content = false;
    list(parts).forEach((part, index) => {
      if (!isObject(part)) return;
      const path = [...at.path, key, index];
      const place = { choice: 0, block: at.block, part: index };
      if (at.as === 'counted') this.#count(part, place, path, type);
      if (this.#part(part, place, path, type)) content = true;
    });
    return content;
  }

  /** Lets a part of a whole response count: its words and its sources. */
  #count(part: JsonObject, place: Place, path: Path, type: Words): void {
    const kind = part.type === 'refusal' ? 'refusal' : type;
    const words = part[kind === 'refusal' ? 'refusal' : 'text'];
    if (typeof words === 'string') this.#append(kind, place.block, place.part, words);
    const citations = list(part.annotations);
    if (citations.length === 0) return;
    const slots = slot('citations', [...path, 'annotations']);
    this.#recorder?.add({ type: 'citations', ...place, citations, slots });
  }

  #part(part: JsonObject, place: Place, path: Path, type: Words): boolean {
    const kind = part.type === 'refusal' ? 'refusal' : type;
    const key = kind === 'refusal' ? 'refusal' : 'text';
    return this.#whole(kind, place, part[key], [...path, key]);
  }

  #whole(type: Words, place: Place, words: unknown, path: Path): boolean {
    if (typeof words !== 'string') return false;
    this.#recorder?.addWhole({ type, ...place, text: words }, path);
    return words !== '';
  }

  #append(type: Words, block: number, part: number, words: string): void {
    const choice = this.#fold.choice(0);
    if (type === 'text' || type === 'refusal') {
      choice[type] += words;
      return;
    }
    if (block !== this.#reasoningBlock || part !== this.#reasoningPart) {
      this.#reasoningBlock = block;
      this.#reasoningPart = part;
      if (choice.reasoning !== '') choice.reasoning += '\n\n';
    }
    choice.reasoning += words;
  }

  #call(item: JsonObject, { block, path, as }: ItemAt, key: 'arguments' | 'input'): boolean {
    // What the application answers to is the call id; the item's own id is another.
    const idKey = text(item.call_id) === undefined ? 'id' : 'call_id';
    const id = text(item[idKey]);
    const name = text(item.name);
    const call = this.#fold.choice(0).toolCall(block, id, name);
    call.id = id;
    call.name = name;
    const words = item[key];
    if (as !== 'announced' && typeof words === 'string') call.arguments = words;
    if (this.#recorder === undefined) return true;
    const slots: Slot[] = [];
    if (id !== undefined) slots.push({ field: 'id', path: [...path, idKey] });
    if (name !== undefined) slots.push({ field: 'name', path: [...path, 'name'] });
    const kind = key === 'input' ? 'custom' : 'function';
    const place = { choice: 0, block, part: 0, call: call.position };
    this.#recorder.addCall({ type: 'tool-call', ...place, kind, id, name, slots });
    this.#wholeCall(block, words, [...path, key]);
    return true;
  }

  #wholeCall(block: number, words: unknown, path: Path): void {
    if (typeof words !== 'string' || this.#recorder === undefined) return;
    const { position: call } = this.#fold.choice(0).toolCall(block, undefined, undefined);
    this.#recorder.addWhole(
      { type: 'tool-arguments', choice: 0, block, part: 0, call, text: words },
      path,
    );
  }

  #block(value: JsonObject, { block, path }: ItemAt): void {
    if (this.#recorder === undefined) return;
    const slots = slot('value', path);
    this.#recorder.add({ type: 'block', choice: 0, block, part: 0, value, slots });
  }
}

function partOf(type: Words, data: JsonObject): number {
  return numberOf(type === 'reasoning-summary' ? data.summary_index : data.content_index);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
