/** Text below this is not worth flattening, in characters. */
const FLATTEN_FROM = 512;
/** The most that is kept in pieces, in characters. */
const MAX_PIECES = 256 * 1_024;
const ANYTHING = /^/;

/** How long a text is to become before it is flattened again. */
export function flattenAt(length: number): number {
  return Math.max(FLATTEN_FROM, length + Math.min(length, MAX_PIECES));
}

/**
 * The same text in one piece. V8 keeps a string that grows as a rope, with every piece alive; a regular expression
 * flattens what it looks at. (Asking for a character does so, too, but where nobody wants the character the
 * optimising compiler leaves the question out.)
 */
export function flattened(text: string): string {
  return ANYTHING.test(text) ? text : '';
}

/** A text that grows piece by piece, and is kept flat: whenever it has doubled, or much has come. */
export class GrowingText {
  #text = '';
  #flattenAt = FLATTEN_FROM;

  get text(): string {
    return this.#text;
  }

  add(piece: string): void {
    this.#text += piece;
    if (this.#text.length < this.#flattenAt) return;
    this.#text = flattened(this.#text);
    this.#flattenAt = flattenAt(this.#text.length);
  }
}
