import { describe, expect, it } from 'vitest';
import { describeWithRedis } from '../../support/redis.js';
import { attemptCountCases } from './cases/attempt-counts.js';
import { attemptEndCases } from './cases/attempt-ends.js';
import { balanceCases } from './cases/balance.js';
import { bodyCases } from './cases/body.js';
import { breakerCases } from './cases/breakers.js';
import { cacheAnswerCases } from './cases/cache.js';
import { cacheFallbackCases } from './cases/cache-fallbacks.js';
import { cacheKeyCases } from './cases/cache-keys.js';
import { cacheSharingCases } from './cases/cache-sharing.js';
import { cacheStoreCases } from './cases/cache-stores.js';
import { cancelCases } from './cases/cancel.js';
import { foreignTargetCases } from './cases/foreign-targets.js';
import { httpStatusCases } from './cases/http-status.js';
import { leftAloneCases } from './cases/left-alone.js';
import { logCases } from './cases/log-outages.js';
import { rateLimitCases } from './cases/rate-limits.js';
import { limitReplyCases, sharedLimitCases } from './cases/shared-limits.js';
import { sizeCases } from './cases/sizes.js';
import { sqliteCases } from './cases/sqlite-outages.js';
import { redisCases, storeReplyCases } from './cases/store-outages.js';
import { streamAnswerCases } from './cases/stream-answers.js';
import { streamEndingCases } from './cases/stream-endings.js';
import { streamFramingCases } from './cases/stream-framing.js';
import { timeoutCases } from './cases/timeouts.js';
import { transportCases } from './cases/transport.js';
import { unreadBodyCases } from './cases/unread-bodies.js';
import { withFallbackCases } from './cases/with-fallback.js';
import { streamFallbackCases } from './cases/with-fallback-streams.js';
import { findSharedCatalogue } from './harness/origin.js';
import { Report } from './harness/report.js';
import { runCases } from './harness/run-cases.js';
import { sdks } from './harness/sdks.js';

const report = new Report();
const options = { report, shared: await findSharedCatalogue() };

describe('transport', () => {
  runCases([...transportCases, ...unreadBodyCases], options);
});

describe('HTTP status', () => {
  runCases(httpStatusCases, options);
});

describe('streams', () => {
  runCases([...streamFramingCases, ...streamEndingCases, ...streamAnswerCases], options);
});

describe('bodies', () => {
  runCases(bodyCases, options);
});

describe('sizes', () => {
  runCases(sizeCases, options);
});

describe('cancelling and timeouts', () => {
  runCases([...cancelCases, ...timeoutCases], options);
});

describe('retries', () => {
  runCases([...attemptCountCases, ...attemptEndCases], options);
});

describe('with another target', () => {
  runCases(
    [
      ...withFallbackCases,
      ...streamFallbackCases,
      ...foreignTargetCases,
      ...breakerCases,
      ...leftAloneCases,
      ...balanceCases,
    ],
    options,
  );
});

describe('the cache', () => {
  runCases(
    [
      ...cacheAnswerCases,
      ...cacheKeyCases,
      ...cacheSharingCases,
      ...cacheStoreCases,
      ...cacheFallbackCases,
    ],
    options,
  );
});

describe('rate limits', () => {
  runCases([...rateLimitCases, ...limitReplyCases], options);
});

describeWithRedis('rate limits that processes share, with a real Redis', () => {
  runCases(sharedLimitCases, options);
});

describeWithRedis('stores that fail, with a real Redis', () => {
  runCases(redisCases, options);
});

describe('stores that fail', () => {
  runCases([...storeReplyCases, ...sqliteCases, ...logCases], options);
});

describe('all cases', () => {
  it('pass where they must', () => {
    console.log(report.table(sdks.map(({ name }) => name)));

    expect(report.missed('P0'), 'P0 that did not pass').toEqual([]);
    expect(report.share('P1'), 'share of P1 that passed').toBeGreaterThanOrEqual(0.95);
  });
});
