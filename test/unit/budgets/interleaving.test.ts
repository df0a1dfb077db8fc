import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAmount, toNumber } from '../../../src/budgets/amount.js';
import type { BudgetOptions, BudgetStore } from '../../../src/pipeline/budget-types.js';
import { byUser, type Reported, setUp, type TestCall } from './support/bench.js';
import { remoteStore } from './support/remote-store.js';

const LIMIT = 5;
const USERS = ['a', 'b'] as const;

/** Dollars to the millionth, which estimates know nothing of. */
const dollars = fc.integer({ min: 0, max: 3_000_000 }).map((micro) => micro / 1_000_000);
const reported = fc.array(fc.option(dollars, { nil: undefined }), { maxLength: 4 });

const step = fc.oneof(
  fc.record({
    kind: fc.constant('start' as const),
    user: fc.constantFrom(...USERS),
    estimate: dollars,
  }),
  fc.record({ kind: fc.constant('finish' as const), which: fc.nat(20), reported }),
  fc.record({
    kind: fc.constant('fate' as const),
    fate: fc.constantFrom('answers' as const, 'refuses' as const, 'breaks' as const),
  }),
  fc.record({ kind: fc.constant('wait' as const), byMs: fc.nat(4_000) }),
);

interface Running {
  readonly call: TestCall;
  readonly user: string;
  readonly admitted: Promise<unknown>;
}

const sumOf = (all: readonly Reported[]) =>
  all.reduce<bigint>((sum, cost) => sum + toAmount(cost ?? 0), 0n);

describe('over any interleaving of calls with wrong estimates', () => {
  const budget: BudgetOptions = { name: 'b', cost: LIMIT, period: 'total', by: byUser };

  it.each<readonly [string, () => BudgetStore | undefined]>([
    ['memory', () => undefined],
    ['a store elsewhere that fails at times', () => remoteStore()],
  ])('the total is the sum of what was reported: %s', async (_name, open) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const store = open();
        const bench = setUp([{ ...budget, store }]);
        const running: Running[] = [];
        const spent = new Map<string, bigint>(USERS.map((user) => [user, 0n]));

        async function finish({ call, user, admitted }: Running, costs: readonly Reported[]) {
          const isThrough = await admitted;
          const made = isThrough ? costs : [];
          spent.set(user, (spent.get(user) ?? 0n) + sumOf(made));
          await call.finish(...made);
        }

        for (const one of steps) {
          if (one.kind === 'start') {
            const call = bench.call({ user: one.user, estimate: one.estimate });
            const admitted = call.admit().then(
              () => true,
              () => false,
            );
            running.push({ call, user: one.user, admitted });
          } else if (one.kind === 'finish') {
            const [ended] = running.splice(one.which % Math.max(1, running.length), 1);
            if (ended) await finish(ended, one.reported);
          } else if (one.kind === 'wait') bench.clock.advance(one.byMs);
          else if (store && 'fate' in store) store.fate = one.fate;
        }
        for (const ended of running) await finish(ended, [0.5]);
        if (store && 'fate' in store) store.fate = 'answers';
        for (let time = 0; time < 4; time += 1) {
          bench.clock.advance(5_000);
          await bench.budgets.flush();
        }

        for (const user of USERS) {
          expect((await bench.budgets.get('b', user)).cost).toEqual({
            limit: LIMIT,
            spent: toNumber(spent.get(user) ?? 0n),
            reserved: 0,
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('right estimates are never gone over, however many calls come at once', async () => {
    const calls = fc.array(dollars, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(calls, fc.boolean(), async (costs, isElsewhere) => {
        const store = isElsewhere ? remoteStore() : undefined;
        const bench = setUp([{ name: 'b', cost: LIMIT, period: 'total', store }]);
        const ends = await Promise.all(
          costs.map(async (estimate) => {
            const call = bench.call({ estimate });
            const isThrough = await call.admit().then(
              () => true,
              () => false,
            );
            await call.finish(isThrough ? estimate : undefined);
            return isThrough ? estimate : undefined;
          }),
        );

        expect(toNumber(sumOf(ends))).toBeLessThanOrEqual(LIMIT);
      }),
      { numRuns: 200 },
    );
  });
});
