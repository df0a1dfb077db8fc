import type { Usage } from '../../pipeline/settlement.js';
import type { CanonicalEvent } from '../canonical-events.js';
import { DONE } from '../frame-writer.js';
import type { JsonObject } from '../json.js';
import { type AnswerContext, AnswerWriter } from '../translation/answer-writer.js';
import { finishMeaning } from '../translation/finish-meaning.js';
import { overlaid } from '../translation/overlay-usage.js';
import { chatUsage } from '../translation/spell-usage.js';

/** Writes the chunks of a legacy completion: text, and how it finished. */
export class CompletionsAnswerWriter extends AnswerWriter {
  #head: JsonObject;
  #isOver = false;
  #usage: Usage | undefined;
  readonly #reasons = new Map<number, string>();

  constructor(context: AnswerContext) {
    super(context);
    this.#head = { id: '', object: 'text_completion', created: context.now(), model: '' };
  }

  override onEvent(event: CanonicalEvent): void {
    switch (event.type) {
      case 'start': {
        const { id, model, created } = event;
        this.#head = {
          ...this.#head,
          ...(id !== undefined && { id }),
          ...(model !== undefined && { model }),
          ...(created !== undefined && { created }),
        };
        break;
      }
      case 'text':
      case 'refusal':
        if (event.text !== '') this.#choice(event.choice, event.text, null);
        break;
      case 'finish':
        this.#reasons.set(event.choice, event.reason);
        break;
      case 'usage':
        this.#usage = overlaid(this.#usage, event.usage, this.context.from);
        break;
      case 'end':
        this.#end();
        break;
      default:
        break;
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#reasons.size === 0) this.#reasons.set(0, 'stop');
    for (const [choice, reason] of this.#reasons) {
      const meaning = finishMeaning(reason, false);
      const word =
        meaning === 'length' ? 'length' : meaning === 'filter' ? 'content_filter' : 'stop';
      this.#choice(choice, '', word);
    }
    if (this.context.includeUsage && this.#usage) {
      this.write(null, { ...this.#head, choices: [], usage: chatUsage(this.#usage) });
    }
    this.writeEvent(DONE);
  }

  #choice(index: number, text: string, reason: string | null): void {
    const choice = { index, text, logprobs: null, finish_reason: reason };
    this.write(null, { ...this.#head, choices: [choice] });
  }
}
