import { type Answer, type Dialect, errorAnswer, jsonAnswer } from '../answer.js';
import { type JsonObject, objectOf, textOf } from '../json.js';
import type { RecordedRequest } from '../recorded-request.js';
import { endpointPath } from '../route.js';
import { chatRules } from './chat-rules.js';
import { messagesRules } from './messages-rules.js';
import { completionsRules, embeddingsRules, foreignChatRules, imagesRules } from './other-rules.js';
import { firstRefusal, type Refusal, type Rule, type StrictRequest } from './refusal.js';
import { foreignResponsesRules, responsesRules } from './responses-rules.js';
import { isSealed } from './seal.js';
import type { StrictOptions } from './strict-options.js';

/** An endpoint that has rules. */
export type StrictEndpoint =
  | 'chat'
  | 'responses'
  | 'messages'
  | 'completions'
  | 'embeddings'
  | 'images';

/** What else the rules go by. */
export interface CheckOptions extends StrictOptions {
  /** Value of `anthropic-version`. @defaultValue `'2026-10-21'` */
  readonly version?: string | undefined;
  /** Whether a signature or encrypted content was given out. @defaultValue those of strict fake providers were */
  readonly isSealed?: StrictRequest['isSealed'] | undefined;
}

const RULES: Readonly<Record<StrictEndpoint, readonly Rule[]>> = {
  chat: chatRules,
  responses: responsesRules,
  messages: messagesRules,
  completions: completionsRules,
  embeddings: embeddingsRules,
  images: imagesRules,
};

/** What servers of OpenAI's formats insist on that are not OpenAI. */
const FOREIGN: Readonly<Partial<Record<StrictEndpoint, readonly Rule[]>>> = {
  chat: foreignChatRules,
  responses: foreignResponsesRules,
};

const ENDPOINTS: readonly (readonly [RegExp, StrictEndpoint, Dialect])[] = [
  [/^\/chat\/completions$/, 'chat', 'openai'],
  [/^\/responses$/, 'responses', 'responses'],
  [/^\/messages$/, 'messages', 'anthropic'],
  [/^\/completions$/, 'completions', 'openai'],
  [/^\/embeddings$/, 'embeddings', 'openai'],
  [/^\/images\/generations$/, 'images', 'openai'],
];

/** Says why a provider would refuse a body; `undefined` where it would not. */
export function checkBody(
  endpoint: StrictEndpoint,
  body: JsonObject,
  options: CheckOptions = {},
): Refusal | undefined {
  const { provider = 'openai', models, version = '2026-10-21' } = options;
  const rules = (provider === 'openai' ? undefined : FOREIGN[endpoint]) ?? RULES[endpoint];
  return firstRefusal(rules, {
    body,
    model: textOf(body.model),
    version,
    provider,
    models: models && new Set(models),
    isSealed: options.isSealed ?? isSealed,
  });
}

/** The answer to a request that is refused; `undefined` where it is not. */
export function refuseRequest(
  { method, path, json, headers }: RecordedRequest,
  options: StrictOptions,
): Answer | undefined {
  const place = endpointPath(path);
  const found = method === 'POST' && ENDPOINTS.find(([pattern]) => pattern.test(place));
  if (!found) return undefined;
  const [, endpoint, dialect] = found;
  const version = headers['anthropic-version'];
  const refusal = checkBody(endpoint, objectOf(json), { ...options, version });
  if (refusal === undefined) return undefined;
  const { status = 400, json: whole } = refusal;
  return whole === undefined
    ? errorAnswer(dialect, status, refusal)
    : jsonAnswer(dialect, whole, status);
}
