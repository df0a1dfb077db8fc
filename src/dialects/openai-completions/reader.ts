import type { CanonicalSink } from '../canonical-events.js';
import { ChoicesReader } from '../choices-reader.js';
import { isObject, type JsonObject } from '../json.js';
import { slot } from '../recorder.js';
import type { ChoiceFold } from '../response-fold.js';

/** Reads OpenAI's legacy completions, streamed or not. */
export class CompletionsReader extends ChoicesReader {
  constructor(sink?: CanonicalSink) {
    super('openai-completions', sink);
  }

  protected override content(choice: ChoiceFold, value: JsonObject, position: number): boolean {
    const { text, delta, message } = value;
    if (typeof text === 'string') {
      const content = this.#text(choice, text, ['choices', position, 'text']);
      // Together streams the same words as a chat delta beside the text.
      const copy = isObject(delta) ? delta.content : undefined;
      this.recorder?.addCopy(copy, ['choices', position, 'delta', 'content']);
      return content;
    }
    // A chat answer to a completions request (prompt endpoints of gateways).
    const said = isObject(message) ? message.content : undefined;
    if (typeof said !== 'string') return false;
    return this.#text(choice, said, ['choices', position, 'message', 'content']);
  }

  #text(choice: ChoiceFold, text: string, path: (string | number)[]): boolean {
    choice.say('text', text);
    this.recorder?.add({
      type: 'text',
      choice: choice.index,
      block: 0,
      part: 0,
      text,
      slots: slot('text', path),
    });
    return text !== '';
  }
}
