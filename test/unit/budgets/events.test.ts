import { describe, expect, it } from 'vitest';
import type { BudgetOptions } from '../../../src/pipeline/budget-types.js';
import { byUser, setUp } from './support/bench.js';
import { remoteStore } from './support/remote-store.js';

const SOFT: BudgetOptions = {
  name: 'soft',
  cost: 10,
  period: { every: 'day' },
  soft: [0.8, 0.5],
};

type Bench = ReturnType<typeof setUp>;

async function spend(bench: Bench, cost: number, user?: string): Promise<void> {
  const call = bench.call({ estimate: 0.01, ...(user !== undefined && { user }) });
  await call.admit();
  await call.finish(cost);
}

const told = ({ events }: Bench) => events.map(({ kind, share, spent }) => [kind, share, spent]);

describe('the shares of a budget', () => {
  it('are told once each, in order', async () => {
    const bench = setUp([SOFT]);
    for (const cost of [4.9, 0.1, 1, 3, 0.5]) await spend(bench, cost);

    expect(told(bench)).toEqual([
      ['soft', 0.5, 5],
      ['soft', 0.8, 9],
    ]);
  });

  it('are told with all there is to know', async () => {
    const bench = setUp([{ ...SOFT, by: byUser, perModel: true }], Date.parse('2026-11-26T10:00Z'));
    await spend(bench, 6, 'alice');

    expect(bench.events).toEqual([
      {
        kind: 'soft',
        name: 'soft',
        key: 'alice',
        model: 'm',
        period: '2026-11-26',
        unit: 'cost',
        share: 0.5,
        spent: 6,
        limit: 10,
      },
    ]);
  });

  it('are not told for what is only set aside', async () => {
    const bench = setUp([SOFT]);
    const call = bench.call({ estimate: 9 });
    await call.admit();
    await spend(bench, 0.1);
    await call.finish(1);

    expect(bench.events).toEqual([]);
  });

  it('are told again for another key, and in another period', async () => {
    const bench = setUp([{ ...SOFT, by: byUser }]);
    await spend(bench, 6, 'a');
    await spend(bench, 6, 'b');
    bench.clock.advance(86_400_000);
    await spend(bench, 6, 'a');
    await spend(bench, 0.1, 'a');

    expect(bench.events.map(({ key, period }) => [key, period])).toEqual([
      ['a', '1970-01-01'],
      ['b', '1970-01-01'],
      ['a', '1970-01-02'],
    ]);
  });

  it('are told again in a rolling period, once they had not been reached in between', async () => {
    const bench = setUp([{ ...SOFT, soft: [0.5], period: { rolling: '1h' } }]);
    await spend(bench, 6);
    await spend(bench, 0.1);
    bench.clock.advance(3_720_000);
    await spend(bench, 0.1);
    await spend(bench, 6);

    expect(told(bench)).toEqual([
      ['soft', 0.5, 6],
      ['soft', 0.5, 6.1],
    ]);
  });

  it('are told of what is added by hand', async () => {
    const bench = setUp([SOFT]);
    await bench.budgets.add('soft', undefined, 6);

    expect(told(bench)).toEqual([['soft', 0.5, 6]]);
  });
});

describe('a budget that is exceeded', () => {
  it.each<BudgetOptions['onExceeded']>(['reject', 'report'])(
    'is told once for a period: %s',
    async (onExceeded) => {
      const bench = setUp([{ ...SOFT, soft: [], onExceeded }]);
      const ask = () =>
        bench
          .call({ estimate: 11 })
          .admit()
          .catch(() => undefined);
      for (let time = 0; time < 3; time += 1) await ask();
      bench.clock.advance(86_400_000);
      await ask();

      expect(bench.events.map(({ kind, period }) => [kind, period])).toEqual([
        ['exceeded', '1970-01-01'],
        ['exceeded', '1970-01-02'],
      ]);
    },
  );
});

describe('a budget whose store cannot be had', () => {
  const down = (options: Partial<BudgetOptions> = {}) => {
    const store = remoteStore();
    const bench = setUp([{ ...SOFT, period: 'total', soft: [], store, ...options }]);
    return { store, bench };
  };
  const isThrough = (bench: Bench, estimate = 1) =>
    bench
      .call({ estimate })
      .admit()
      .then(
        () => true,
        (error: unknown) => String(error),
      );

  it('lets calls through that this process knows no reason against', async () => {
    const { store, bench } = down();
    store.fate = 'refuses';
    const all = await Promise.all(Array.from({ length: 20 }, () => isThrough(bench)));

    expect(all.filter((through) => through === true)).toHaveLength(10);
  });

  it('refuses what it knew to be over before', async () => {
    const { store, bench } = down();
    await bench.budgets.add('soft', undefined, 10);
    store.fate = 'refuses';

    expect(await isThrough(bench)).toContain('over the budget soft');
  });

  it('refuses all calls where it is to be closed then', async () => {
    const { store, bench } = down({ onStoreDown: 'closed' });
    store.fate = 'refuses';

    expect(await isThrough(bench)).toContain("onStoreDown: 'closed'");
    store.fate = 'answers';
    expect(await isThrough(bench)).toBe(true);
  });

  it('is told once a minute, and counted', async () => {
    const { store, bench } = down();
    store.fate = 'refuses';
    for (let time = 0; time < 3; time += 1) await isThrough(bench, 0.1);
    bench.clock.advance(60_000);
    await isThrough(bench, 0.1);

    expect(told(bench).map(([kind]) => kind)).toEqual(['store_down', 'store_down']);
    expect(bench.warnings).toEqual(['a budget store failed', 'a budget store failed']);
    expect(bench.budgets.counters.failures).toBeGreaterThan(0);
  });

  it('leaves a decision', async () => {
    const { store, bench } = down();
    store.fate = 'refuses';
    const call = bench.call();
    await call.admit();

    expect(call.context.decisions).toEqual([
      { kind: 'budget-store-down', detail: { budget: 'soft', mode: 'open' } },
    ]);
  });

  it('says that it goes by what this process knows', async () => {
    const { store, bench } = down();
    await bench.budgets.add('soft', undefined, 3);
    store.fate = 'refuses';

    expect(await bench.budgets.get('soft')).toMatchObject({
      isLocal: true,
      cost: { spent: 3 },
    });
    await expect(bench.budgets.reset('soft')).rejects.toThrow('cannot be had');
  });

  it('has what was spent meanwhile once it is asked to flush', async () => {
    const { store, bench } = down();
    store.fate = 'refuses';
    await bench.budgets.add('soft', undefined, 3);
    store.fate = 'answers';
    await bench.budgets.flush();

    expect(store.totals.get('zerohop:budget:{soft:default}:cost:total')).toBe(3);
  });

  it('has what was spent meanwhile once it is back', async () => {
    const { store, bench } = down();
    store.fate = 'refuses';
    for (const cost of [0.5, 1.25]) {
      const call = bench.call();
      await call.admit();
      await call.finish(cost);
    }
    store.fate = 'answers';
    bench.clock.advance(5_000);
    await bench.budgets.flush();

    expect(await bench.budgets.get('soft')).toMatchObject({
      isLocal: false,
      cost: { spent: 1.75 },
    });
  });
});
