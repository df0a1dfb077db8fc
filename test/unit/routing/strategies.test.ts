import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  costOrder,
  latencyOrder,
  rendezvousOrder,
  weightedOrder,
} from '../../../src/routing/strategies.js';
import { seededRandom } from './support/seeded-random.js';
import { simulate } from './support/simulate.js';

interface Item {
  readonly name: string;
  readonly healthy: boolean;
  readonly weight: number;
  readonly score: number;
  readonly cost: number | undefined;
}

function item(name: string, more: Partial<Item> = {}): Item {
  return { name, healthy: true, weight: 1, score: 1, cost: undefined, ...more };
}

const namesOf = (items: Iterable<Item>): string => [...items].map(({ name }) => name).join('');

function firstOf(order: Iterable<Item>): Item | undefined {
  for (const first of order) return first;
  return undefined;
}

/** The share of `picks` that satisfy `is`, in percent. */
function percent<T>(picks: readonly T[], is: (pick: T) => boolean): number {
  return (picks.filter(is).length / picks.length) * 100;
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const ORDERS: readonly [string, (items: readonly Item[]) => Iterable<Item>][] = [
  ['weightedOrder', (items) => weightedOrder(items, seededRandom(1))],
  ['costOrder', costOrder],
  ['latencyOrder', (items) => latencyOrder(items, seededRandom(1))],
  ['rendezvousOrder', (items) => rendezvousOrder('key', items)],
];

describe.each(ORDERS)('%s', (_, order) => {
  it('puts spares behind all that have a share, and those that are not healthy last', () => {
    const items = [
      item('x', { healthy: false, weight: 9, score: 0, cost: 0 }),
      item('s', { weight: 0, score: 0, cost: 0 }),
      item('a', { score: 5, cost: 5 }),
    ];

    expect(namesOf(order(items))).toBe('asx');
  });

  it('offers every target once and changes nothing it is given', () => {
    const items = times(6, (index) => item(String(index), { score: index, weight: index % 3 }));
    const before = [...items];

    expect([...order(items)].sort((a, b) => a.score - b.score)).toEqual(before);
    expect(items).toEqual(before);
  });

  it('takes no target, and one', () => {
    expect(namesOf(order([]))).toBe('');
    expect(namesOf(order([item('a')]))).toBe('a');
  });

  it.each([0, -1, Number.NaN])('takes a weight of %d for none', (weight) => {
    expect(namesOf(order([item('s', { weight }), item('a')]))).toBe('as');
  });
});

describe('weightedOrder', () => {
  const items = [item('a', { weight: 70 }), item('b', { weight: 30 }), item('c', { weight: 0 })];

  it('gives each target its share, within two points over 10,000 calls', () => {
    const random = seededRandom(42);

    const firsts = times(10_000, () => firstOf(weightedOrder(items, random))?.name);

    expect(Math.abs(percent(firsts, (name) => name === 'a') - 70)).toBeLessThan(2);
    expect(Math.abs(percent(firsts, (name) => name === 'b') - 30)).toBeLessThan(2);
    expect(firsts).not.toContain('c');
  });

  it('gives the second place by weight as well', () => {
    const random = seededRandom(43);
    const three = [item('a'), item('b', { weight: 3 }), item('c', { weight: 1 })];

    const behindA = times(10_000, () => namesOf(weightedOrder(three, random)))
      .filter((names) => names.startsWith('a'))
      .map((names) => names[1]);

    expect(Math.abs(percent(behindA, (name) => name === 'b') - 75)).toBeLessThan(3);
  });

  it('shares what an unhealthy target had among the rest', () => {
    const random = seededRandom(44);
    const rest = [item('x', { weight: 70, healthy: false }), item('a'), item('b')];

    const firsts = times(10_000, () => firstOf(weightedOrder(rest, random))?.name);

    expect(Math.abs(percent(firsts, (name) => name === 'a') - 50)).toBeLessThan(2);
    expect(firsts).not.toContain('x');
  });

  it('keeps the given order of spares', () => {
    const weights = [0, -1, Number.NaN, 0];
    const spares = weights.map((weight, index) => item(String(index), { weight }));

    expect(namesOf(weightedOrder(spares, seededRandom(48)))).toBe('0123');
  });
});

describe('latencyOrder', () => {
  it('takes the better of two, and the rest behind it, best first', () => {
    const items = [item('d', { score: 4 }), item('b', { score: 2 }), item('c', { score: 3 })];
    const drawn = [0.7, 0.1];

    // It draws the third, and the one after it, from the front again.
    const order = latencyOrder(items, () => drawn.shift() ?? 0);

    expect(namesOf(order)).toBe('cbd');
  });

  it('draws again, among those that may be taken, where it has drawn one that may not', () => {
    const random = seededRandom(49);
    const items = [
      item('x', { score: 0, healthy: false }),
      item('s', { score: 0, weight: 0 }),
      ...times(3, (index) => item(`a${index}`)),
    ];

    const firsts = times(9_000, () => firstOf(latencyOrder(items, random))?.name ?? '');

    for (const name of ['a0', 'a1', 'a2']) {
      expect(Math.abs(percent(firsts, (first) => first === name) - 100 / 3)).toBeLessThan(2);
    }
  });

  it('asks for the scores of two, as long as the first is enough', () => {
    const asked: string[] = [];
    const items = times(10, (index) => {
      const name = String(index);
      return {
        ...item(name),
        get score() {
          asked.push(name);
          return index;
        },
      };
    });

    firstOf(latencyOrder(items, seededRandom(50)));

    expect(new Set(asked).size).toBe(2);
  });

  it('never takes the worst of three', () => {
    const random = seededRandom(45);
    const items = [item('a', { score: 1 }), item('b', { score: 2 }), item('c', { score: 3 })];

    const firsts = times(1_000, () => firstOf(latencyOrder(items, random))?.name);

    expect(new Set(firsts)).toEqual(new Set(['a', 'b']));
  });

  it('draws between equals by lot', () => {
    const random = seededRandom(46);

    const firsts = times(10_000, () => firstOf(latencyOrder([item('a'), item('b')], random))?.name);

    expect(Math.abs(percent(firsts, (name) => name === 'a') - 50)).toBeLessThan(2);
  });

  it.each([
    [2, 20, 10],
    [2, 100, 20],
    [3, 100, 13],
    [2, 1_000, 20],
    [3, 10_000, 13],
  ])(
    'of %d targets, one call every %d ms, one that is five times slower loses its share within 50 calls and has it back once it is fast',
    (count, everyMs, backPercent) => {
      const random = seededRandom(47);
      const calls = 200 + Math.ceil(600_000 / everyMs);
      const slowUntil = 200 * everyMs;
      const latency = (base: number) => base * (0.7 + 0.6 * random());
      const targets = times(count, (index) => ({
        latencyMs: (now: number) => latency(index === 0 && now < slowUntil ? 500 : 100),
      }));

      const picks = simulate(targets, random, { calls, everyMs });

      const isSlow = (pick: number) => pick === 0;
      expect(percent(picks.slice(0, 50), isSlow)).toBeLessThan(20);
      expect(percent(picks.slice(50, 200), isSlow)).toBeLessThan(20);
      expect(percent(picks.slice(-Math.ceil(calls / 4)), isSlow)).toBeGreaterThan(backPercent);
    },
  );
});

describe('costOrder', () => {
  it('puts the cheapest first, and what has no cost behind all that have one', () => {
    const items = [
      item('u'),
      item('b', { cost: 2 }),
      item('c', { cost: 30, score: 0 }),
      item('a', { cost: 0, score: 9 }),
    ];

    expect(namesOf(costOrder(items))).toBe('abcu');
  });

  it('puts the quicker first of those that cost the same, or nobody knows what', () => {
    const items = [
      item('v', { score: 8 }),
      item('b', { cost: 2, score: 2 }),
      item('u', { score: 7 }),
      item('a', { cost: 2, score: 1 }),
    ];

    expect(namesOf(costOrder(items))).toBe('abuv');
  });
});

describe('rendezvousOrder', () => {
  const keys = times(20_000, (index) => `session-${index}`);
  const firstsOf = (items: readonly Item[]) =>
    keys.map((key) => firstOf(rendezvousOrder(key, items)));
  const moved = (one: readonly Item[], other: readonly Item[]): number => {
    const before = firstsOf(one);
    const after = firstsOf(other);
    return percent(
      keys.map((_, index) => index),
      (index) => {
        return before[index]?.name !== after[index]?.name;
      },
    );
  };
  const four = ['a', 'b', 'c', 'd'].map((name) => item(name));

  it('is the same for the same key, in whatever order the targets come', () => {
    const reversed = [...four].reverse();

    for (const key of keys.slice(0, 100)) {
      expect(namesOf(rendezvousOrder(key, reversed))).toBe(namesOf(rendezvousOrder(key, four)));
    }
  });

  it('spreads keys by weight', () => {
    const firsts = firstsOf([item('a', { weight: 3 }), item('b'), item('c', { weight: 0 })]);

    expect(Math.abs(percent(firsts, (first) => first?.name === 'a') - 75)).toBeLessThan(2);
    expect(percent(firsts, (first) => first?.name === 'c')).toBe(0);
  });

  it('moves only the share of a target that comes or goes', () => {
    expect(moved(four, four.slice(0, 3))).toBeLessThan(25 + 2);
    expect(moved(four, [...four, item('e')])).toBeLessThan(20 + 2);
  });

  it('moves no key between two targets that stay', () => {
    const before = firstsOf(four);
    const after = firstsOf(four.slice(0, 3));

    const strayed = before.filter((first, index) => {
      return first?.name !== 'd' && first?.name !== after[index]?.name;
    });

    expect(strayed).toEqual([]);
  });

  it('sends the keys of an unhealthy target to the next in their own order', () => {
    const ill = four.map((target) =>
      target.name === 'b' ? { ...target, healthy: false } : target,
    );

    for (const key of keys.slice(0, 100)) {
      const without = namesOf(rendezvousOrder(key, four)).replace('b', '');
      expect(namesOf(rendezvousOrder(key, ill))).toBe(`${without}b`);
    }
  });
});

describe('bucketOf', () => {
  const keys = times(100_000, (index) => `user-${index}`);
  const canary = (salt: string) => keys.filter((key) => bucketOf(key, salt) < 0.05);

  it('has 5 % of all keys below 0.05, within half a point, and the same ones each time', () => {
    const chosen = canary('canary-1');

    expect(Math.abs((chosen.length / keys.length) * 100 - 5)).toBeLessThan(0.5);
    expect(canary('canary-1')).toEqual(chosen);
  });

  it('has other keys below it with another salt', () => {
    const one = new Set(canary('one'));

    const both = canary('two').filter((key) => one.has(key));

    expect((both.length / keys.length) * 100).toBeLessThan(0.5);
  });

  it('does not take the end of a salt for the beginning of a key', () => {
    expect(bucketOf('bc', 'a')).not.toBe(bucketOf('c', 'ab'));
    expect(bucketOf('1:x', '')).not.toBe(bucketOf('x', '1:'));
  });

  it('keeps the value it has today, so that a canary outlives a release', () => {
    expect(bucketOf('user-1', 'canary')).toBe(0.8776224722330832);
  });

  it('is never 1 and spreads evenly', () => {
    const buckets = keys.map((key) => bucketOf(key, 'even'));
    const tenths = times(10, (tenth) => {
      return percent(buckets, (bucket) => Math.floor(bucket * 10) === tenth);
    });

    for (const share of tenths) expect(Math.abs(share - 10)).toBeLessThan(0.5);
  });
});
