import type { CanonicalSink, Path, Place, Slot } from '../canonical-events.js';
import { ChoicesReader } from '../choices-reader.js';
import { isObject, type JsonObject, text } from '../json.js';
import { keyOf, slot } from '../recorder.js';
import type { ChoiceFold } from '../response-fold.js';
import { ToolCallPiece } from './tool-calls.js';

const NOWHERE: Path = [];
const REASONING: ReadonlySet<string> = new Set(['reasoning', 'reasoning_content']);

type Words = 'text' | 'refusal' | 'reasoning';
type WordsKey = 'content' | 'refusal' | 'reasoning' | 'reasoning_content';

/** Words and where they stood. */
interface Said {
  readonly type: Words;
  readonly text: string;
  readonly path: Path;
}

/** What the text of a content part is, and where the part stands. */
interface PartAt {
  readonly type: Words;
  readonly at: Path;
}

/** Reads OpenAI chat completions, streamed or not, and what compatible servers send in their name. */
export class ChatReader extends ChoicesReader {
  /** Where the message being read stands; only kept for the recorder. */
  #at: Path = NOWHERE;
  /** Whether this message has said its reasoning: some servers send it under several names. */
  #reasoned = false;

  constructor(sink?: CanonicalSink) {
    super('openai-chat', sink);
  }

  protected override content(choice: ChoiceFold, value: JsonObject, position: number): boolean {
    const { delta, message } = value;
    const holder = isObject(delta) && !(this.whole && isObject(message)) ? 'delta' : 'message';
    const said = holder === 'delta' ? delta : message;
    if (!isObject(said)) return false;
    if (this.recorder !== undefined) this.#at = ['choices', position, holder];
    const content = this.#message(choice, said);
    // Perplexity repeats the whole message so far beside each delta.
    if (holder === 'delta' && isObject(message)) {
      const path = ['choices', position, 'message', 'content'];
      this.recorder?.addEcho(keyOf('text', placeOf(choice)), message.content, path);
    }
    return content;
  }

  /**
   * Reads a delta or a message key by key, so that nothing it brings is overlooked. In a whole message the reasoning
   * mostly stands behind what it led to; it is read first.
   */
  #message(choice: ChoiceFold, message: JsonObject): boolean {
    let content = false;
    this.#reasoned = false;
    for (const key of REASONING) {
      const value = this.whole ? (message[key] ?? null) : null;
      if (value !== null && this.#member(choice, key, value)) content = true;
    }
    const { reasoning_details: details } = message;
    if (this.whole && Array.isArray(details)) this.#reasoningDetails(choice, details);
    for (const key in message) {
      const value = message[key];
      if (this.whole && REASONING.has(key)) continue;
      if (value !== null && this.#member(choice, key, value)) content = true;
    }
    if (!this.whole && Array.isArray(details)) this.#reasoningDetails(choice, details);
    return content;
  }

  /** Reads one member of a message; true where it is content. */
  #member(choice: ChoiceFold, key: string, value: unknown): boolean {
    switch (key) {
      case 'role':
        return false;
      case 'content':
        return Array.isArray(value)
          ? this.#contentParts(choice, value)
          : this.#words(choice, key, value);
      case 'refusal':
        return this.#words(choice, key, value);
      case 'reasoning':
      case 'reasoning_content':
        return this.#reasoning(choice, key, value);
      case 'tool_calls':
        return Array.isArray(value) && this.#toolCalls(choice, value);
      case 'function_call':
        return isObject(value) && this.#functionCall(choice, value);
      case 'audio':
        return isObject(value) && this.#audio(choice, value);
      case 'annotations':
        return Array.isArray(value) && this.#annotations(choice, value);
      default:
        return !isEmpty(value);
    }
  }

