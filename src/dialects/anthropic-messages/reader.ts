import type { CanonicalSink, Path } from '../canonical-events.js';
import type { Weight } from '../dialect.js';
import { hasError } from '../failures.js';
import { FoldingReader } from '../folding-reader.js';
import { isObject, type JsonObject, list, text } from '../json.js';
import { slot } from '../recorder.js';
import { anthropicUsage, overlayUsage } from '../usage.js';
import { BlockReader } from './blocks.js';

/** Reads Anthropic messages, streamed or not. */
export class MessagesReader extends FoldingReader {
  readonly #blocks = new BlockReader(this.fold, this.recorder);

  constructor(sink?: CanonicalSink) {
    super({ dialect: 'anthropic-messages', normaliseUsage: anthropicUsage, sink });
  }

  protected override event(name: string | null, data: unknown): Weight {
    if (!isObject(data)) return this.unreadable('malformed', 'An event is not a JSON object.');
    const type = text(data.type) ?? name;
    switch (type) {
      case 'content_block_delta':
        return this.#blocks.delta(data) ? 'content' : 'silent';
      case 'content_block_start':
        return this.#blocks.start(data) ? 'content' : 'silent';
      case 'content_block_stop':
        this.#blocks.stop(data.index);
        return 'silent';
      case 'message_start':
        return this.#messageStart(data);
      case 'message_delta':
        return this.#messageDelta(data);
      case 'message_stop':
        return this.end();
      case 'ping':
        return 'silent';
      default:
        return type === 'error' || hasError(data) ? this.upstreamError(data) : 'content';
    }
  }

  protected override body(body: unknown): Weight {
    if (!isObject(body)) return this.unreadable('malformed', 'The body is not a JSON object.');
    if (body.type === 'error' || hasError(body)) return this.upstreamError(body);
    if (!Array.isArray(body.content)) {
      if (body.detail !== undefined || text(body.message)) return this.upstreamError(body);
      return this.unreadable('malformed', 'The body has no "content".');
    }
    this.#message(body, []);
    this.#usage(body.usage, ['usage']);
    this.#stop(body, []);
    return 'terminal';
  }

  protected override finished(): boolean {
    return this.fold.finished;
  }

  #messageStart({ message }: JsonObject): Weight {
    if (!isObject(message)) return 'silent';
    const content = this.#message(message, ['message']);
    this.#usage(message.usage, ['message', 'usage']);
    return content ? 'content' : 'silent';
  }

  #messageDelta(data: JsonObject): Weight {
    this.#usage(data.usage, ['usage']);
    if (isObject(data.delta)) this.#stop(data.delta, ['delta']);
    return 'silent';
  }

  /** Reads the message object; true where it already holds content. */
  #message(message: JsonObject, at: Path): boolean {
    const { fold, recorder } = this;
    fold.choice(0);
    fold.id = text(message.id) ?? fold.id;
    fold.model = text(message.model) ?? fold.model;
    recorder?.addStart('id', text(message.id), [...at, 'id']);
    recorder?.addStart('model', text(message.model), [...at, 'model']);
    const blocks = list(message.content);
    blocks.forEach((block, index) => {
      if (isObject(block)) this.#blocks.whole(block, index, [...at, 'content', index]);
    });
    return blocks.length > 0;
  }

  /** The delta's figures are the final ones: they replace those of the start, and are never added. */
  #usage(usage: unknown, path: Path): void {
    if (!isObject(usage)) return;
    const { fold } = this;
    fold.usage = overlayUsage(fold.usage, usage);
    fold.serviceTier = text(usage.service_tier) ?? fold.serviceTier;
    const figures = this.recorder && anthropicUsage(usage);
    if (figures) this.recorder?.add({ type: 'usage', usage: figures, slots: slot('usage', path) });
  }

  #stop(holder: JsonObject, at: Path): void {
    const reason = text(holder.stop_reason);
    if (reason === undefined) return;
    const choice = this.fold.choice(0);
    this.fold.finish(choice, reason);
    const { stop_details: details } = holder;
    const refusal =
      reason === 'refusal' && isObject(details) ? text(details.explanation) : undefined;
    if (refusal !== undefined) choice.refusal = refusal;
    if (this.recorder === undefined) return;
    if (refusal !== undefined) {
      const place = { choice: 0, block: 0, part: 0 };
      const slots = slot('text', [...at, 'stop_details', 'explanation']);
      this.recorder.add({ type: 'refusal', ...place, text: refusal, slots });
    }
    const stopSequence = text(holder.stop_sequence);
    const slots = [...slot('reason', [...at, 'stop_reason'])];
    if (stopSequence) slots.push({ field: 'stopSequence', path: [...at, 'stop_sequence'] });
    this.recorder.add({ type: 'finish', choice: 0, reason, stopSequence, slots });
  }
}
