/** Characters of what was said in which a repetition may begin. */
const WINDOW = 2_048;
/** White space before new text that is waited out, in characters. */
const MAX_LEAD = 64;
/** From here on, the same beginning is no chance: the answer was begun anew. */
const STARTED_OVER = 48;

/** How a target may be expected to repeat what was said. */
export interface Manner {
  /** Fewest characters of the tail that count as a repetition. */
  readonly minTail: number;
  /** The same where all that was said is repeated. */
  readonly minWhole: number;
  /** Whether the last word counts by itself, from three letters on. */
  readonly words: boolean;
}

/** A target that was asked in words to go on. */
export const ASKED: Manner = { minTail: 8, minWhole: 3, words: true };
/** A target that goes on by itself where the text ends: short likenesses are the text's own (the rows of a table). */
export const PREFILLED: Manner = { minTail: 32, minWhole: 3, words: false };
/** One that says what it was given once more. */
export const ECHOED: Manner = { minTail: 32, minWhole: 1, words: false };

/**
 * Takes out of the text that goes on with an answer what repeats the end of that answer: the longest tail that
 * the new text begins with, or the answer itself where it was begun anew. Text is held back only for as long as
 * it may be a repetition.
 */
export class OverlapCutter {
  readonly #said: string;
  readonly #manner: Manner;
  readonly #exact: Repetition;
  /** The same without the white space that the new text begins with. */
  #trimmed: Repetition | undefined;
  #lead: number | undefined;
  #held = '';
  #cut: number | undefined;
  /** The new text began like the whole answer, and then went another way: it does not belong behind it. */
  hasStartedOver = false;

  constructor(said: string, manner: Manner) {
    this.#said = said;
    this.#manner = manner;
    this.#exact = new Repetition(said, [...tails(said, manner), ...blankTails(said)]);
  }

  /** Characters of the new text that are not handed over, or not yet. */
  get swallowed(): number {
    return this.#cut ?? this.#held.length;
  }

  /** What of the next piece, and of those that were held back, is new. */
  push(piece: string): string {
    if (this.#cut !== undefined) return piece;
    const before = this.#held.length;
    this.#held += piece;
    this.#exact.read(piece);
    this.#readTrimmed(before);
    return this.#isOpen ? '' : this.#decide();
  }

  /** No more text follows: what is new of that which was held back. */
  end(): string {
    return this.#cut === undefined ? this.#decide() : '';
  }

  get #isOpen(): boolean {
    if (this.#exact.isOpen || this.#trimmed?.isOpen) return true;
    return this.#lead === undefined && this.#held.length < MAX_LEAD;
  }

  #readTrimmed(before: number): void {
    if (this.#lead !== undefined) {
      this.#trimmed?.read(this.#held.slice(before));
      return;
    }
    const lead = this.#held.search(/\S/);
    if (lead < 0) return;
    this.#lead = lead;
    if (lead === 0) return;
    this.#trimmed = new Repetition(this.#said, tails(this.#said, this.#manner));
    this.#trimmed.read(this.#held.slice(lead));
  }

  #decide(): string {
    const exact = this.#exact;
    const trimmed = this.#trimmed;
    const withLead = trimmed && trimmed.longest > 0 ? (this.#lead ?? 0) + trimmed.longest : 0;
    this.#cut = Math.max(exact.longest, withLead);
    if (this.#cut === 0) {
      this.hasStartedOver = Math.max(exact.fromStart, trimmed?.fromStart ?? 0) >= STARTED_OVER;
    }
    const fresh = this.#held.slice(this.#cut);
    this.#held = '';
    return fresh;
  }
}

/** Reads new text beside every place of what was said in which it may be repeated from. */
class Repetition {
  readonly #said: string;
  readonly #start: number;
  /** The places that still fit. */
  #places: number[];
  #length = 0;
  /** The longest tail that was read in full. */
  longest = 0;
  /** How much of the beginning was read. */
  fromStart = 0;

  constructor(said: string, places: Iterable<number>) {
    this.#said = said;
    this.#start = startOf(said);
    this.#places = [...new Set(places)];
  }

  get isOpen(): boolean {
    return this.#places.length > 0;
  }

  read(piece: string): void {
    const said = this.#said;
    for (let at = 0; at < piece.length && this.#places.length > 0; at += 1) {
      const code = piece.charCodeAt(at);
      const length = this.#length;
      this.#places = this.#places.filter((place) => said.charCodeAt(place + length) === code);
      this.#length += 1;
      this.#places = this.#places.filter((place) => this.#goesOn(place));
    }
  }

  #goesOn(place: number): boolean {
    if (place === 0 || place === this.#start) this.fromStart = this.#length;
    if (place + this.#length < this.#said.length) return true;
    this.longest = Math.max(this.longest, this.#length);
    return false;
  }
}

/** The places from which a repetition may reach to the end. */
function* tails(said: string, { minTail, minWhole, words }: Manner): Generator<number> {
  for (const whole of [0, startOf(said)]) if (said.length - whole >= minWhole) yield whole;
  const last = said.length - minTail;
  for (let place = Math.max(0, said.length - WINDOW); place <= last; place += 1) yield place;
  const word = words ? /\p{L}{3,}$/u.exec(said.slice(-WINDOW)) : null;
  if (word) yield said.length - word[0].length;
}

/** White space at the end is not doubled, however little it is. */
function* blankTails(said: string): Generator<number> {
  const end = Math.max(said.trimEnd().length, said.length - WINDOW);
  for (let place = end; place < said.length; place += 1) yield place;
}

/** Where the words begin. */
function startOf(said: string): number {
  return said.length - said.trimStart().length;
}
