import { describe, expect, it } from 'vitest';
import { failureFromErrorBody, upstreamFailure } from '../../../src/dialects/failures.js';
import { leaveReason } from '../../../src/routing/leave-policy.js';
import { decideRetry, type RetryState } from '../../../src/routing/retry-policy.js';
import { refusals } from './support/refusals.js';

const fresh: Omit<RetryState, 'failure' | 'headers'> = {
  retries: 0,
  retriesLeft: 2,
  remainingMs: 60_000,
  replayable: true,
  staleConnection: false,
  renewsCredentials: false,
  wallNow: 0,
  random: 0,
};

const limits = refusals
  .filter(({ status }) => status === 429)
  .map(({ title, body, headers: given }) => {
    const headers = new Headers(given);
    const failure = failureFromErrorBody(429, body);
    return { title, state: { ...fresh, failure, headers }, reason: leaveReason(failure, headers) };
  });

describe('decideRetry after a 429', () => {
  it.each(limits)(
    'waits where that helps, as who looks for another target sees it: $title',
    ({ state, reason }) => {
      const waitingHelps = reason !== 'quota' && reason !== 'too_large';

      expect(decideRetry(state).retry).toBe(waitingHelps);
    },
  );

  it('waits as long as the body asks, where no header does', () => {
    const details = [{ retryDelay: '7s' }];
    const failure = failureFromErrorBody(429, { error: { code: 429, message: 'slower', details } });
    const waitMs = (headers?: Headers) =>
      Reflect.get(decideRetry({ ...fresh, failure, headers }), 'waitMs') as unknown;

    expect(waitMs()).toBe(7_000);
    expect(waitMs(new Headers({ 'retry-after': '3' }))).toBe(3_000);
  });

  it('knows spent money from one request that is too large', () => {
    const reasonOf = (error: object) =>
      decideRetry({ ...fresh, failure: upstreamFailure({ error }), headers: undefined }).reason;

    expect(reasonOf({ code: 'insufficient_quota', message: 'm' })).toBe('quota');
    expect(reasonOf({ code: 429, message: 'Request too large for gpt-x' })).toBe('too_large');
    expect(reasonOf({ code: 429, message: 'slower' })).toBe('backoff');
  });
});
