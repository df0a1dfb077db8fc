import { isObject, type JsonObject, text } from '../../dialects/json.js';
import { overlayUsage } from '../../dialects/usage.js';
import type { StreamEvent } from '../../pipeline/event-source.js';
import { namedEvent, withJson } from './made-event.js';
import type { OverlapCutter } from './overlap.js';
import type { SaidObstacle, Splice } from './splice.js';

const THINKING: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

/** What becomes of a block of a later part: its index in the whole, or nothing. */
interface Place {
  readonly index: number;
  readonly isText: boolean;
}

/** Puts streams of Anthropic messages together. */
export class MessagesSplice implements Splice {
  /** The block that is open, where it is text. */
  #open: number | undefined;
  #next = 0;
  #obstacle: SaidObstacle | undefined;
  #isReasoning = false;
  #cutter: OverlapCutter | undefined;
  /** The blocks of the part that is written, by their index there; those that are not are left out. */
  #places = new Map<unknown, Place>();
  #usage: JsonObject | undefined;

  get obstacle(): SaidObstacle | undefined {
    return this.#obstacle ?? (this.#isReasoning ? 'reasoning' : undefined);
  }

  watch({ json }: StreamEvent): void {
    if (!isObject(json)) return;
    switch (json.type) {
      case 'content_block_start':
        this.#watchStart(json);
        break;
      case 'content_block_stop':
        this.#open = undefined;
        break;
      case 'message_delta':
        if (isObject(json.delta) && text(json.delta.stop_reason)) this.#obstacle ??= 'finished';
        break;
      default:
        break;
    }
  }

  #watchStart({ index, content_block: block }: JsonObject): void {
    const at = typeof index === 'number' ? index : 0;
    this.#next = Math.max(this.#next, at + 1);
    const type = isObject(block) ? block.type : undefined;
    this.#open = type === 'text' ? at : undefined;
    this.#isReasoning = THINKING.has(type);
    if (type === 'text' || this.#isReasoning) return;
    this.#obstacle ??= type === 'tool_use' ? 'tool_call' : 'content';
  }

  begin(cutter: OverlapCutter): void {
    this.#cutter = cutter;
    this.#places = new Map();
    this.#usage = undefined;
  }

  rewrite(event: StreamEvent): readonly StreamEvent[] {
    const { json } = event;
    if (!isObject(json)) return [event];
    switch (json.type) {
      case 'message_start':
        if (isObject(json.message) && isObject(json.message.usage))
          this.#usage = json.message.usage;
        return [];
      case 'content_block_start':
        return this.#start(event, json);
      case 'content_block_delta':
        return this.#delta(event, json);
      case 'content_block_stop':
        return this.#stop(event, json);
      case 'message_delta':
        return [...this.#close(), this.#withUsage(event, json)];
      default:
        return [event];
    }
  }

  #start(event: StreamEvent, json: JsonObject): readonly StreamEvent[] {
    const { content_block: block, index: own } = json;
    if (!isObject(block) || THINKING.has(block.type)) return [];
    const isText = block.type === 'text';
    const said = isText ? (text(block.text) ?? '') : '';
    if (isText && this.#open !== undefined) {
      this.#places.set(own, { index: this.#open, isText });
      return this.#words(this.#open, this.#cut(said));
    }
    const before = this.#close();
    const index = this.#next;
    this.#places.set(own, { index, isText });
    const started = isText ? { ...block, text: this.#cut(said) } : block;
    return [...before, withJson(event, { ...json, index, content_block: started })];
  }

  #delta(event: StreamEvent, json: JsonObject): readonly StreamEvent[] {
    const place = this.#places.get(json.index);
    const { delta } = json;
    if (place === undefined || !isObject(delta)) return [];
    if (delta.type !== 'text_delta' || typeof delta.text !== 'string') {
      return [withJson(event, { ...json, index: place.index })];
    }
    const said = this.#cut(delta.text);
    return said === ''
      ? []
      : [withJson(event, { ...json, index: place.index, delta: { ...delta, text: said } })];
  }

  #stop(event: StreamEvent, json: JsonObject): readonly StreamEvent[] {
    const place = this.#places.get(json.index);
    if (place === undefined) return [];
    const { index, isText } = place;
    const rest = isText ? this.#words(index, this.#cutter?.end() ?? '') : [];
    return [...rest, withJson(event, { ...json, index })];
  }

  /** Ends the text that is open, where something else follows. */
  #close(): readonly StreamEvent[] {
    const index = this.#open;
    if (index === undefined) return [];
    this.#open = undefined;
    const type = 'content_block_stop';
    return [...this.#words(index, this.#cutter?.end() ?? ''), namedEvent(type, { type, index })];
  }

  #words(index: number, said: string): readonly StreamEvent[] {
    if (said === '') return [];
    const type = 'content_block_delta';
    return [namedEvent(type, { type, index, delta: { type: 'text_delta', text: said } })];
  }

  #cut(said: string): string {
    return said === '' ? '' : (this.#cutter?.push(said) ?? said);
  }

  /** What the part said of its usage when it began is not in what the caller was told at the start. */
  #withUsage(event: StreamEvent, json: JsonObject): StreamEvent {
    const { usage } = json;
    if (!isObject(usage) || this.#usage === undefined) return event;
    return withJson(event, { ...json, usage: overlayUsage(this.#usage, usage) });
  }
}
