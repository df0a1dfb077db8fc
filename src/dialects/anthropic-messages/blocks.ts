import type { Path, Slot, TextEvent } from '../canonical-events.js';
import { isObject, type JsonObject, list, stringify, text } from '../json.js';
import { type Recorder, slot } from '../recorder.js';
import type { ResponseFold, ToolCallFold } from '../response-fold.js';
import { fallbackModel } from './message-snapshot.js';

const DELTA: Path = ['delta'];

/** A tool call that is still open, and the input it was announced with. */
interface OpenCall {
  readonly call: ToolCallFold;
  readonly input: unknown;
}

/** Reads the content blocks of a message: whole ones, and those that come as start, deltas and stop. */
export class BlockReader {
  readonly #fold: ResponseFold;
  readonly #recorder: Recorder | undefined;
  readonly #open = new Map<number, OpenCall>();
  /** Where the block or delta being read stands. */
  #at: Path = DELTA;

  constructor(fold: ResponseFold, recorder: Recorder | undefined) {
    this.#fold = fold;
    this.#recorder = recorder;
  }

  /** Reads a block of a JSON body. */
  whole(block: JsonObject, index: number, at: Path): void {
    this.#block(block, index, at);
    this.stop(index);
  }

  /** Reads `content_block_start`; true where it brings content. */
  start({ content_block: block, index }: JsonObject): boolean {
    return isObject(block) && this.#block(block, indexOf(index), ['content_block']);
  }

  /** Reads `content_block_delta`; true where it brings content. */
  delta({ delta, index }: JsonObject): boolean {
    if (!isObject(delta)) return false;
    this.#at = DELTA;
    switch (delta.type) {
      case 'text_delta':
        return this.#words('text', delta, indexOf(index));
      case 'thinking_delta':
        return this.#words('reasoning', delta, indexOf(index));
      case 'input_json_delta':
        return this.#input(delta.partial_json, indexOf(index));
      case 'signature_delta':
        this.#seal('signature', delta, indexOf(index));
        return true;
      case 'citations_delta':
        this.#citations([delta.citation], indexOf(index), undefined);
        return true;
      default:
        return true;
    }
  }

  /** Ends a block. A call that got no piece of input has the one it was announced with. */
  stop(index: unknown): void {
    const open = this.#open.get(indexOf(index));
    if (open === undefined) return;
    this.#open.delete(indexOf(index));
    if (open.call.arguments === '') open.call.arguments = stringify(open.input);
  }

  #block(block: JsonObject, index: number, at: Path): boolean {
    this.#at = at;
    switch (block.type) {
      case 'text':
        if (list(block.citations).length > 0) {
          this.#citations(list(block.citations), index, [...at, 'citations']);
        }
        return this.#words('text', block, index);
      case 'thinking': {
        const choice = this.#fold.choice(0);
        if (choice.reasoning !== '') choice.reasoning += '\n\n';
        const said = this.#words('reasoning', block, index);
        this.#seal('signature', block, index);
        return said;
      }
      case 'redacted_thinking':
        this.#seal('data', block, index);
        return true;
      case 'tool_use':
        this.#call(block, index);
        return true;
      default:
        this.#fold.model = fallbackModel(block) ?? this.#fold.model;
        this.#recorder?.add({
          type: 'block',
          ...placeOf(index),
          value: block,
          slots: slot('value', at),
        });
        return true;
    }
  }

  #words(type: 'text' | 'reasoning', holder: JsonObject, block: number): boolean {
    const key = type === 'text' ? 'text' : 'thinking';
    const said = holder[key];
    if (typeof said !== 'string') return false;
    this.#fold.choice(0).say(type, said);
    const slots = this.#recorder && slot('text', [...this.#at, key]);
    if (slots) this.#recorder?.add({ type, ...placeOf(block), text: said, slots });
    return said !== '';
  }

  #seal(key: 'signature' | 'data', holder: JsonObject, block: number): void {
    const value = text(holder[key]);
    if (value === undefined || this.#recorder === undefined) return;
    const field = key === 'data' ? 'encrypted' : 'signature';
    const slots = slot(field, [...this.#at, key]);
    this.#recorder.add({ type: 'reasoning-seal', ...placeOf(block), [field]: value, slots });
  }

  #citations(citations: readonly unknown[], block: number, path: Path | undefined): void {
    const slots: Slot[] =
      path === undefined
        ? [{ field: 'citation', path: ['delta', 'citation'] }]
        : [{ field: 'citations', path }];
    this.#recorder?.add({ type: 'citations', ...placeOf(block), citations, slots });
  }

  #call(block: JsonObject, index: number): void {
    const id = text(block.id);
    const name = text(block.name);
    const call = this.#fold.choice(0).toolCall(index, id, name);
    call.id = id;
    call.name = name;
    this.#open.set(index, { call, input: block.input });
    if (this.#recorder === undefined) return;
    const place = { ...placeOf(index), call: call.position };
    const slots: Slot[] = [];
    if (id !== undefined) slots.push({ field: 'id', path: [...this.#at, 'id'] });
    if (name !== undefined) slots.push({ field: 'name', path: [...this.#at, 'name'] });
    this.#recorder.add({ type: 'tool-call', ...place, kind: 'function', id, name, slots });
    if (!isObject(block.input) || Object.keys(block.input).length === 0) return;
    const inputSlots = slot('input', [...this.#at, 'input']);
    this.#recorder.add({ type: 'tool-input', ...place, input: block.input, slots: inputSlots });
  }

  /** A piece of a call's input. Those of server tools belong to no call the application makes. */
  #input(piece: unknown, index: number): boolean {
    const open = this.#open.get(index);
    if (open === undefined || typeof piece !== 'string') return piece !== '';
    open.call.arguments += piece;
    const slots = this.#recorder && slot('text', [...DELTA, 'partial_json']);
    if (slots) {
      const place = { ...placeOf(index), call: open.call.position };
      this.#recorder?.add({ type: 'tool-arguments', ...place, text: piece, slots });
    }
    return piece !== '';
  }
}

function indexOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function placeOf(block: number): Pick<TextEvent, 'choice' | 'block' | 'part'> {
  return { choice: 0, block, part: 0 };
}
