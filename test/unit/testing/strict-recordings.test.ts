import { describe, expect, it } from 'vitest';

import { isJsonObject, objectOf, textOf } from '../../../src/testing/json.js';
import { checkBody, type StrictEndpoint } from '../../../src/testing/strict/check-request.js';
import { loadRecordings, type WireApi, type WireExchange } from '../../support/wire/exchange.js';

const ENDPOINTS: Partial<Record<WireApi, StrictEndpoint>> = {
  'openai.chat': 'chat',
  'openai.responses': 'responses',
  'openai.completions': 'completions',
  'openai.embeddings': 'embeddings',
  'openai.images': 'images',
  'anthropic.messages': 'messages',
};
/** Refused for what the request does not show. */
const NOT_OF_THE_REQUEST = new Map([
  ['openai/images-err-400-3436bb', 'what an address leads to'],
  ['openai/images-err-400-689e9a', 'what an address leads to'],
]);
/** Who speaks OpenAI's formats, and OpenAI's rules. */
const OPENAI: ReadonlySet<string> = new Set(['openai', 'azure', 'anthropic']);
/** Stands for a million characters that the recording's source removed. */
const REMOVED = '<MASSIVE_TEXT>';

const recordings = loadRecordings().filter(
  ({ api, request }) => ENDPOINTS[api] !== undefined && isJsonObject(request?.body),
);
const answered = recordings.filter(({ response }) => response.status < 300);
const refused = recordings.filter(
  ({ id, response: { status } }) =>
    (status === 400 || status === 422) && !NOT_OF_THE_REQUEST.has(id),
);
const models = recordings.filter((each) => !isAboutModel(each)).map(modelOf);

function modelOf({ request }: WireExchange): string {
  return textOf(objectOf(request?.body).model);
}

/** An error that quotes the model was about it. */
function isAboutModel(exchange: WireExchange): boolean {
  const { status, body } = exchange.response;
  return status >= 400 && JSON.stringify(body).includes(modelOf(exchange));
}

function check(exchange: WireExchange, options: object) {
  const { api, provider, request } = exchange;
  const endpoint = ENDPOINTS[api] ?? 'chat';
  const text = JSON.stringify(request?.body).replaceAll(REMOVED, () => 'x'.repeat(1_000_000));
  const body = objectOf(JSON.parse(text));
  return checkBody(endpoint, body, {
    provider: OPENAI.has(provider) ? 'openai' : provider,
    // Recorded before there was another.
    version: '2023-06-01',
    ...options,
  });
}

describe.runIf(recordings.length > 0)('recorded requests', () => {
  it('that were answered are taken', () => {
    const wrong = answered.flatMap((exchange) => {
      const refusal = check(exchange, { isSealed: () => true });
      return refusal === undefined ? [] : `${exchange.id}: ${refusal.message}`;
    });

    expect(wrong).toEqual([]);
    expect(answered.length).toBeGreaterThan(300);
  });

  it.each(refused.map((exchange) => [exchange.id, exchange] as const))(
    '%s is refused as it was',
    (_, exchange) => {
      const refusal = check(exchange, { models, isSealed: () => true });

      expect(refusal?.status ?? (refusal && 400)).toBe(exchange.response.status);
      expect(beginning(refusal?.message)).toBe(beginning(messageOf(exchange)));
    },
  );

  it('are refused in good number', () => {
    expect(refused.length).toBeGreaterThanOrEqual(17);
  });
});

function messageOf({ response }: WireExchange): string {
  const { error, message, detail } = objectOf(response.body);
  const [first] = Array.isArray(detail) ? detail : [];
  return textOf(objectOf(error).message ?? message ?? objectOf(first).msg ?? detail);
}

/** Enough to tell one error from another; lists of models and counts of tokens differ. */
function beginning(message: string | undefined): string | undefined {
  return message?.replaceAll(/[\d,]+ tokens/g, 'n tokens').slice(0, 30);
}
