import { describe, expect, it } from 'vitest';
import { describeWithRedis } from '../../support/redis.js';
import { bodyCases } from './cases/body.js';
import { cacheAnswerCases } from './cases/cache.js';
import { cacheKeyCases } from './cases/cache-keys.js';
import { cacheSharingCases } from './cases/cache-sharing.js';
import { cacheStoreCases } from './cases/cache-stores.js';
import { cancelCases } from './cases/cancel.js';
import { httpStatusCases } from './cases/http-status.js';
import { logCases } from './cases/log-outages.js';
import { sizeCases } from './cases/sizes.js';
import { sqliteCases } from './cases/sqlite-outages.js';
import { redisCases, storeReplyCases } from './cases/store-outages.js';
import { streamAnswerCases } from './cases/stream-answers.js';
import { streamEndingCases } from './cases/stream-endings.js';
import { streamFramingCases } from './cases/stream-framing.js';
import { timeoutCases } from './cases/timeouts.js';
import { transportCases } from './cases/transport.js';
import { unreadBodyCases } from './cases/unread-bodies.js';
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

describe('the cache', () => {
  runCases(
    [...cacheAnswerCases, ...cacheKeyCases, ...cacheSharingCases, ...cacheStoreCases],
    options,
  );
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
