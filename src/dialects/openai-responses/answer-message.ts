import { GrowingText } from '../growing-text.js';
import type { JsonObject } from '../json.js';
import { type UrlCitation, writeCitation } from './answer-citations.js';
import { type Emit, type ItemPlace, type ItemStatus, OpenItem } from './answer-items.js';

type Words = 'text' | 'refusal';

/** The part of a message that is being written. */
interface OpenPart {
  readonly type: Words;
  /** Which part of the answer it is. */
  readonly key: string;
  readonly text: GrowingText;
  readonly annotations: JsonObject[];
  readonly logprobs: unknown[];
  /** Sources whose place is the whole of the text, which is not yet known. */
  readonly unplaced: UrlCitation[];
}

/** What an assistant says: texts and refusals, a part each. */
export class MessageItem extends OpenItem {
  readonly #content: JsonObject[] = [];
  #part: OpenPart | undefined;
  /** The probabilities in the last delta: they come after its words. */
  #deltaLogprobs: unknown[] = [];

  constructor(place: ItemPlace, emit: Emit) {
    super(place, emit);
    this.add();
  }

  /** Begins a part, where another one is open. True where it did. */
  begin(type: Words, key: string): boolean {
    if (this.#part?.type === type && this.#part.key === key) return false;
    this.end();
    const part = {
      type,
      key,
      text: new GrowingText(),
      annotations: [],
      logprobs: [],
      unplaced: [],
    };
    this.#part = part;
    this.tell('response.content_part.added', { ...this.#at, part: written(part) });
    return true;
  }

  /** Adds words to the open part. */
  say(words: string): void {
    const part = this.#part;
    if (part === undefined) return;
    part.text.add(words);
    if (part.type === 'refusal') {
      this.tell('response.refusal.delta', { ...this.#at, delta: words });
      return;
    }
    this.#deltaLogprobs = [];
    const logprobs = this.#deltaLogprobs;
    this.tell('response.output_text.delta', { ...this.#at, delta: words, logprobs });
  }

  /** Whether the open part is the text of this key. */
  isAt(key: string): boolean {
    return this.#part?.type === 'text' && this.#part.key === key;
  }

  /** Adds a source of the open part. */
  cite(citation: UrlCitation): void {
    if (citation.span === undefined) this.#part?.unplaced.push(citation);
    else this.#annotate(citation);
  }

  /** Adds the probabilities of what was said last. */
  weigh(logprobs: readonly unknown[]): void {
    if (this.#part?.type !== 'text') return;
    this.#part.logprobs.push(...logprobs);
    this.#deltaLogprobs.push(...logprobs);
  }

  protected override end(): void {
    const part = this.#part;
    if (part === undefined) return;
    for (const citation of part.unplaced) this.#annotate(citation);
    const { logprobs } = part;
    const { text } = part.text;
    if (part.type === 'refusal') this.tell('response.refusal.done', { ...this.#at, refusal: text });
    else this.tell('response.output_text.done', { ...this.#at, text, logprobs });
    this.tell('response.content_part.done', { ...this.#at, part: written(part) });
    this.#content.push(written(part));
    this.#part = undefined;
  }

  protected override item(status: ItemStatus | 'in_progress'): JsonObject {
    const content = [...this.#content];
    return { id: this.id, type: 'message', status, role: 'assistant', content };
  }

  get #at(): JsonObject {
    return { content_index: this.#content.length };
  }

  #annotate(citation: UrlCitation): void {
    if (this.#part === undefined) return;
    const { annotations, text } = this.#part;
    const annotation = writeCitation(citation, text.text.length);
    const at = { ...this.#at, annotation_index: annotations.length };
    this.tell('response.output_text.annotation.added', { ...at, annotation });
    annotations.push(annotation);
  }
}

/** A part as far as it has come. */
function written({ type, text: said, annotations, logprobs }: OpenPart): JsonObject {
  const { text } = said;
  if (type === 'refusal') return { type: 'refusal', refusal: text };
  return {
    type: 'output_text',
    annotations: [...annotations],
    logprobs: [...logprobs],
    text,
  };
}
