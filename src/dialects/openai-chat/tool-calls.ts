import type { Path, Slot, ToolCallEvent } from '../canonical-events.js';
import { isObject, type JsonObject, stringify, text } from '../json.js';
import { type Recorder, slot } from '../recorder.js';
import type { ChoiceFold, ToolCallFold } from '../response-fold.js';

type Kind = ToolCallEvent['kind'];

const NO_CALL: JsonObject = {};

/** Which call of which choice a piece belongs to, and where it stood. */
export interface CallAt {
  readonly choice: number;
  readonly call: number;
  readonly at: Path;
}

/** One call, or a piece of one, in a message. */
export class ToolCallPiece {
  readonly #kind: Kind;
  readonly #id: string | undefined;
  readonly #name: string | undefined;
  readonly #index: number | undefined;
  readonly #piece: unknown;

  constructor(value: JsonObject, legacy = false) {
    this.#kind = legacy ? 'legacy' : isObject(value.custom) ? 'custom' : 'function';
    const inner = legacy ? value : value[this.#kind];
    const call = isObject(inner) ? inner : NO_CALL;
    this.#id = text(value.id);
    this.#name = text(call.name);
    this.#index = typeof value.index === 'number' ? value.index : undefined;
    this.#piece = call[this.#member];
  }

  /** Whether it says nothing: Snowflake puts an empty `function_call` into every message. */
  get empty(): boolean {
    return this.#id === undefined && this.#name === undefined && !this.#piece;
  }

  /** Adds the piece to the call it belongs to. */
  addTo(choice: ChoiceFold): ToolCallFold {
    const call = choice.toolCall(this.#index, this.#id, this.#name);
    call.id ??= this.#id;
    call.name ??= this.#name;
    const piece = this.#piece;
    if (typeof piece === 'string') call.arguments += piece;
    else if (isObject(piece)) call.arguments += stringify(piece);
    return call;
  }

  /** Records the piece. */
  record(recorder: Recorder, { choice, call, at }: CallAt): void {
    const inner = this.#kind === 'legacy' ? at : [...at, this.#kind];
    const place = { choice, block: 0, part: call, call };
    const id = this.#id;
    const name = this.#name;
    if (id !== undefined || name !== undefined) {
      const slots: Slot[] = [];
      if (id !== undefined) slots.push({ field: 'id', path: [...at, 'id'] });
      if (name !== undefined) slots.push({ field: 'name', path: [...inner, 'name'] });
      recorder.add({ type: 'tool-call', ...place, kind: this.#kind, id, name, slots });
    }
    const piece = this.#piece;
    const path = [...inner, this.#member];
    if (typeof piece === 'string') {
      recorder.add({ type: 'tool-arguments', ...place, text: piece, slots: slot('text', path) });
    } else if (isObject(piece)) {
      recorder.add({ type: 'tool-input', ...place, input: piece, slots: slot('input', path) });
    }
  }

  get #member(): 'input' | 'arguments' {
    return this.#kind === 'custom' ? 'input' : 'arguments';
  }
}
