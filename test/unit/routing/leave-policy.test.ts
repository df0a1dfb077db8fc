import { describe, expect, it } from 'vitest';
import { failureFromErrorBody, upstreamFailure } from '../../../src/dialects/failures.js';
import type { Failure, FailureKind } from '../../../src/pipeline/settlement.js';
import {
  breakerEffect,
  type LeaveReason,
  leaveReason,
  shouldLeave,
} from '../../../src/routing/leave-policy.js';
import { loadRecordings, type WireExchange } from '../../support/wire/exchange.js';
import { read } from '../dialects/support/read.js';
import { dialectOf } from '../dialects/support/wire.js';
import { recordedRefusals } from './support/recorded-refusals.js';
import { refusals } from './support/refusals.js';

describe('leaveReason', () => {
  it.each(refusals)('understands: $title', ({ status, body, headers, reason }) => {
    const failure = status >= 400 ? failureFromErrorBody(status, body) : upstreamFailure(body);

    expect(leaveReason(failure, headers && new Headers(headers))).toBe(reason);
  });

  it.each<[LeaveReason, number, string]>([
    ['quota', 429, 'exceeded_current_quota_error'],
    ['quota', 400, 'payment_required'],
    ['context_window', 400, 'payload_too_large'],
    ['context_window', 400, 'request_too_large'],
    ['context_window', 400, 'tokens_limit_reached'],
    ['content_policy', 400, 'contentFilter'],
    ['content_policy', 400, 'moderation_blocked'],
    ['content_policy', 400, 'data_inspection_failed'],
    ['model_not_found', 404, 'model_not_found'],
    ['model_not_found', 404, 'DeploymentNotFound'],
    ['model_not_found', 400, 'model_not_available'],
    ['model_not_found', 400, 'invalid_model'],
    ['model_not_found', 400, 'unknown_model'],
    ['auth', 400, 'invalid_api_key'],
    ['auth', 400, 'authentication_error'],
    ['auth', 400, 'authentication'],
    ['auth', 400, 'permission_denied'],
    ['overloaded', 500, 'overloaded_error'],
    ['overloaded', 500, 'overloaded'],
    ['overloaded', 500, 'slow_down'],
    ['overloaded', 502, 'provider_overloaded'],
  ])(
    'takes it for %s where a %d is said to be %s, as a code or as a type',
    (reason, status, word) => {
      const failure: Failure = { kind: 'status', status, message: '' };

      expect(leaveReason({ ...failure, code: word })).toBe(reason);
      expect(leaveReason({ ...failure, type: word })).toBe(reason);
    },
  );

  it.each<[LeaveReason, number, string]>([
    ['quota', 403, 'Insufficient balance.'],
    ['quota', 403, 'Your team has used all available credits.'],
    ['context_window', 400, 'The context length exceeded 8 tokens.'],
    ['context_window', 400, 'The context window exceeds limit (2013)'],
    ['context_window', 400, 'Request too large'],
    ['context_window', 400, 'The number of input tokens exceeds 8.'],
    ['context_window', 400, 'Your request exceeded model token limit: 8'],
    ['context_window', 400, 'Range of input length should be [1, 8]'],
    ['context_window', 400, 'Current length is 9 while limit is 8'],
    ['context_window', 422, '`inputs` tokens + `max_new_tokens` must be <= 8.'],
    ['content_policy', 400, 'This may violate our usage policies.'],
    ['content_policy', 400, 'The answer was blocked by a guardrail.'],
    ['model_not_found', 400, 'Model Not Exist'],
    ['model_not_found', 400, 'Invalid model: x'],
    ['auth', 400, 'Expired API key'],
    ['overloaded', 500, 'The model is over capacity.'],
  ])('takes it for %s where a %d says: %s', (reason, status, message) => {
    expect(leaveReason({ kind: 'status', status, message })).toBe(reason);
  });

  it.each<[FailureKind, LeaveReason]>([
    ['connection', 'connection'],
    ['truncated', 'truncated'],
    ['malformed', 'malformed'],
    ['redirect', 'malformed'],
    ['empty', 'empty'],
    ['connect_timeout', 'timeout'],
    ['first_byte_timeout', 'timeout'],
    ['idle_timeout', 'timeout'],
    ['timeout', 'timeout'],
    ['deadline', 'deadline'],
    ['aborted', 'aborted'],
    ['interceptor', 'interceptor'],
    ['limit', 'other'],
    ['other', 'other'],
  ])('takes %s for %s, whatever the message says', (kind, reason) => {
    expect(leaveReason({ kind, message: 'prompt is too long' })).toBe(reason);
  });
});

