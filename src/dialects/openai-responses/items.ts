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

/** What the words of a part are, which part it is, and where it stands. */
interface PartAt {
  readonly type: Words;
  readonly place: Place;
  readonly path: Path;
}

/** Reads the output of a response: pieces of its items as they come, and whole items. */
export class ItemReader {
  readonly #fold: ResponseFold;
  readonly #recorder: Recorder | undefined;
  /** Blocks whose probabilities came with their pieces. */
  readonly #weighed = new Set<number>();
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
    if (type === 'text' || type === 'refusal') this.#fold.choice(0).say(type, delta);
    else this.#reason(delta, block, part);
    const slots = this.#recorder && slot('text', DELTA);
    if (slots) this.#recorder?.add({ type, choice: 0, block, part, text: delta, slots });
    if (slots && type === 'text') this.#weigh(data, { choice: 0, block, part }, []);
    return delta !== '';
  }

  /** Reads the probabilities of what was said: with its pieces, or, where they had none, with the whole of it. */
  #weigh({ logprobs }: JsonObject, place: Place, path: Path): void {
    if (list(logprobs).length === 0) return;
    if (path.length === 0) this.#weighed.add(place.block);
    else if (this.#weighed.has(place.block)) return;
    const slots = slot('logprobs', [...path, 'logprobs']);
    this.#recorder?.add({ type: 'logprobs', ...place, logprobs, slots });
  }

  /** Reads the event that repeats what the deltas said. */
  wordsDone(type: Words, data: JsonObject, key: 'text' | 'refusal'): boolean {
    const place = { choice: 0, block: numberOf(data.output_index), part: partOf(type, data) };
    return this.#whole(data[key], { type, place, path: [key] });
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
    const kind = data.part.type === 'refusal' ? 'refusal' : type;
    return this.#part(data.part, { type: kind, place, path: ['part'] });
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
        return this.#parts(value, at, 'text');
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
    const summarised = this.#parts(item, at, 'reasoning-summary');
    const said = this.#parts(item, at, 'reasoning');
    const encrypted = text(item.encrypted_content);
    if (encrypted === undefined) return summarised || said;
    const slots = slot('encrypted', [...at.path, 'encrypted_content']);
    const place = { choice: 0, block: at.block, part: 0 };
    const id = text(item.id);
    this.#recorder?.add({ type: 'reasoning-seal', ...place, encrypted, id, slots });
    return true;
  }

  #parts(item: JsonObject, at: ItemAt, type: Words): boolean {
    const key = type === 'reasoning-summary' ? 'summary' : 'content';
    let content = false;
    list(item[key]).forEach((part, index) => {
      if (!isObject(part)) return;
      const where = {
        type: part.type === 'refusal' ? 'refusal' : type,
        place: { choice: 0, block: at.block, part: index },
        path: [...at.path, key, index],
      } as const;
      if (at.as === 'counted') this.#count(part, where);
      if (this.#part(part, where)) content = true;
    });
    return content;
  }

  /** Lets a part of a whole response count: its words and its sources. */
  #count(part: JsonObject, { type, place, path }: PartAt): void {
    const words = part[wordsKey(type)];
    if (typeof words === 'string') {
      if (type === 'text' || type === 'refusal') this.#fold.choice(0).say(type, words);
      else this.#reason(words, place.block, place.part);
    }
    if (type === 'text') this.#weigh(part, place, path);
    const citations = list(part.annotations);
    if (citations.length === 0) return;
    const slots = slot('citations', [...path, 'annotations']);
    this.#recorder?.add({ type: 'citations', ...place, citations, slots });
  }

  #part(part: JsonObject, { type, place, path }: PartAt): boolean {
    const key = wordsKey(type);
    return this.#whole(part[key], { type, place, path: [...path, key] });
  }

  #whole(words: unknown, { type, place, path }: PartAt): boolean {
    if (typeof words !== 'string') return false;
    this.#recorder?.addWhole({ type, ...place, text: words }, path);
    return words !== '';
  }

  /** Adds reasoning; what stands in different parts is kept apart by a blank line. */
  #reason(words: string, block: number, part: number): void {
    const choice = this.#fold.choice(0);
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

function wordsKey(type: Words): 'refusal' | 'text' {
  return type === 'refusal' ? 'refusal' : 'text';
}

function partOf(type: Words, data: JsonObject): number {
  return numberOf(type === 'reasoning-summary' ? data.summary_index : data.content_index);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
