import type { ToolCallEvent } from '../canonical-events.js';
import { GrowingText } from '../growing-text.js';
import type { JsonObject } from '../json.js';

/** Writes one event. */
export type Emit = (type: string, members: JsonObject) => void;

export type ItemStatus = 'completed' | 'incomplete';

/** What an item is called, and its place in the output. */
export interface ItemPlace {
  readonly id: string;
  readonly index: number;
}

/** An item of the output that is being written. One is open at a time. */
export abstract class OpenItem {
  readonly #place: ItemPlace;
  readonly #emit: Emit;

  constructor(place: ItemPlace, emit: Emit) {
    this.#place = place;
    this.#emit = emit;
  }

  /** Ends the item, and gives the whole of it. */
  close(status: ItemStatus): JsonObject {
    this.end();
    const item = this.item(status);
    this.#emit('response.output_item.done', { output_index: this.#place.index, item });
    return item;
  }

  /** Ends what is open in it. */
  protected abstract end(): void;

  /** The item as far as it has come. */
  protected abstract item(status: ItemStatus | 'in_progress'): JsonObject;

  protected get id(): string {
    return this.#place.id;
  }

  /** Announces the item. */
  protected add(): void {
    const item = this.item('in_progress');
    this.#emit('response.output_item.added', { output_index: this.#place.index, item });
  }

  /** Writes an event about something in the item. */
  protected tell(type: string, members: JsonObject): void {
    this.#emit(type, { item_id: this.#place.id, output_index: this.#place.index, ...members });
  }
}

/** Reasoning: what was said of it stands as its summary, which is what users of the SDK are shown. */
export class ReasoningItem extends OpenItem {
  readonly #summary: JsonObject[] = [];
  #key: string | undefined;
  #said = new GrowingText();
  #encrypted: string | undefined;

  constructor(place: ItemPlace, emit: Emit) {
    super(place, emit);
    this.add();
  }

  /** Adds words to the part that `key` names. */
  think(key: string, words: string): void {
    if (this.#key !== key) {
      this.end();
      this.#key = key;
      this.#tellPart('added');
    }
    this.#said.add(words);
    this.tell('response.reasoning_summary_text.delta', { ...this.#at, delta: words });
  }

  /** Notes what the reasoning's provider wants back. */
  seal(encrypted: string): void {
    this.#encrypted = encrypted;
  }

  protected override end(): void {
    if (this.#key === undefined) return;
    this.tell('response.reasoning_summary_text.done', { ...this.#at, text: this.#said.text });
    this.#tellPart('done');
    this.#summary.push({ type: 'summary_text', text: this.#said.text });
    this.#key = undefined;
    this.#said = new GrowingText();
  }

  protected override item(): JsonObject {
    const encrypted = this.#encrypted;
    return {
      id: this.id,
      type: 'reasoning',
      summary: [...this.#summary],
      ...(encrypted !== undefined && { encrypted_content: encrypted }),
    };
  }

  get #at(): JsonObject {
    return { summary_index: this.#summary.length };
  }

  #tellPart(what: 'added' | 'done'): void {
    const part = { type: 'summary_text', text: this.#said.text };
    this.tell(`response.reasoning_summary_part.${what}`, { ...this.#at, part });
  }
}

/** What is known of a call when it begins. */
export interface CallHead {
  readonly kind: ToolCallEvent['kind'];
  readonly callId: string;
  readonly name: string;
}

/** A call of one of the application's tools. */
export class CallItem extends OpenItem {
  readonly #head: CallHead;
  readonly #isCustom: boolean;
  readonly #words = new GrowingText();

  constructor(place: ItemPlace, head: CallHead, emit: Emit) {
    super(place, emit);
    this.#head = head;
    this.#isCustom = head.kind === 'custom';
    this.add();
  }

  /** Whether nothing was written of its arguments. */
  get isEmpty(): boolean {
    return this.#words.text === '';
  }

  write(words: string): void {
    this.#words.add(words);
    this.tell(`response.${this.#event}.delta`, { delta: words });
  }

  /** Anthropic says nothing where there are no arguments; here it is an empty object. */
  protected override end(): void {
    if (this.isEmpty && !this.#isCustom) this.write('{}');
    this.tell(`response.${this.#event}.done`, { [this.#member]: this.#words.text });
  }

  protected override item(status: string): JsonObject {
    const { callId, name } = this.#head;
    return {
      id: this.id,
      type: this.#isCustom ? 'custom_tool_call' : 'function_call',
      status,
      call_id: callId,
      name,
      [this.#member]: this.#words.text,
    };
  }

  get #event(): string {
    return this.#isCustom ? 'custom_tool_call_input' : 'function_call_arguments';
  }

  get #member(): 'input' | 'arguments' {
    return this.#isCustom ? 'input' : 'arguments';
  }
}
