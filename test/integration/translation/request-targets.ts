import type { JsonObject } from '../../../src/dialects/json.js';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';
import type { WriterTarget } from '../../../src/dialects/translation/request-codec.js';
import { translateRequest } from '../../../src/dialects/translation/translate-request.js';
import { isJsonObject } from '../../../src/testing/json.js';
import { checkBody, type StrictEndpoint } from '../../../src/testing/strict/check-request.js';
import { loadRecordings, type WireApi } from '../../support/wire/exchange.js';
import { type WrittenCase, writtenCases } from './written-requests.js';

/** Where requests are translated to. */
export const TARGETS: Readonly<Record<TranslatedDialect, readonly WriterTarget[]>> = {
  'openai-chat': [
    { provider: 'openai', model: 'gpt-4o' },
    { provider: 'openai', model: 'gpt-5-mini' },
    { provider: 'openai', model: 'gpt-5.2' },
    { provider: 'openai', model: 'o4-mini' },
    { provider: 'local', model: 'qwen3' },
    { provider: 'local', model: 'qwen3', structuredOutput: false },
  ],
  'openai-responses': [
    { provider: 'openai', model: 'gpt-4o' },
    { provider: 'openai', model: 'gpt-5-mini' },
    { provider: 'openai', model: 'gpt-5.2' },
    { provider: 'openai', model: 'o4-mini' },
  ],
  'anthropic-messages': [
    { provider: 'anthropic', model: 'claude-opus-4-8' },
    { provider: 'anthropic', model: 'claude-sonnet-4-6' },
    { provider: 'anthropic', model: 'claude-sonnet-4-5' },
    { provider: 'anthropic', model: 'claude-3-7-sonnet-20250219' },
    { provider: 'anthropic', model: 'claude-3-5-haiku-20241022' },
  ],
};
export const DIALECTS = Object.keys(TARGETS) as readonly TranslatedDialect[];

const ENDPOINTS: Readonly<Record<TranslatedDialect, StrictEndpoint>> = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'messages',
};
const APIS: Partial<Record<WireApi, TranslatedDialect>> = {
  'openai.chat': 'openai-chat',
  'openai.responses': 'openai-responses',
  'anthropic.messages': 'anthropic-messages',
};

/** Requests that were answered; none where there are no recordings. */
export const recordedCases: readonly WrittenCase[] = loadRecordings().flatMap(
  ({ id, api, request, response }) => {
    const from = APIS[api];
    const body = request?.body;
    if (from === undefined || !isJsonObject(body) || response.status >= 300) return [];
    return { name: id, from, body };
  },
);

export const allCases: readonly WrittenCase[] = [...writtenCases, ...recordedCases];

/** A request as one target is asked it. */
export interface Translated {
  readonly name: string;
  readonly from: TranslatedDialect;
  readonly to: TranslatedDialect;
  readonly target: WriterTarget;
  readonly body: JsonObject;
  /** Without which it would mean something else: the target is not asked. */
  readonly refused: readonly string[];
}

/** A request in another dialect, for every target of it. */
export function translateAll({ name, from, body }: WrittenCase, to: TranslatedDialect) {
  return TARGETS[to].map((target): Translated => {
    const { body: written, losses } = translateRequest(body, { from, to, target });
    const refused = losses.filter(({ kind }) => kind === 'refused').map((loss) => loss.name);
    // As it goes over the wire.
    const sent: JsonObject = JSON.parse(JSON.stringify(written));
    return { name, from, to, target, body: sent, refused };
  });
}

/** Why its provider would refuse it, if it would. Whose seals are in it is another question. */
export function refusalOf({ name, from, to, target, body }: Translated): readonly string[] {
  const { provider, model } = target;
  const refusal = checkBody(ENDPOINTS[to], body, {
    provider: provider === 'anthropic' ? 'openai' : provider,
    isSealed: () => true,
  });
  return refusal === undefined ? [] : [`${from} → ${to}, ${model}, ${name}: ${refusal.message}`];
}