const exchanges = loadRecordings();

describe.skipIf(exchanges.length === 0)('leaveReason of the recordings', () => {
  const failed = exchanges.flatMap((exchange) => {
    const failure = failureIn(exchange);
    return failure ? [{ exchange, failure }] : [];
  });

  it('knows every error of them', () => {
    const reasons = failed.map(({ exchange: { id, response }, failure }) => {
      return [id, leaveReason(failure, new Headers(response.headers))];
    });

    expect(reasons).toEqual(recordedRefusals);
  });
});

function failureIn(exchange: WireExchange): Failure | undefined {
  const { status, body } = exchange.response;
  if (status >= 400) return failureFromErrorBody(status, body);
  const dialect = dialectOf(exchange);
  return dialect && read(dialect, body).reader.failure;
}

const unauthorised: Failure = { kind: 'status', status: 401, message: 'no' };

describe('shouldLeave', () => {
  it.each<LeaveReason>([
    'rate_limited',
    'quota',
    'too_large',
    'overloaded',
    'server_error',
    'connection',
    'timeout',
    'malformed',
    'empty',
    'truncated',
    'model_not_found',
    'auth',
  ])('leaves on %s', (reason) => {
    expect(shouldLeave(reason)).toBe(true);
  });

  it.each<LeaveReason>([
    'caller_error',
    'context_window',
    'content_policy',
    'aborted',
    'deadline',
    'interceptor',
    'other',
  ])('stays on %s', (reason) => {
    expect(shouldLeave(reason)).toBe(false);
  });

  it('has the caller told that their own key is not accepted', () => {
    expect(shouldLeave('auth', { callersKey: true })).toBe(false);
  });

  it("lets the user's rule go before the policy, both ways", () => {
    const leaveOn = (reason: LeaveReason) => reason === 'context_window';

    expect(shouldLeave('context_window', { leaveOn })).toBe(true);
    expect(shouldLeave('overloaded', { leaveOn })).toBe(false);
  });

  it.each<LeaveReason>(['aborted', 'deadline', 'interceptor'])(
    "never leaves on %s, whatever the user's rule says",
    (reason) => {
      expect(shouldLeave(reason, { leaveOn: () => true })).toBe(false);
    },
  );

  it.each<[string, () => unknown]>([
    ['says nothing', () => undefined],
    ['is async', async () => false],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
  ])('falls back on the policy where the rule of the user %s', (_, rule) => {
    // What a caller without types may pass.
    const leaveOn = rule as () => undefined;

    expect(shouldLeave('overloaded', { leaveOn })).toBe(true);
    expect(shouldLeave('context_window', { leaveOn })).toBe(false);
  });
});

describe('breakerEffect', () => {
  it.each<[LeaveReason, 'failed' | 'released' | 'killed']>([
    ['rate_limited', 'failed'],
    ['quota', 'killed'],
    ['too_large', 'released'],
    ['overloaded', 'failed'],
    ['server_error', 'failed'],
    ['connection', 'failed'],
    ['timeout', 'failed'],
    ['malformed', 'failed'],
    ['empty', 'failed'],
    ['truncated', 'failed'],
    ['model_not_found', 'released'],
    ['auth', 'killed'],
    ['context_window', 'released'],
    ['content_policy', 'released'],
    ['caller_error', 'released'],
    ['aborted', 'released'],
    ['deadline', 'released'],
    ['interceptor', 'released'],
    ['other', 'released'],
  ])('of %s is %s', (reason, effect) => {
    expect(breakerEffect(reason, { failure: unauthorised })).toBe(effect);
  });

  it('of a 403 only counts', () => {
    expect(breakerEffect('auth', { failure: { ...unauthorised, status: 403 } })).toBe('failed');
  });

  it("of the caller's own key is none", () => {
    expect(breakerEffect('auth', { failure: unauthorised, callersKey: true })).toBe('released');
  });
});
