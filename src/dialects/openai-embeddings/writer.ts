import type { DialectWriter } from '../dialect.js';
import { createFrameWriter } from '../frame-writer.js';
import { openaiUsage } from '../usage.js';

/** Writes embeddings. They are never streamed, so a stream of them is a mistake of the caller's. */
export const embeddingsWriter: DialectWriter = createFrameWriter({
  dialect: 'openai-embeddings',
  normaliseUsage: openaiUsage,
  toBody: neverStreamed,
  toEvents: neverStreamed,
});

function neverStreamed(): never {
  throw new TypeError('Embeddings are never streamed.');
}
