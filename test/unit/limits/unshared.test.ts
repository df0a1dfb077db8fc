import { describe, expect, it } from 'vitest';
import { Unshared } from '../../../src/limits/shared/unshared.js';

describe('what was let through without Redis', () => {
  const unshared = () => new Unshared(2, 1_000);

  it('is told of once, in whole units', () => {
    const some = unshared();
    some.add(10.5, 0);
    some.add(20, 10);

    expect([some.takeAll(20), some.takeAll(20)]).toEqual([31, 0]);
  });

  it('is not forgotten until Redis is full, and then at the pace of the part', () => {
    const taken = [1_000, 1_010, 2_000].map((at) => {
      const some = unshared();
      some.add(100, 0);
      return some.takeAll(at);
    });

    expect(taken).toEqual([100, 80, 0]);
  });

  it('is never less than nothing', () => {
    const some = unshared();
    some.add(100, 0);
    some.add(-150, 5);
    some.add(10, 5_000);
    some.add(10, 5_001);

    expect(some.takeAll(5_001)).toBe(18);
  });

  it('begins anew each time that Redis goes', () => {
    const some = unshared();
    some.add(100, 0);
    some.takeAll(5_000);
    some.add(100, 6_000);

    expect(some.takeAll(7_000)).toBe(100);
  });
});
