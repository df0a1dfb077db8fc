import { describe, expect, it } from 'vitest';
import type { GatewayRequest } from '../../../src/pipeline/contract.js';
import { isGatewayError } from '../../../src/pipeline/errors.js';
import { ownerOf, providerOf } from '../../../src/pipeline/known-providers.js';
import { addressOf } from '../../../src/pipeline/target.js';
import { type Shape, shapeRequest } from '../../../src/sdk/shape-request.js';

const at = (url: string): Shape<unknown>['from'] => {
  const provider = providerOf(new URL(url).host, 'OpenAI');
  return { provider, owner: ownerOf(provider, addressOf(new URL(url))) };
};
const OPENAI = at('https://api.openai.com/v1');
const GROQ = at('https://api.groq.com/openai/v1');

const messages = Object.freeze([Object.freeze({ role: 'user', content: 'hi' })]);
const body = Object.freeze({ model: 'gpt-5-mini', messages, temperature: 1 });

function requestOf(own: Partial<GatewayRequest> = {}): GatewayRequest {
  const path = '/chat/completions';
  return { operation: 'chat', method: 'POST', path, body, stream: false, ...own };
}

const call = { tenant: 't' };
const shape = (own: Partial<Shape<typeof call>> = {}, request = requestOf()) =>
  shapeRequest(request, { call, from: OPENAI, to: GROQ, ...own });

/** The code of the refusal. */
function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return isGatewayError(error) ? error.code : String(error);
  }
  return undefined;
}

describe('shapeRequest', () => {
  it('asks for the target’s model', () => {
    expect(shape({ model: 'llama' }).request.body).toEqual({ ...body, model: 'llama' });
  });

  it('leaves the model to the caller where the target names none', () => {
    expect(shape().request.body).toEqual(body);
  });

  it('lays a patch over the body, and takes out what it sets to undefined', () => {
    const change = { temperature: undefined, seed: 7, model: 'other' };

    const { request } = shape({ model: 'llama', change });

    expect(request.body).toEqual({ model: 'other', messages, seed: 7 });
    expect(Object.keys(Object(request.body))).not.toContain('temperature');
  });

  it('takes what a function makes of the body, which is its own to change', () => {
    const seen: unknown[] = [];
    const { request } = shape({
      model: 'llama',
      change: (given, of) => {
        seen.push(structuredClone(given), of);
        // It is a copy of what is below.
        const own = given as { messages: { content: string }[] };
        for (const message of own.messages) message.content = 'changed';
        return own;
      },
    });

    expect(seen).toEqual([{ ...body, model: 'llama' }, call]);
    expect(request.body).toHaveProperty('messages[0].content', 'changed');
    expect(messages[0]?.content).toBe('hi');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a list', () => []],
    ['returns a promise', () => Promise.resolve(body)],
  ])('refuses a function that %s', (_what, change) => {
    expect(codeOf(() => shape({ change }))).toBe('zerohop_interceptor');
  });

  it.each([
    [true, { stream: false }],
    [undefined, { stream: true }],
  ])('leaves it to the caller whether it is a stream (%s)', (stream, change) => {
    const given = stream === undefined ? body : { ...body, stream };

    const { request } = shape({ change }, requestOf({ body: given }));

    expect(request.body).toEqual(given);
  });

  it('leaves behind the headers that were set for the caller’s client, and names them', () => {
    const { request, removed } = shape({}, requestOf({ headers: { 'x-key': 's3cret' } }));

    expect(request.headers).toBeUndefined();
    expect(removed).toEqual(['headers.x-key']);
  });

  it('names what it took out for another provider', () => {
    const given = { ...body, prompt_cache_key: 'k' };

    expect(shape({}, requestOf({ body: given })).removed).toEqual(['prompt_cache_key']);
    expect(shape({ to: OPENAI }, requestOf({ body: given })).removed).toEqual([]);
  });

  it('takes a host that nobody knows for a provider of its own', () => {
    const here = at('http://127.0.0.1:8000/v1');
    const there = at('http://127.0.0.1:9000/v1');
    const given = requestOf({ body: { ...body, prompt_cache_key: 'k' } });

    expect(shape({ from: here, to: there }, given).removed).toEqual(['prompt_cache_key']);
    expect(shape({ from: here, to: here }, given).removed).toEqual([]);
    expect(shape({ from: OPENAI, to: here }, given).removed).toEqual(['prompt_cache_key']);
  });

  it.each<[string, unknown]>([
    ['what the caller’s provider keeps', { ...body, previous_response_id: 'resp_1' }],
    ['a stream', new ReadableStream()],
    ['an async iterable', (async function* () {})()],
    ['a text', 'body'],
  ])('refuses %s', (_what, given) => {
    expect(codeOf(() => shape({ model: 'm' }, requestOf({ body: given })))).toBe(
      'zerohop_no_target',
    );
  });

  it('asks a body that says how it is written', () => {
    const given = { toJSON: () => body };

    expect(shape({ model: 'm' }, requestOf({ body: given })).request.body).toEqual({
      ...body,
      model: 'm',
    });
  });
});
