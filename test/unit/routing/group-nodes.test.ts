import { describe, expect, it } from 'vitest';
import { balance } from '../../../src/routing/route/group-nodes.js';
import type { BalanceStrategy } from '../../../src/routing/route/route-types.js';

describe('balance', () => {
  it.each<[BalanceStrategy, number]>([
    ['cost', 1],
    ['latency', 0],
    ['weighted', 0],
  ])(
    'has the prices made ready ahead of the first call where it goes by them: %s',
    (strategy, times) => {
      let prepared = 0;
      const costs = {
        prepare: () => {
          prepared += 1;
        },
        of: () => () => undefined,
      };
      balance([], strategy, { random: () => 0, now: () => 0, costs });

      expect(prepared).toBe(times);
    },
  );
});
