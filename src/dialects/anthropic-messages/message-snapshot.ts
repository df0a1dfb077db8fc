import { isObject, type JsonObject, list, text } from '../json.js';
import { overlayUsage } from '../usage.js';

/** The model that took over, where a block says so: a whole message is labelled with it. */
export function fallbackModel({ type, to }: JsonObject): string | undefined {
  return type === 'fallback' && isObject(to) ? text(to.model) : undefined;
}

interface OpenBlock {
  block: JsonObject;
  json: string;
}

/** Puts a message together from the events it was streamed as. */
export class MessageSnapshot {
  #message: JsonObject = { type: 'message', role: 'assistant' };
  readonly #blocks = new Map<number, OpenBlock>();

  add(event: JsonObject): void {
    const index = typeof event.index === 'number' ? event.index : 0;
    switch (event.type) {
      case 'message_start':
        if (isObject(event.message)) this.#start(event.message);
        break;
      case 'content_block_start':
        if (isObject(event.content_block)) {
          this.#blocks.set(index, { block: event.content_block, json: '' });
          const model = fallbackModel(event.content_block);
          if (model !== undefined) this.#message = { ...this.#message, model };
        }
        break;
      case 'content_block_delta': {
        const open = this.#blocks.get(index);
        if (open !== undefined && isObject(event.delta)) addDelta(open, event.delta);
        break;
      }
      case 'message_delta':
        this.#end(event);
        break;
      default:
        break;
    }
  }

  finish(): JsonObject {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b);
    return { ...this.#message, content: blocks.map(([, open]) => finished(open)) };
  }

  #start(message: JsonObject): void {
    this.#message = message;
    list(message.content).forEach((block, index) => {
      if (isObject(block)) this.#blocks.set(index, { block, json: '' });
    });
  }

  #end({ type: _, delta, usage, ...members }: JsonObject): void {
    const before = isObject(this.#message.usage) ? this.#message.usage : undefined;
    this.#message = {
      ...this.#message,
      ...members,
      ...(isObject(delta) && delta),
      ...(isObject(usage) && { usage: overlayUsage(before, usage) }),
    };
  }
}

function addDelta(open: OpenBlock, delta: JsonObject): void {
  const { block } = open;
  switch (delta.type) {
    case 'input_json_delta':
      open.json += String(delta.partial_json ?? '');
      break;
    case 'citations_delta':
      open.block = { ...block, citations: [...list(block.citations), delta.citation] };
      break;
    default: {
      // text_delta, thinking_delta, signature_delta, compaction_delta: each appends to its own member.
      const { type: _, ...members } = delta;
      const appended = Object.entries(members).map(([key, value]) => [
        key,
        typeof value === 'string' ? `${String(block[key] ?? '')}${value}` : value,
      ]);
      open.block = { ...block, ...Object.fromEntries(appended) };
    }
  }
}

function finished({ block, json }: OpenBlock): JsonObject {
  if (json === '') return block;
  try {
    return { ...block, input: JSON.parse(json) };
  } catch {
    return { ...block, input: json };
  }
}
