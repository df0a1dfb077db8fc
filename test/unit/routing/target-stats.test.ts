import { describe, expect, it } from 'vitest';
import { TargetStats, TimedAverage } from '../../../src/routing/target-stats.js';

const HALF_LIFE_MS = 30_000;

describe('TimedAverage', () => {
  it('is its first sample', () => {
    const average = new TimedAverage('mean');

    average.add(100, 5_000);

    expect(average.value).toBe(100);
  });

  it('goes half of the way to a sample that comes after a half-life', () => {
    const average = new TimedAverage('mean');
    average.add(100, 0);

    average.add(300, HALF_LIFE_MS);

    expect(average.value).toBeCloseTo(200);
  });

  it('weighs samples by the time they stand for, not by their number', () => {
    const often = new TimedAverage('mean');
    often.add(100, 0);
    for (let at = 300; at <= HALF_LIFE_MS; at += 300) often.add(300, at);

    expect(often.value).toBeCloseTo(200);
  });

  it.each([
    ['up at once', 900, 900],
    ['down with time', 0, 50],
  ])('goes %s where it is a peak', (_, sample, value) => {
    const average = new TimedAverage('peak');
    average.add(100, 0);

    average.add(sample, HALF_LIFE_MS);

    expect(average.value).toBeCloseTo(value);
  });

  it('does not go back in time with a clock that does', () => {
    const average = new TimedAverage('mean');
    average.add(100, 1_000);

    average.add(300, 0);

    expect(average.value).toBe(100);
  });
});

/** A target that has answered once, at 0, and the ms it took. */
function answered(firstContentMs: number, msPerToken?: number): TargetStats {
  const stats = new TargetStats();
  stats.begin();
  stats.succeeded(0, { firstContentMs, msPerToken });
  return stats;
}

describe('TargetStats', () => {
  it('counts the calls under way, each of them out once however it ends', () => {
    const stats = new TargetStats();
    for (let call = 0; call < 4; call += 1) stats.begin();

    stats.succeeded(0, {});
    stats.failed(0);
    stats.released();

    expect(stats.inFlight).toBe(1);
  });

  it('keeps the times of answers, and nothing of what is not known', () => {
    const stats = answered(120, 9);

    stats.succeeded(HALF_LIFE_MS, { firstContentMs: 240 });

    expect(stats.firstContentMs).toBe(240);
    expect(stats.msPerToken).toBe(9);
  });

  it('knows the share of recent calls that were answered', () => {
    const stats = new TargetStats();

    for (let call = 0; call < 3; call += 1) stats.succeeded(0, {});
    for (let call = 0; call < 4; call += 1) stats.failed(0);

    // Three and one for the benefit of the doubt, of eight.
    expect(stats.successRatio(0)).toBe(0.5);
  });

  it('forgets failures with time', () => {
    const stats = new TargetStats();
    for (let call = 0; call < 8; call += 1) stats.failed(0);

    expect(stats.successRatio(3 * HALF_LIFE_MS)).toBe(0.5);
    expect(stats.successRatio(30 * HALF_LIFE_MS)).toBeCloseTo(1);
  });

  it.each([
    ['the least share of all limits', [limit(50, 100), limit(1, 10)], 0, 0.1],
    ['all, once the limit has started anew', [limit(0, 10)], 1_000, 1],
    ['all, of a limit that is exceeded upwards', [limit(19, 10)], 0, 1],
    ['nothing, where nothing remains of an unknown limit', [{ remaining: 0 }], 0, 0],
    ['all, where something remains of an unknown limit', [{ remaining: 1 }], 0, 1],
    ['for a minute, what names no reset', [{ remaining: 0, limit: 1 }], 59_999, 0],
    ['no longer than a minute, what names no reset', [{ remaining: 0, limit: 1 }], 60_000, 1],
  ])('has as its headroom %s', (_, quota, now, headroom) => {
    const stats = new TargetStats();

    stats.sawQuota(quota, 0);

    expect(stats.headroom(now)).toBe(headroom);
  });

  it('keeps its quota when an answer says nothing of it', () => {
    const stats = new TargetStats();
    stats.sawQuota([limit(1, 10)], 0);

    stats.sawQuota([], 0);

    expect(stats.headroom(0)).toBe(0.1);
  });
});

function limit(remaining: number, limit: number) {
  return { remaining, limit, resetMs: 1_000 };
}

describe('the score of a target', () => {
  it('is what a typical answer takes, for each call under way and the next', () => {
    const stats = answered(100, 2);
    stats.begin();
    stats.begin();

    expect(stats.score(0)).toBe((100 + 100 * 2) * 3);
  });

  it('is the best for a target nobody has asked, and the worst while that is being asked', () => {
    const unknown = new TargetStats();
    const known = answered(60_000);

    expect(unknown.score(0)).toBeLessThan(known.score(0));
    unknown.begin();
    expect(unknown.score(0)).toBeGreaterThan(known.score(0));
  });

  it('gives a target that has only failed no benefit of the doubt, until that is forgotten', () => {
    const failing = new TargetStats();
    failing.failed(0);

    expect(failing.score(0)).toBeGreaterThan(answered(60_000).score(0));
    expect(failing.score(2 * HALF_LIFE_MS)).toBe(0);
  });

  it('is halved after each minute without a call', () => {
    expect(answered(100).score(120_000)).toBeCloseTo(25);
  });

  it('has one call at a time go by that hope', () => {
    const stats = answered(100);

    stats.begin();

    expect(stats.score(120_000)).toBe(200);
  });

  it('is divided by the share of calls that were answered', () => {
    const stats = answered(100);
    stats.failed(0);
    stats.failed(0);

    expect(stats.score(0)).toBeCloseTo(200);
  });

  it.each([
    [100, 1],
    [10, 1],
    [5, 2],
    [0, 100],
  ])('with %d %% of its quota left is %d times as high', (percent, factor) => {
    const stats = answered(100);

    stats.sawQuota([limit(percent, 100)], 0);

    expect(stats.score(0)).toBeCloseTo(100 * factor);
  });
});
