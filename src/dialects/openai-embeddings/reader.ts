import type { CanonicalSink } from '../canonical-events.js';
import type { Weight } from '../dialect.js';
import { hasError } from '../failures.js';
import { FoldingReader } from '../folding-reader.js';
import { isObject, type JsonObject, text } from '../json.js';
import { slot } from '../recorder.js';
import { openaiUsage } from '../usage.js';

/** Reads embeddings. They are never streamed. */
export class EmbeddingsReader extends FoldingReader {
  constructor(sink?: CanonicalSink) {
    super({ dialect: 'openai-embeddings', normaliseUsage: openaiUsage, sink });
  }

  protected override event(_name: string | null, data: unknown): Weight {
    if (isObject(data) && hasError(data)) return this.upstreamError(data);
    return 'content';
  }

  protected override body(body: unknown): Weight {
    if (!isObject(body)) return this.unreadable('malformed', 'The body is not a JSON object.');
    if (hasError(body)) return this.upstreamError(body);
    const { data } = body;
    if (!Array.isArray(data)) {
      if (body.detail !== undefined || text(body.message)) return this.upstreamError(body);
      return this.unreadable('malformed', 'The body has no "data".');
    }
    if (data.length === 0) return this.unreadable('empty', 'The body has no embeddings in it.');
    this.#envelope(body);
    if (this.recorder !== undefined) this.#recordVectors(data);
    return 'terminal';
  }

  protected override finished(): boolean {
    return false;
  }

  #envelope(body: JsonObject): void {
    this.fold.id = text(body.id);
    this.fold.model = text(body.model);
    this.recorder?.addStart('id', text(body.id), ['id']);
    this.recorder?.addStart('model', text(body.model), ['model']);
    if (!isObject(body.usage)) return;
    this.fold.usage = body.usage;
    const usage = openaiUsage(body.usage);
    if (usage) this.recorder?.add({ type: 'usage', usage, slots: slot('usage', ['usage']) });
  }

  #recordVectors(data: readonly unknown[]): void {
    data.forEach((value, position) => {
      if (!isObject(value)) return;
      const { embedding, index } = value;
      if (typeof embedding !== 'string' && !Array.isArray(embedding)) return;
      this.recorder?.add({
        type: 'embedding',
        index: typeof index === 'number' ? index : position,
        embedding,
        slots: slot('embedding', ['data', position, 'embedding']),
      });
    });
  }
}
