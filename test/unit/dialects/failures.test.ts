import { describe, expect, it } from 'vitest';
import { failureFromErrorBody, upstreamFailure } from '../../../src/dialects/failures.js';
import { errorShapes } from '../../fixtures/dialects/error-shapes.js';

describe('failureFromErrorBody', () => {
  it.each(errorShapes)('reads $title', ({ status, body, code, type, message }) => {
    expect(failureFromErrorBody(status, body)).toEqual({
      kind: 'status',
      status,
      code,
      type,
      message,
    });
  });

  it('bounds the words of a provider at 300 characters', () => {
    const { message } = failureFromErrorBody(400, { error: { message: 'x'.repeat(5_000) } });

    expect(message).toHaveLength(300);
    expect(message.endsWith('…')).toBe(true);
  });

  it.each([
    ['a message that is an object', { error: { message: { message: 'inner' } } }, 'inner'],
    ['an error that is null', { error: null, message: 'outer' }, 'outer'],
    ['an error that is an empty object', { error: {}, detail: 'outer' }, 'outer'],
    [
      'members named like prototypes',
      JSON.parse('{"error":{"__proto__":{"message":"p"},"message":"own"}}'),
      'own',
    ],
  ])('reads %s', (_, body, message) => {
    expect(failureFromErrorBody(400, body).message).toBe(message);
  });
});

describe('the wait that Google asks for', () => {
  it.each([
    ['34.07s', 34_070],
    ['0s', 0],
    ['1.000000001s', 1_001],
    ['soon', undefined],
    [34, undefined],
    ['99999999999s', undefined],
  ])('is read from the body: %s', (retryDelay, retryAfterMs) => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }];
    const failure = failureFromErrorBody(429, [{ error: { code: 429, message: 'm', details } }]);

    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });
});

describe('the error within an error', () => {
  const raw = { error: { message: 'm', type: 'invalid_request_error', code: 'inner_code' } };
  const openrouter = (metadata: object) => ({
    error: { message: 'Provider returned error', code: 400, metadata },
  });
  const azure = (own: object) => ({
    error: { message: 'm', ...own, innererror: { code: 'ResponsibleAIPolicyViolation' } },
  });
  const google = (...quotaIds: readonly string[]) => ({
    error: {
      code: 429,
      message: 'm',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
        {
          '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
          violations: quotaIds.map((quotaId) => ({ quotaId })),
        },
      ],
    },
  });

  it.each([
    ["OpenRouter's own type", openrouter({ error_type: 'timeout' }), '400', 'timeout'],
    [
      "the provider's behind OpenRouter",
      openrouter({ raw }),
      'inner_code',
      'invalid_request_error',
    ],
    [
      "the provider's behind OpenRouter, as text",
      openrouter({ raw: JSON.stringify(raw), error_type: 'invalid_request' }),
      'inner_code',
      'invalid_request',
    ],
    ['no raw text that is not JSON', openrouter({ raw: '{not' }), '400', undefined],
    ['no raw text that is none', openrouter({ raw: 7, error_type: {} }), '400', undefined],
    [
      "Azure's inner code where there is no other",
      azure({ code: null }),
      'ResponsibleAIPolicyViolation',
      'ResponsibleAIPolicyViolation',
    ],
    [
      "Azure's inner code beside another",
      azure({ code: 'content_filter' }),
      'content_filter',
      'ResponsibleAIPolicyViolation',
    ],
    ['no inner code where both are given', azure({ code: 'a', type: 'b' }), 'a', 'b'],
    [
      "Google's status and quota",
      google('RequestsPerMinute'),
      'RequestsPerMinute',
      'RESOURCE_EXHAUSTED',
    ],
    [
      'the quota of the longest time',
      google('RequestsPerMinute', 'RequestsPerDay-FreeTier'),
      'RequestsPerDay-FreeTier',
      'RESOURCE_EXHAUSTED',
    ],
    [
      "Google's error in a list",
      [google('RequestsPerDay')],
      'RequestsPerDay',
      'RESOURCE_EXHAUSTED',
    ],
    ['no quota where none is named', google(), '429', 'RESOURCE_EXHAUSTED'],
    ['no status that is no word', { error: { message: 'm', status: '429' } }, undefined, undefined],
  ])('gives code and type: %s', (_, body, code, type) => {
    expect(failureFromErrorBody(400, body)).toMatchObject({ code, type });
  });
});

describe('upstreamFailure', () => {
  it.each([
    [
      'a status code inside',
      { error: { message: 'm', status_code: 422, code: 'tool_use_failed' } },
      422,
    ],
    ['a number for a code', { error: { message: 'm', code: 502 } }, 502],
    ['a status in words of digits', { error: { message: 'm', code: '429' } }, 429],
    ['a status beside the error', { status: 503, error: { message: 'm' } }, 503],
    [
      'an overloaded_error',
      { type: 'error', error: { type: 'overloaded_error', message: 'm' } },
      529,
    ],
    ['a rate_limit_error', { error: { type: 'rate_limit_error', message: 'm' } }, 429],
    ['insufficient_quota', { error: { code: 'insufficient_quota', message: 'm' } }, 429],
    [
      'a code before a type',
      { error: { code: 'rate_limit_exceeded', type: 'invalid_request_error', message: 'm' } },
      429,
    ],
    [
      'a server_error without a code',
      { error: { type: 'server_error', code: null, message: 'm' } },
      500,
    ],
    ['a code that is no status', { error: { code: '3051', message: 'm' } }, undefined],
    ['a number that is no status', { error: { code: 10_001, message: 'm' } }, undefined],
    ['words nobody knows', { error: { type: 'toString', message: 'm' } }, undefined],
  ])('takes the status from %s', (_, body, status) => {
    expect(upstreamFailure(body)).toMatchObject({ kind: 'upstream_error', status, message: 'm' });
  });
});
