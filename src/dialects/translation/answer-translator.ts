import { MessagesAnswerWriter } from '../anthropic-messages/answer-writer.js';
import type { CanonicalEvent, CanonicalSink } from '../canonical-events.js';
import { createWriter } from '../create-writer.js';
import type { DialectName, StreamedEvent } from '../dialect.js';
import { ChatAnswerWriter } from '../openai-chat/answer-writer.js';
import { CompletionsAnswerWriter } from '../openai-completions/answer-writer.js';
import { ResponsesAnswerWriter } from '../openai-responses/answer-writer.js';
import type { AnswerContext, AnswerWriter } from './answer-writer.js';
import type { AnswerTranslation } from './translate-request.js';
import { UnwrapTools } from './unwrap-tools.js';

/** Translates one answer, event by event, while its reader reads it: it is that reader's sink. */
export class AnswerTranslator implements CanonicalSink {
  /** What stood around the events is not looked at. */
  readonly skipsFrames = true;
  readonly #translation: AnswerTranslation;
  readonly #writer: AnswerWriter;
  readonly #sink: CanonicalSink;
  #hasEnded = false;

  constructor(translation: AnswerTranslation, now: () => number) {
    this.#translation = translation;
    const { from, to, request, includeUsage, wrappedTools, answerTool } = translation;
    this.#writer = createAnswerWriter(to, { from, request, includeUsage, now });
    const isWrapped = answerTool !== undefined || (wrappedTools?.size ?? 0) > 0;
    this.#sink = isWrapped ? new UnwrapTools(this.#writer, translation) : this.#writer;
  }

  /** The caller's dialect. */
  get to(): DialectName {
    return this.#translation.to;
  }

  /** What could not be said. */
  get lost(): ReadonlySet<string> {
    return this.#writer.lost;
  }

  onEvent(event: CanonicalEvent): void {
    if (event.type === 'end') this.#hasEnded = true;
    this.#sink.onEvent(event);
  }

  /** The answer is complete, whether or not its end was marked. */
  end(): void {
    if (!this.#hasEnded) this.onEvent({ type: 'end' });
  }

  /** The events that were written since this was last asked. */
  take(): readonly StreamedEvent[] {
    return this.#writer.take();
  }

  /** What was written, as the body that it amounts to. */
  body(): unknown {
    this.end();
    return createWriter(this.#translation.to).body(this.take());
  }
}

function createAnswerWriter(dialect: DialectName, context: AnswerContext): AnswerWriter {
  switch (dialect) {
    case 'openai-responses':
      return new ResponsesAnswerWriter(context);
    case 'anthropic-messages':
      return new MessagesAnswerWriter(context);
    case 'openai-completions':
      return new CompletionsAnswerWriter(context);
    default:
      return new ChatAnswerWriter(context);
  }
}
