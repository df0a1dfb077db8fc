import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import { backoff, type FaultCase } from '../harness/fault-case.js';
import { http, json } from '../harness/script.js';
import { type ErrorName, openaiOnly } from '../harness/sdks.js';
import { completion, type Shape } from '../harness/shapes.js';

const answered = { outcome: 'success', text: 'hello world', usage: 'reported' } as const;
const retried = { ...answered, hits: 2, kinds: ['status', undefined] } as const;

type Headers = Readonly<Record<string, string>>;

/** A status with an error body, and then an answer. */
const once = (status: number, headers: Headers, type = 'rate_limit_error') => {
  return ({ error, ok }: Shape) => [[json(status, error(type), headers)], [json(200, ok)]];
};

/** A status with an error body, for ever. */
const always = (status: number, headers: Headers = {}, type = 'invalid_request_error') => {
  return ({ error }: Shape) => [[json(status, error(type), headers)]];
};

const page = `<html><body><h1>502 Bad Gateway</h1>${'<p>proxy</p>'.repeat(300)}</body></html>`;

const callerErrors: readonly (readonly [number, ErrorName])[] = [
  [400, 'BadRequestError'],
  [401, 'AuthenticationError'],
  [403, 'PermissionDeniedError'],
  [404, 'NotFoundError'],
  [413, 'APIError'],
  [422, 'UnprocessableEntityError'],
];

/** Waits that a server asks for. */
const waits: readonly FaultCase[] = [
  {
    id: 'H01',
    priority: 'P0',
    title: '429 with Retry-After in seconds',
    attempts: once(429, { 'retry-after': '1' }),
    expect: { ...retried, waits: [[1_000, 1_250]] },
  },
  {
    id: 'H02',
    priority: 'P1',
    title: 'retry-after-ms: 0 goes before retry-after: 30',
    attempts: once(429, { 'retry-after-ms': '0', 'retry-after': '30' }),
    expect: { ...retried, waits: [] },
  },
  {
    id: 'H03',
    priority: 'P0',
    title: 'Retry-After far beyond the cap',
    attempts: always(429, { 'retry-after': '3600' }, 'rate_limit_error'),
    expect: {
      outcome: 'error',
      kinds: ['status'],
      error: { is: 'RateLimitError', status: 429 },
      check: ({ error }) => expect(error).toMatchObject({ retryAfterMs: 3_600_000 }),
    },
  },
  {
    id: 'H04',
    priority: 'P1',
    title: 'Retry-After as an HTTP date',
    attempts: ({ error, ok }) => [
      [
        json(429, error('rate_limit_error'), {
          'retry-after': new Date(Date.now() + 2_000).toUTCString(),
        }),
      ],
      [json(200, ok)],
    ],
    expect: { ...retried, waits: [[0, 3_000]] },
  },
  {
    id: 'H05',
    priority: 'P0',
    title: 'Retry-After that does not parse',
    attempts: once(429, { 'retry-after': 'soon' }),
    expect: { ...retried, waits: [backoff(0)] },
  },
  {
    id: 'H24',
    priority: 'P1',
    title: 'Retry-After in mixed case and twice',
    attempts: ({ ok }) => [
      [
        wire.write(
          'HTTP/1.1 429 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\nRetry-After: 1\r\nretry-after: 120\r\n\r\n{}',
        ),
      ],
      [json(200, ok)],
    ],
    expect: { ...retried, waits: [[1_000, 1_250]] },
  },
];

