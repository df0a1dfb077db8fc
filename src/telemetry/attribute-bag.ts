import type { Attributes, Span } from '@opentelemetry/api';

/** Attributes a span may have, as SDKs and backends are set by default. */
export const MAX_ATTRIBUTES = 128;
/** Characters a text may have; content has a limit of its own. */
export const MAX_VALUE_CHARS = 1_024;
/** Members a list may have. */
const MAX_LIST = 64;

type Value = NonNullable<Attributes[string]>;

/**
 * Attributes of one span, each checked and cut to size as it is set. What is not what it should be is left
 * out. No name is set twice.
 */
export class AttributeBag {
  // Two lists, and an object only for whoever wants one: objects of so many members are slow to make.
  readonly #names: string[] = [];
  readonly #values: Value[] = [];
  readonly #taken: number;

  /** `taken` attributes are on the span already. */
  constructor(taken = 0) {
    this.#taken = taken;
  }

  /** How many attributes the span has with these. */
  get size(): number {
    return this.#taken + this.#names.length;
  }

  /** The attributes as an object. */
  get values(): Attributes {
    const values: Attributes = {};
    for (const [index, name] of this.#names.entries()) values[name] = this.#values[index];
    return values;
  }

  /** Puts the attributes on a span. */
  putOn(span: Span): void {
    for (let index = 0; index < this.#names.length; index += 1) {
      const [name, value] = [this.#names[index], this.#values[index]];
      if (name !== undefined && value !== undefined) span.setAttribute(name, value);
    }
  }

  /** Sets what has been checked already. */
  set(name: string, value: Value): void {
    if (this.size >= MAX_ATTRIBUTES) return;
    this.#names.push(name);
    this.#values.push(value);
  }

  text(name: string, value: unknown): void {
    if (typeof value === 'string' && value !== '') this.set(name, cut(value));
  }

  /** A finite number. */
  number(name: string, value: unknown): void {
    if (typeof value === 'number' && Number.isFinite(value)) this.set(name, value);
  }

  /** A whole number. */
  whole(name: string, value: unknown): void {
    if (Number.isSafeInteger(value)) this.number(name, value);
  }

  texts(name: string, value: unknown): void {
    if (!Array.isArray(value) || value.length === 0) return;
    const texts = value.filter((member) => typeof member === 'string').slice(0, MAX_LIST);
    if (texts.length > 0) this.set(name, texts.map(cut));
  }
}

/** A text of at most {@link MAX_VALUE_CHARS} characters. */
export function cut(text: string): string {
  // A pair of surrogates that was cut in two is no text.
  return text.length > MAX_VALUE_CHARS ? text.slice(0, MAX_VALUE_CHARS).toWellFormed() : text;
}
