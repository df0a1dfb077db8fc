import type {
  CanonicalEvent,
  CanonicalSink,
  Place,
  ToolArgumentsEvent,
  ToolCallEvent,
  ToolInputEvent,
} from '../canonical-events.js';
import { isObject, stringify } from '../json.js';
import type { WrittenRequest } from './request-codec.js';
import { WrappedText } from './wrapped-text.js';

/**
 * Undoes in an answer what its request was written with: a custom tool that was written as a function gets its text
 * back, and the arguments of the function that stood for structured output become the answer's text.
 */
export class UnwrapTools implements CanonicalSink {
  readonly #next: CanonicalSink;
  readonly #wrapped: ReadonlySet<string>;
  readonly #answerTool: string | undefined;
  /** Calls of the answer's function, by choice and number. */
  readonly #answers = new Set<string>();
  readonly #texts = new Map<string, WrappedText>();
  #hasCalls = false;

  constructor(next: CanonicalSink, { wrappedTools, answerTool }: Omit<WrittenRequest, 'body'>) {
    this.#next = next;
    this.#wrapped = wrappedTools ?? new Set();
    this.#answerTool = answerTool;
  }

  onEvent(event: CanonicalEvent): void {
    switch (event.type) {
      case 'tool-call':
        this.#call(event);
        break;
      case 'tool-arguments':
      case 'tool-input':
        this.#arguments(event);
        break;
      case 'finish':
        // That call was no call.
        this.#next.onEvent(
          this.#answers.size > 0 && !this.#hasCalls && CALLS.has(event.reason)
            ? { ...event, reason: 'stop' }
            : event,
        );
        break;
      default:
        this.#next.onEvent(event);
    }
  }

  #call(event: ToolCallEvent): void {
    const key = keyOf(event);
    if (this.#answers.has(key)) return;
    if (event.name !== undefined && event.name === this.#answerTool) {
      this.#answers.add(key);
      return;
    }
    this.#hasCalls = true;
    if (event.name !== undefined && this.#wrapped.has(event.name)) {
      this.#texts.set(key, new WrappedText());
      this.#next.onEvent({ ...event, kind: 'custom' });
    } else this.#next.onEvent(event);
  }

  #arguments(event: ToolArgumentsEvent | ToolInputEvent): void {
    const key = keyOf(event);
    const { choice, block, part } = event;
    const words = event.type === 'tool-input' ? stringify(event.input) : event.text;
    if (this.#answers.has(key)) {
      this.#next.onEvent({ type: 'text', choice, block, part, text: words });
      return;
    }
    const wrapped = this.#texts.get(key);
    if (wrapped === undefined) {
      this.#next.onEvent(event);
      return;
    }
    const isWhole = event.type === 'tool-input' && isObject(event.input);
    const text = isWhole ? String(event.input.input ?? '') : wrapped.push(words);
    if (text !== '') {
      this.#next.onEvent({ type: 'tool-arguments', choice, block, part, call: event.call, text });
    }
  }
}

const CALLS: ReadonlySet<string> = new Set(['tool_use', 'tool_calls', 'function_call']);

function keyOf({ choice, call }: Pick<Place, 'choice'> & { readonly call: number }): string {
  return `${choice}/${call}`;
}
