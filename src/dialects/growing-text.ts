/** Text below this is not worth flattening, in characters. */
const FLATTEN_FROM = 512;
/** The most that is kept in pieces, in characters. */
const MAX_PIECES = 256 * 1_024;

/**
 * A text that grows piece by piece. V8 keeps such a string as a rope, with every piece alive; whenever it has doubled,
 * or much has come, it is flattened, which asking for a character does.
 */
export class GrowingText {
  #text = '';
  #flattenAt = FLATTEN_FROM;

  get text(): string {
    return this.#text;
  }

  add(piece: string): void {
    const text = this.#text + piece;
    this.#text = text;
    if (text.length < this.#flattenAt) return;
    text.charCodeAt(text.length - 1);
    this.#flattenAt = text.length + Math.min(text.length, MAX_PIECES);
  }
}
