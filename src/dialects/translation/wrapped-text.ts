const HEAD = /^\s*\{\s*"input"\s*:\s*"/;
/** What can still become {@link HEAD}, in characters; anything longer is something else. */
const MAX_HEAD = 64;
/** An escape that is not complete yet, at the end of a piece. */
const OPEN_ESCAPE = /(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$/;
/** Up to the quote that ends the text. */
const BODY = /^(?:[^"\\]|\\.)*/s;

/** Takes the text out of `{"input": "…"}` as it comes in pieces. What is not of that form is passed as it is. */
export class WrappedText {
  #state: 'head' | 'text' | 'over' | 'plain' = 'head';
  #pending = '';

  /** The text that a piece brings. */
  push(piece: string): string {
    if (this.#state === 'plain') return piece;
    if (this.#state === 'over') return '';
    this.#pending += piece;
    if (this.#state === 'head') return this.#head();
    return this.#text();
  }

  #head(): string {
    const match = HEAD.exec(this.#pending);
    if (match) {
      this.#state = 'text';
      this.#pending = this.#pending.slice(match[0].length);
      return this.#text();
    }
    if (this.#pending.length < MAX_HEAD) return '';
    this.#state = 'plain';
    const pending = this.#pending;
    this.#pending = '';
    return pending;
  }

  #text(): string {
    const open = OPEN_ESCAPE.exec(this.#pending)?.[1] ?? '';
    const whole = this.#pending.slice(0, this.#pending.length - open.length);
    const [said = ''] = BODY.exec(whole) ?? [];
    if (said.length < whole.length) this.#state = 'over';
    this.#pending = open;
    return unescaped(said);
  }
}

function unescaped(text: string): string {
  try {
    return String(
      JSON.parse(`"${text.replace(/[\n\r\t]/g, (c) => JSON.stringify(c).slice(1, -1))}"`),
    );
  } catch {
    return text;
  }
}
