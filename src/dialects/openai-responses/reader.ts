import type { CanonicalSink, Path } from '../canonical-events.js';
import type { Weight } from '../dialect.js';
import { hasError, upstreamFailure } from '../failures.js';
import { FoldingReader } from '../folding-reader.js';
import { isObject, type JsonObject, text } from '../json.js';
import { slot } from '../recorder.js';
import { openaiUsage } from '../usage.js';
import { ItemReader } from './items.js';

/** Reads OpenAI responses, streamed or not. */
export class ResponsesReader extends FoldingReader {
  readonly #items = new ItemReader(this.fold, this.recorder);

  constructor(sink?: CanonicalSink) {
    super({ dialect: 'openai-responses', normaliseUsage: openaiUsage, sink });
  }

  protected override event(name: string | null, data: unknown): Weight {
    if (!isObject(data)) return this.unreadable('malformed', 'An event is not a JSON object.');
    // OpenRouter leaves the event line out, and a server was seen to send that of another event.
    const type = text(data.type) ?? name ?? '';
    const content = this.#piece(type, data) ?? this.#item(type, data);
    if (content !== undefined) return content ? 'content' : 'silent';
    return this.#status(type, data);
  }

  protected override body(body: unknown): Weight {
    if (!isObject(body)) return this.unreadable('malformed', 'The body is not a JSON object.');
    const { output, status } = body;
    if (hasError(body) || status === 'failed') {
      if (Array.isArray(output)) this.#response(body, []);
      return this.upstreamError(body);
    }
    if (!Array.isArray(output)) {
      if (body.detail !== undefined || text(body.message)) return this.upstreamError(body);
      return this.unreadable('malformed', 'The body has no "output".');
    }
    this.#response(body, []);
    return 'terminal';
  }

  protected override finished(): boolean {
    return false;
  }

  /** The events that carry the words, many of each. */
  #piece(type: string, data: JsonObject): boolean | undefined {
    switch (type) {
      case 'response.output_text.delta':
        return this.#items.words('text', data);
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.#items.callPiece(data);
      case 'response.reasoning_summary_text.delta':
        return this.#items.words('reasoning-summary', data);
      case 'response.reasoning_text.delta':
        return this.#items.words('reasoning', data);
      case 'response.refusal.delta':
        return this.#items.words('refusal', data);
      default:
        return undefined;
    }
  }

  /** The events that announce or repeat; none of them counts for the fold. */
  #item(type: string, data: JsonObject): boolean | undefined {
    switch (type) {
      case 'response.output_item.added':
      case 'response.output_item.done': {
        const as = type.endsWith('added') ? 'announced' : 'repeated';
        const block = typeof data.output_index === 'number' ? data.output_index : 0;
        return this.#items.item(data.item, { block, path: ['item'], as });
      }
      case 'response.content_part.added':
      case 'response.content_part.done':
        return this.#items.part(data, isReasoningPart(data) ? 'reasoning' : 'text');
      case 'response.reasoning_part.added':
      case 'response.reasoning_part.done':
        return this.#items.part(data, 'reasoning');
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        return this.#items.part(data, 'reasoning-summary');
      case 'response.output_text.done':
        return this.#items.wordsDone('text', data, 'text');
      case 'response.refusal.done':
        return this.#items.wordsDone('refusal', data, 'refusal');
      case 'response.reasoning_text.done':
        return this.#items.wordsDone('reasoning', data, 'text');
      case 'response.reasoning_summary_text.done':
        return this.#items.wordsDone('reasoning-summary', data, 'text');
      case 'response.output_text.annotation.added':
        return this.#items.citation(data);
      case 'response.function_call_arguments.done':
        return this.#items.callDone(data, 'arguments');
      case 'response.custom_tool_call_input.done':
        return this.#items.callDone(data, 'input');
      default:
        return undefined;
    }
  }

  /** The events that speak of the response as a whole, and those nobody knows. */
  #status(type: string, data: JsonObject): Weight {
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        this.#response(data.response, ['response']);
        return 'silent';
      case 'response.completed':
      case 'response.incomplete':
        this.#response(data.response, ['response']);
        return this.end();
      case 'response.failed':
        return this.#failed(data);
      case 'error':
        return this.#error(data);
      default:
        return hasError(data) ? this.upstreamError(data) : 'content';
    }
  }

  #failed({ response }: JsonObject): Weight {
    this.#response(response, ['response']);
    const error = isObject(response) ? response.error : undefined;
    return this.upstreamError({ error }, upstreamFailure({ error }));
  }

  /** The error event: flat in the documentation, nested on the wire. */
  #error(data: JsonObject): Weight {
    if (hasError(data)) return this.upstreamError(data);
    const { code, message, param } = data;
    return this.upstreamError({ error: { code, message, param } });
  }

  #response(response: unknown, at: Path): void {
    if (!isObject(response)) return;
    const { fold } = this;
    fold.id = text(response.id) ?? fold.id;
    fold.model = text(response.model) ?? fold.model;
    fold.serviceTier = text(response.service_tier) ?? fold.serviceTier;
    if (isObject(response.usage)) fold.usage = response.usage;
    fold.webSearches = webSearchesOf(response.tool_usage) ?? fold.webSearches;
    if (this.recorder !== undefined) this.#recordResponse(response, at);
    const { output } = response;
    if (!Array.isArray(output)) return;
    if (output.length > 0) fold.restart();
    output.forEach((item, block) => {
      this.#items.item(item, { block, path: [...at, 'output', block], as: 'counted' });
    });
    this.#finish(response, at);
  }

  #recordResponse(response: JsonObject, at: Path): void {
    const { recorder } = this;
    recorder?.addStart('id', text(response.id), [...at, 'id']);
    recorder?.addStart('model', text(response.model), [...at, 'model']);
    recorder?.addStart('created', response.created_at, [...at, 'created_at']);
    recorder?.addStart('serviceTier', text(response.service_tier), [...at, 'service_tier']);
    const usage = isObject(response.usage) ? openaiUsage(response.usage) : undefined;
    if (usage) recorder?.add({ type: 'usage', usage, slots: slot('usage', [...at, 'usage']) });
  }

  #finish({ status, incomplete_details: details }: JsonObject, at: Path): void {
    if (status !== 'completed' && status !== 'incomplete') return;
    const why = status === 'incomplete' && isObject(details) ? text(details.reason) : undefined;
    const reason = why ?? status;
    this.fold.finish(this.fold.choice(0), reason);
    const path = why === undefined ? ['status'] : ['incomplete_details', 'reason'];
    const slots = this.recorder && slot('reason', [...at, ...path]);
    if (slots) this.recorder?.add({ type: 'finish', choice: 0, reason, slots });
  }
}

function isReasoningPart({ part }: JsonObject): boolean {
  return isObject(part) && part.type === 'reasoning_text';
}

function webSearchesOf(toolUsage: unknown): number | undefined {
  if (!isObject(toolUsage) || !isObject(toolUsage.web_search)) return undefined;
  const { num_requests: searches } = toolUsage.web_search;
  return typeof searches === 'number' && Number.isSafeInteger(searches) && searches >= 0
    ? searches
    : undefined;
}
