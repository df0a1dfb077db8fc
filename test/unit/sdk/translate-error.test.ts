import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/pipeline/errors.js';
import type { ErrorFactory } from '../../../src/pipeline/target.js';
import type { SdkClient } from '../../../src/sdk/client-types.js';
import { sdkErrors } from '../../../src/sdk/sdk-errors.js';
import { translateError } from '../../../src/sdk/translate-error.js';

/** The error classes both SDKs have, by the same names. */
interface Sdk {
  readonly name: string;
  readonly errors: ErrorFactory;
  readonly classes: Record<
    | 'APIError'
    | 'APIConnectionError'
    | 'APIConnectionTimeoutError'
    | 'APIUserAbortError'
    | 'RateLimitError',
    unknown
  >;
}

function sdk(name: string, client: object, classes: Sdk['classes']): Sdk {
  // The clients have what SdkClient lists; `protected` and `private` hide it from the types.
  return { name, errors: sdkErrors(client as unknown as SdkClient), classes };
}

const openai = sdk('openai 7', new OpenAI({ apiKey: 'k' }), OpenAI);
const openai6 = sdk('openai 6', new OpenAI6({ apiKey: 'k' }), OpenAI6);
const anthropic = sdk('anthropic', new Anthropic({ apiKey: 'k' }), Anthropic);

const pairs = [
  [openai6, openai],
  [openai, openai6],
  [anthropic, openai],
  [openai, anthropic],
] as const;
const rows = pairs.map(([from, to]) => ({ title: `${from.name} to ${to.name}`, from, to }));

describe.each(rows)('translateError, $title', ({ from, to }) => {
  it('keeps status, body, headers and request id of a refusal, and the error as its cause', () => {
    const headers = new Headers({
      'retry-after': '7',
      'x-request-id': 'req_1',
      'request-id': 'req_1',
      'content-length': '999',
    });
    const inner = { type: 'rate_limit_error', message: 'slow down', code: 'too_fast' };
    const error = from.errors.status({ status: 429, body: { error: inner }, headers });

    const translated = translateError(error, { from: from.errors, to: to.errors });

    expect(translated).toBeInstanceOf(to.classes.RateLimitError);
    expect(translated).toMatchObject({ status: 429, requestID: 'req_1', type: 'rate_limit_error' });
    expect(translated.message).toContain('slow down');
    expect(translated.cause).toBe(error);
    const kept: unknown = Reflect.get(translated, 'headers');
    expect(kept instanceof Headers && kept.get('retry-after')).toBe('7');
    expect(kept instanceof Headers && kept.has('content-length')).toBe(false);
  });

  it('has the request id under whatever name the provider sent it', () => {
    for (const name of ['x-request-id', 'request-id']) {
      const headers = new Headers({ [name]: 'req_2' });
      const error = from.errors.status({ status: 500, body: {}, headers });
      const own: unknown = Reflect.get(error, 'requestID');

      const translated = translateError(error, { from: from.errors, to: to.errors });

      if (own) expect(translated).toHaveProperty('requestID', 'req_2');
    }
  });

  it('keeps the text of a refusal whose body is no JSON', () => {
    const headers = new Headers({ 'content-type': 'text/plain' });
    const error = from.errors.status({ status: 503, body: undefined, message: 'busy', headers });

    const translated = translateError(error, { from: from.errors, to: to.errors });

    expect(translated).toMatchObject({ status: 503, message: '503 busy' });
  });

  it.each([
    ['connection', 'APIConnectionError'],
    ['timeout', 'APIConnectionTimeoutError'],
  ] as const)('makes a %s error of the caller’s %s', (kind, name) => {
    const error = from.errors[kind]('it broke', new Error('why'));

    const translated = translateError(error, { from: from.errors, to: to.errors });

    expect(translated).toBeInstanceOf(to.classes[name]);
    expect(translated).toMatchObject({ message: 'it broke', cause: error });
  });

  it('makes an abort of the caller’s class', () => {
    const error = from.errors.abort(new Error('enough'));

    const translated = translateError(error, { from: from.errors, to: to.errors });

    expect(translated).toBeInstanceOf(to.classes.APIUserAbortError);
    expect(translated.cause).toBe(error);
  });

  it('takes what the other SDK could not even send for a connection that was not made', () => {
    const error = new Error('Could not resolve authentication method.');

    const translated = translateError(error, { from: from.errors, to: to.errors });

    expect(translated).toBeInstanceOf(to.classes.APIConnectionError);
    expect(translated).toMatchObject({ message: error.message, cause: error });
  });
});

describe('translateError', () => {
  it.each([
    ['of the caller’s own classes', openai.errors.connection('no', undefined)],
    ['of the gateway', new GatewayError('too large', { code: 'zerohop_limit' })],
    ['that is an abort by name', new DOMException('enough', 'AbortError')],
  ])('leaves an error %s as it is', (_what, error) => {
    expect(translateError(error, { from: anthropic.errors, to: openai.errors })).toBe(error);
  });

  it('takes anything that is thrown', () => {
    const translated = translateError('no', { from: anthropic.errors, to: openai.errors });

    expect(translated).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(translated.message).toBe('no');
  });
});
