import type { StartEvent, TextEvent } from '../canonical-events.js';
import { DONE } from '../frame-writer.js';
import type { JsonObject } from '../json.js';
import { type AnswerContext, AnswerWriter } from '../translation/answer-writer.js';
import { finishMeaning } from '../translation/finish-meaning.js';
import { chatUsage } from '../translation/spell-usage.js';

/** Writes the chunks of a legacy completion: text, and how it finished. */
export class CompletionsAnswerWriter extends AnswerWriter {
  #head: JsonObject;

  constructor(context: AnswerContext) {
    super(context);
    this.#head = { id: '', object: 'text_completion', created: context.now(), model: '' };
  }

  protected override start({ id, model, created }: StartEvent): void {
    this.#head = {
      ...this.#head,
      ...(id !== undefined && { id }),
      ...(model !== undefined && { model }),
      ...(created !== undefined && { created }),
    };
  }

  protected override say({ text }: TextEvent): void {
    this.#choice(text, null);
  }

  protected override end(): void {
    const meaning = finishMeaning(this.finish?.reason ?? 'stop', false);
    const words = { length: 'length', filter: 'content_filter' } as const;
    this.#choice('', meaning === 'length' || meaning === 'filter' ? words[meaning] : 'stop');
    if (this.context.includeUsage && this.usage) {
      this.write(null, { ...this.#head, choices: [], usage: chatUsage(this.usage) });
    }
    this.writeEvent(DONE);
  }

  #choice(text: string, reason: string | null): void {
    const choice = { index: 0, text, logprobs: null, finish_reason: reason };
    this.write(null, { ...this.#head, choices: [choice] });
  }
}