/** What is tried again, and what is not. */
const statuses: readonly FaultCase[] = [
  {
    id: 'H07',
    priority: 'P0',
    title: 'a spent quota is no rate limit',
    attempts: ({ error }) => [
      [
        json(
          429,
          error('insufficient_quota', 'You exceeded your current quota', 'insufficient_quota'),
        ),
      ],
    ],
    expect: {
      outcome: 'error',
      kinds: ['status'],
      error: { is: 'RateLimitError', status: 429, message: /quota/ },
    },
  },
  {
    id: 'H10',
    priority: 'P1',
    title: 'x-should-retry: false on a 500',
    attempts: always(500, { 'x-should-retry': 'false' }, 'server_error'),
    expect: {
      outcome: 'error',
      kinds: ['status'],
      error: { is: 'InternalServerError', status: 500 },
    },
  },
  {
    id: 'H11',
    priority: 'P2',
    title: 'x-should-retry: true on a 400',
    attempts: once(400, { 'x-should-retry': 'true' }, 'invalid_request_error'),
    expect: retried,
  },
  ...callerErrors.map(
    ([status, is]): FaultCase => ({
      id: 'H12',
      variant: String(status),
      isShared: status === 400,
      priority: 'P0',
      title: "the caller's mistakes are not tried again",
      attempts: always(status),
      expect: {
        outcome: 'error',
        kinds: ['status'],
        error: { is, status },
        check: ({ error }) =>
          expect(error).toMatchObject({
            error: expect.anything(),
            message: expect.stringContaining('x'),
          }),
      },
    }),
  ),
  {
    id: 'H13',
    priority: 'P0',
    title: '502 with an HTML page',
    attempts: ({ ok }) => [[http(502, { 'content-type': 'text/html' }, page)], [json(200, ok)]],
    expect: retried,
  },
  {
    id: 'H13',
    variant: 'for ever',
    priority: 'P0',
    title: '502 with an HTML page',
    attempts: () => [[http(502, { 'content-type': 'text/html' }, page)]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['status', 'status', 'status'],
      error: { is: 'InternalServerError', status: 502, message: /^502 .*text\/html/ },
      check: ({ error }) => expect(String(error)).not.toMatch(/<\w+>/),
    },
  },
  {
    id: 'H14',
    priority: 'P0',
    title: '529 overloaded',
    attempts: ({ ok }) => [
      [json(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
      [json(200, ok)],
    ],
    expect: retried,
  },
  ...[408, 409].map(
    (status): FaultCase => ({
      id: 'H15',
      variant: String(status),
      isShared: status === 409,
      priority: 'P1',
      title: '408 and 409',
      attempts: once(status, {}, 'conflict'),
      expect: retried,
    }),
  ),
];

/** Answers that are none. */
const answers: readonly FaultCase[] = [
  {
    id: 'H16',
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: ({ error }) => [[json(200, error('api_error', 'Provider returned error', 502))]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['upstream_error', 'upstream_error', 'upstream_error'],
      error: { is: 'InternalServerError', message: /Provider returned error/ },
      usage: 'none',
    },
  },
  {
    id: 'H16',
    variant: 'then an answer',
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: ({ error, ok }) => [
      [json(200, error('api_error', 'Provider returned error', 502))],
      [json(200, ok)],
    ],
    expect: { ...retried, kinds: ['upstream_error', undefined] },
  },
  {
    id: 'H16',
    variant: 'a page',
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: () => [[http(200, { 'content-type': 'text/html' }, page)]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['malformed', 'malformed', 'malformed'],
      error: { is: 'APIConnectionError', message: /text\/html/ },
    },
  },
  {
    id: 'H16',
    variant: 'an empty body',
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: () => [[json(200, '')]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['malformed', 'malformed', 'malformed'],
      error: { is: 'APIConnectionError', message: /empty/ },
    },
  },
  {
    id: 'H19',
    priority: 'P2',
    title: '200 with choices: []',
    sdks: openaiOnly,
    attempts: () => [[json(200, completion({ choices: [], usage: null }))]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['empty', 'empty', 'empty'],
      error: { is: 'APIConnectionError' },
    },
  },
  {
    id: 'H20',
    priority: 'P1',
    title: 'context window exceeded',
    attempts: ({ error }) => [
      [json(400, error('invalid_request_error', 'too long', 'context_length_exceeded'))],
    ],
    expect: {
      outcome: 'error',
      kinds: ['status'],
      error: { is: 'BadRequestError', status: 400, message: /too long/ },
    },
  },
];

/** What a status and the headers with it ask for. */
export const httpStatusCases: readonly FaultCase[] = [...waits, ...statuses, ...answers];
