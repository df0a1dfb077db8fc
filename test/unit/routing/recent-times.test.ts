import { describe, expect, it } from 'vitest';
import { RecentTimes } from '../../../src/routing/recent-times.js';
import { seededRandom } from './support/seeded-random.js';

function of(times: Iterable<number>, fraction = 0.95): RecentTimes {
  const recent = new RecentTimes(fraction);
  for (const ms of times) recent.add(ms);
  return recent;
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('the quantile of recent times', () => {
  it.each([0, 1, 19])('is not known of %d', (count) => {
    expect(of(upTo(count)).quantile()).toBeUndefined();
  });

  it.each([
    [20, 0.95, 19],
    [40, 0.95, 38],
    [100, 0.95, 95],
    [100, 0.5, 50],
    [100, 1, 100],
    [128, 0.95, 122],
  ])('of 1 to %d is, at %d, what so many are at or below: %d', (count, fraction, expected) => {
    expect(of(upTo(count), fraction).quantile()).toBe(expected);
    expect(of(upTo(count).reverse(), fraction).quantile()).toBe(expected);
  });

  it('is that of numbers, not of their digits', () => {
    expect(
      of(
        upTo(20).map((ms) => ms * 10),
        1,
      ).quantile(),
    ).toBe(200);
  });

  it('is of the last 128, and forgets those before', () => {
    const recent = of(upTo(128).map(() => 9_000));
    for (const ms of upTo(128)) recent.add(ms);

    expect(recent.quantile()).toBe(122);
  });

  it('is worked out anew with every eighth', () => {
    const recent = of(upTo(20).map(() => 1));
    expect(recent.quantile()).toBe(1);
    for (let more = 0; more < 7; more += 1) recent.add(100);
    expect(recent.quantile()).toBe(1);
    recent.add(100);

    expect(recent.quantile()).toBe(100);
  });

  it('changes nothing by being asked for', () => {
    const [one, other] = [of([]), of([])];
    for (const ms of upTo(300)) {
      one.add(ms);
      other.add(ms);
      if (ms % 8 === 4) one.quantile();
    }

    expect(one.quantile()).toBe(other.quantile());
  });

  it('is what sorting them by hand gives', () => {
    const random = seededRandom(3);
    const times = Array.from({ length: 500 }, () => Math.round(1_000 * random() ** 4));
    const last = times.slice(-128).sort((shorter, longer) => shorter - longer);

    expect(of(times).quantile()).toBe(last[Math.ceil(128 * 0.95) - 1]);
  });
});
