import { MessagesReader } from './anthropic-messages/reader.js';
import type { CanonicalSink } from './canonical-events.js';
import type { DialectName, DialectReader } from './dialect.js';
import { ChatReader } from './openai-chat/reader.js';
import { CompletionsReader } from './openai-completions/reader.js';
import { EmbeddingsReader } from './openai-embeddings/reader.js';
import { ResponsesReader } from './openai-responses/reader.js';

/** Makes the reader of one response. Without a sink it keeps the facts only and builds no events. */
export function createReader(dialect: DialectName, sink?: CanonicalSink): DialectReader {
  switch (dialect) {
    case 'openai-chat':
      return new ChatReader(sink);
    case 'openai-responses':
      return new ResponsesReader(sink);
    case 'anthropic-messages':
      return new MessagesReader(sink);
    case 'openai-completions':
      return new CompletionsReader(sink);
    case 'openai-embeddings':
      return new EmbeddingsReader(sink);
  }
}
