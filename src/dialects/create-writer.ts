import { messagesWriter } from './anthropic-messages/writer.js';
import type { DialectName, DialectWriter } from './dialect.js';
import { chatWriter } from './openai-chat/writer.js';
import { completionsWriter } from './openai-completions/writer.js';
import { embeddingsWriter } from './openai-embeddings/writer.js';
import { responsesWriter } from './openai-responses/writer.js';

const WRITERS: Readonly<Record<DialectName, DialectWriter>> = {
  'openai-chat': chatWriter,
  'openai-responses': responsesWriter,
  'anthropic-messages': messagesWriter,
  'openai-completions': completionsWriter,
  'openai-embeddings': embeddingsWriter,
};

/** The writer of a dialect. Writers keep nothing between calls. */
export function createWriter(dialect: DialectName): DialectWriter {
  return WRITERS[dialect];
}