  #words(choice: ChoiceFold, key: WordsKey, value: unknown): boolean {
    if (typeof value !== 'string') return !isEmpty(value);
    const type = key === 'content' ? 'text' : key === 'refusal' ? key : 'reasoning';
    choice.say(type, value);
    if (this.recorder) this.#record(choice, { type, text: value, path: [...this.#at, key] });
    return value !== '';
  }

  #reasoning(choice: ChoiceFold, key: WordsKey, value: unknown): boolean {
    if (value === '' || !this.#reasoned) {
      this.#reasoned = value !== '';
      return this.#words(choice, key, value);
    }
    this.recorder?.addCopy(value, [...this.#at, key]);
    return true;
  }

  /** Mistral's content: a list of text and thinking. */
  #contentParts(choice: ChoiceFold, parts: readonly unknown[]): boolean {
    parts.forEach((part, index) => {
      if (!isObject(part)) return;
      this.#part(choice, part, { type: 'text', at: [...this.#at, 'content', index] });
      if (!Array.isArray(part.thinking)) return;
      part.thinking.forEach((thought: unknown, position) => {
        const at = [...this.#at, 'content', index, 'thinking', position];
        if (isObject(thought)) this.#part(choice, thought, { type: 'reasoning', at });
      });
    });
    return parts.length > 0;
  }

  #part(choice: ChoiceFold, part: JsonObject, { type, at }: PartAt): void {
    if (typeof part.text !== 'string') return;
    choice.say(type, part.text);
    this.#record(choice, { type, text: part.text, path: [...at, 'text'] });
  }

  #record(choice: ChoiceFold, { type, text: said, path }: Said): void {
    this.recorder?.add({ type, ...placeOf(choice), text: said, slots: slot('text', path) });
  }

  /** OpenRouter's structured reasoning; its words count only where they stand nowhere else. */
  #reasoningDetails(choice: ChoiceFold, details: readonly unknown[]): void {
    const counted = this.#reasoned;
    details.forEach((detail, index) => {
      if (!isObject(detail)) return;
      const key = typeof detail.summary === 'string' ? 'summary' : 'text';
      const said = text(detail[key]);
      const at = [...this.#at, 'reasoning_details', index];
      if (said !== undefined && counted) this.recorder?.addCopy(said, [...at, key]);
      else if (said !== undefined) {
        choice.say('reasoning', said);
        this.#record(choice, { type: 'reasoning', text: said, path: [...at, key] });
      }
      this.#seal(choice, detail, at);
    });
  }

  #seal(choice: ChoiceFold, detail: JsonObject, at: Path): void {
    const signature = text(detail.signature);
    const encrypted = text(detail.data);
    if (signature === undefined && encrypted === undefined) return;
    this.recorder?.add({
      type: 'reasoning-seal',
      ...placeOf(choice),
      signature,
      encrypted,
      slots: [
        ...(signature === undefined ? [] : slot('signature', [...at, 'signature'])),
        ...(encrypted === undefined ? [] : slot('encrypted', [...at, 'data'])),
      ],
    });
  }

  #toolCalls(choice: ChoiceFold, calls: readonly unknown[]): boolean {
    for (let position = 0; position < calls.length; position += 1) {
      const value = calls[position];
      if (isObject(value)) this.#toolCall(choice, new ToolCallPiece(value), 'tool_calls', position);
    }
    return calls.length > 0;
  }

  #functionCall(choice: ChoiceFold, value: JsonObject): boolean {
    const piece = new ToolCallPiece(value, true);
    return !piece.empty && this.#toolCall(choice, piece, 'function_call');
  }

  #toolCall(choice: ChoiceFold, piece: ToolCallPiece, ...at: Path): boolean {
    const call = piece.addTo(choice);
    if (this.recorder) {
      const where = { choice: choice.index, call: call.position, at: [...this.#at, ...at] };
      piece.record(this.recorder, where);
    }
    return true;
  }

  #audio(choice: ChoiceFold, audio: JsonObject): boolean {
    if (this.recorder === undefined) return true;
    const at = [...this.#at, 'audio'];
    const slots: Slot[] = [];
    const note = (field: string, key: string): unknown => {
      const value = audio[key];
      if (text(value) ?? typeof value === 'number') slots.push({ field, path: [...at, key] });
      return value;
    };
    const expiresAt = note('expiresAt', 'expires_at');
    this.recorder.add({
      type: 'audio',
      ...placeOf(choice),
      id: text(note('id', 'id')),
      data: text(note('data', 'data')),
      transcript: text(note('transcript', 'transcript')),
      expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined,
      slots,
    });
    return true;
  }

  #annotations(choice: ChoiceFold, citations: readonly unknown[]): boolean {
    if (citations.length === 0) return false;
    const path = this.recorder && [...this.#at, 'annotations'];
    if (path) {
      const slots = slot('citations', path);
      this.recorder?.add({ type: 'citations', ...placeOf(choice), citations, slots });
    }
    return true;
  }
}

function placeOf(choice: ChoiceFold): Place {
  return { choice: choice.index, block: 0, part: 0 };
}

/** Whether a value says nothing: an empty string, list or object. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === '' || value === undefined;
  return Object.keys(value).length === 0;
}
