import { createReader } from '../dialects/create-reader.js';
import type { DialectName, DialectReader } from '../dialects/dialect.js';
import { AnswerTranslator } from '../dialects/translation/answer-translator.js';
import type { StreamEvent } from '../pipeline/event-source.js';
import type { LoopOptions } from './loop-options.js';

/** What reads one answer, and tells it in the caller's dialect where that is another. */
export interface AnswerReading {
  readonly dialect: DialectName;
  readonly reader: DialectReader;
  readonly translator: AnswerTranslator | undefined;
}

const SECOND_MS = 1_000;

/** What is to read an answer of a call; `undefined` where nobody knows its format. */
export function readingFor({
  dialect,
  translation,
  keepsUsage,
  context,
}: LoopOptions): AnswerReading | undefined {
  if (dialect === undefined) return undefined;
  if (translation === undefined) {
    return { dialect, reader: createReader(dialect), translator: undefined };
  }
  const asked = keepsUsage ? { ...translation, includeUsage: true } : translation;
  const translator = new AnswerTranslator(asked, () =>
    Math.floor(context.clock.wallNow() / SECOND_MS),
  );
  return { dialect, reader: createReader(dialect, translator), translator };
}

/** Notes in the trail what an answer said that could not be told. */
export function noteLost({ context, target }: LoopOptions, { lost }: AnswerTranslator): void {
  if (lost.size === 0) return;
  context.decide('answer-shaped', { target: target.name, lost: [...lost].join(' ') });
}

/** An event that was translated. It is spelled only for who wants its bytes. */
export class TranslatedEvent implements StreamEvent {
  readonly event: string | null;
  readonly json: unknown;

  constructor(name: string | null, json: unknown) {
    this.event = name;
    this.json = json;
  }

  get data(): string {
    return this.json === undefined ? '[DONE]' : JSON.stringify(this.json);
  }
}
