import { readMessagesRequest } from '../anthropic-messages/request-reader.js';
import { writeMessagesRequest } from '../anthropic-messages/request-writer.js';
import type { DialectName } from '../dialect.js';
import type { JsonObject } from '../json.js';
import { readChatRequest } from '../openai-chat/request-reader.js';
import { writeChatRequest } from '../openai-chat/request-writer.js';
import { readCompletionsRequest } from '../openai-completions/request-reader.js';
import { readResponsesRequest } from '../openai-responses/request-reader.js';
import { writeResponsesRequest } from '../openai-responses/request-writer.js';
import type { TranslatedDialect } from './canonical-request.js';
import { fitRequest } from './fit-request.js';
import { type Loss, Losses } from './losses.js';
import type {
  RequestReader,
  RequestWriter,
  WriterTarget,
  WrittenRequest,
} from './request-codec.js';

const READERS: ReadonlyMap<DialectName, RequestReader> = new Map<DialectName, RequestReader>([
  ['openai-chat', readChatRequest],
  ['openai-responses', readResponsesRequest],
  ['anthropic-messages', readMessagesRequest],
  ['openai-completions', readCompletionsRequest],
]);

const WRITERS: Readonly<Record<TranslatedDialect, RequestWriter>> = {
  'openai-chat': writeChatRequest,
  'openai-responses': writeResponsesRequest,
  'anthropic-messages': writeMessagesRequest,
};

/** In which order a dialect is chosen that a request is to be translated into. */
const CHOICE: readonly TranslatedDialect[] = [
  'openai-chat',
  'anthropic-messages',
  'openai-responses',
];

/** How a call's answer is to be translated back. */
export interface AnswerTranslation extends Omit<WrittenRequest, 'body'> {
  /** The target's dialect. */
  readonly from: TranslatedDialect;
  /** The caller's. */
  readonly to: DialectName;
  /** The request as the caller wrote it. */
  readonly request: JsonObject;
  /** Whether usage is to be in the answer: in a body always, in a stream where the caller asked for it. */
  readonly includeUsage: boolean;
}

/** A request in another dialect. */
export interface TranslatedRequest {
  readonly body: JsonObject;
  readonly losses: readonly Loss[];
  readonly answer: AnswerTranslation;
}

/** Between which dialects, and for whom. */
export interface Translation {
  readonly from: DialectName;
  readonly to: TranslatedDialect;
  readonly target: WriterTarget;
}

/**
 * The dialect in which a target is asked: the caller's own where it speaks that, unless the user named another; else
 * one that the call can be translated into. `undefined` where there is none.
 */
export function dialectFor(
  from: DialectName,
  speaks: ReadonlySet<DialectName>,
  wanted?: TranslatedDialect,
): DialectName | undefined {
  const isTranslated = READERS.has(from);
  if (wanted !== undefined && isTranslated) return speaks.has(wanted) ? wanted : undefined;
  if (speaks.has(from)) return from;
  return isTranslated ? CHOICE.find((dialect) => speaks.has(dialect)) : undefined;
}

/** Whether requests can be written in a dialect. */
export function isTranslated(dialect: DialectName): dialect is TranslatedDialect {
  return dialect in WRITERS;
}

/** Translates a request. The body that was given is not changed; parts of it may stand in the new one. */
export function translateRequest(
  body: JsonObject,
  { from, to, target }: Translation,
): TranslatedRequest {
  const losses = new Losses();
  const read = READERS.get(from);
  if (read === undefined) throw new TypeError(`Requests of ${from} are not translated.`);
  const request = fitRequest(read(body, losses), to, target, losses);
  const { body: written, ...unwrapped } = WRITERS[to](request, target, losses);
  const includeUsage = request.includeUsage || !request.stream;
  return {
    body: written,
    losses: losses.list(),
    answer: { ...unwrapped, from: to, to: from, request: body, includeUsage },
  };
}
