import { describe, expect, it } from 'vitest';
import type { BudgetOptions } from '../../../src/pipeline/budget-types.js';
import { attempt, byUser, type CallKind, setUp, type TestCall } from './support/bench.js';
import { remoteStore } from './support/remote-store.js';

const TEN: BudgetOptions = { name: 'ten', cost: 10, period: 'total' };

const spentOf = async ({ budgets }: ReturnType<typeof setUp>, key?: string, name = 'ten') =>
  (await budgets.get(name, key)).cost;

/** Whether a call is let through. */
async function isLetThrough(call: TestCall): Promise<boolean> {
  try {
    await call.admit();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'zerohop_budget' });
    return false;
  }
}

const admitAll = (calls: readonly TestCall[]) => Promise.all(calls.map(isLetThrough));
const many = (count: number, make: () => TestCall) => Array.from({ length: count }, make);

describe('what is set aside', () => {
  it('holds calls back that come at once, however many', async () => {
    const bench = setUp([TEN]);
    const through = await admitAll(many(100, () => bench.call()));

    expect(through.filter(Boolean)).toHaveLength(10);
    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 0, reserved: 10 });
  });

  it('is given back by a call that is refused', async () => {
    const bench = setUp([TEN, { ...TEN, name: 'two', cost: 2 }]);
    await admitAll(many(5, () => bench.call()));

    expect(await spentOf(bench)).toMatchObject({ reserved: 2 });
  });

  it('becomes what the call took, be it less or more', async () => {
    const bench = setUp([TEN]);
    const [less, more] = [bench.call(), bench.call()];
    await admitAll([less, more]);
    await less.finish(0.25);
    await more.finish(4);

    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 4.25, reserved: 0 });
  });

  it('becomes the sum of all attempts, those that failed among them', async () => {
    const bench = setUp([TEN]);
    const call = bench.call();
    await call.admit();
    await call.finish(0.5, undefined, 0.25, 2);

    expect(await spentOf(bench)).toMatchObject({ spent: 2.75 });
  });

  it('is given back where nothing was reported', async () => {
    const bench = setUp([TEN]);
    const call = bench.call();
    await call.admit();
    await call.finish(undefined);

    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 0, reserved: 0 });
  });

  it('is settled once', async () => {
    const bench = setUp([TEN]);
    const call = bench.call();
    await call.admit();
    await call.finish(2);
    bench.budgets.settled(call.context);

    expect(await spentOf(bench)).toMatchObject({ spent: 2 });
  });

  it('is given back where the call was over before it was let through', async () => {
    const store = remoteStore();
    store.fate = 'hangs';
    const bench = setUp([{ ...TEN, store }]);
    const call = bench.call();
    const admitted = call.admit();
    call.context.settle('aborted');
    store.fate = 'answers';
    store.answerAll();
    await admitted;

    expect(await spentOf(bench)).toMatchObject({ reserved: 0 });
  });

  it('goes to the call that answers for the attempts, where a request is shared', async () => {
    const bench = setUp([TEN]);
    const [leader, heir] = [bench.call(), bench.call()];
    const fork = leader.context.fork(() => Number.POSITIVE_INFINITY);
    await bench.budgets.admit({ request: leader.request, context: fork, target: {} as never });
    // What a flight does when its first caller leaves.
    heir.context.attempts = fork.attempts;
    leader.context.attempts = [];
    leader.context.settle('aborted');
    await bench.flush();
    const whileUnderWay = await spentOf(bench);
    attempt(fork, [3]);
    await heir.finish();

    expect(whileUnderWay).toMatchObject({ reserved: 1, spent: 0 });
    expect(await spentOf(bench)).toMatchObject({ reserved: 0, spent: 3 });
  });

  it('is counted once for a call that is sent twice', async () => {
    const bench = setUp([TEN]);
    const call = bench.call();
    await call.admit();
    attempt(call.context, [1]);
    await call.admit();
    await call.finish(2);

    expect(await spentOf(bench)).toMatchObject({ spent: 3, reserved: 0 });
  });
});

describe('a call that goes over', () => {
  it('is refused with the reason, and without its key', async () => {
    const bench = setUp([{ ...TEN, by: byUser, period: '1h' }]);
    const error = await bench
      .call({ user: 'alice@example.com', estimate: 11 })
      .admit()
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'zerohop_budget', retryAfterMs: 3_600_000 });
    expect(String(error)).not.toContain('alice');
  });

  it('leaves a decision without its key', async () => {
    const bench = setUp([{ ...TEN, by: byUser }]);
    const call = bench.call({ user: 'alice', estimate: 11 });
    await isLetThrough(call);

    expect(call.context.decisions).toEqual([
      { kind: 'budget-exceeded', detail: { budget: 'ten', mode: 'reject' } },
    ]);
  });

  it('need not have an estimate', async () => {
    const bench = setUp([TEN]);
    await bench.budgets.add('ten', undefined, 10);

    expect(await isLetThrough(bench.call({ estimate: 0 }))).toBe(false);
  });

  it('may take the very last of it', async () => {
    const bench = setUp([{ ...TEN, cost: 0.3 }]);
    const through = await admitAll(many(4, () => bench.call({ estimate: 0.1 })));

    expect(through).toEqual([true, true, true, false]);
  });

  it('may not take a millionth of a millionth more', async () => {
    const bench = setUp([{ ...TEN, cost: 1 }]);

    expect(await isLetThrough(bench.call({ estimate: 1.000_000_000_001 }))).toBe(false);
  });

  it.each<readonly [BudgetOptions['period'], number | undefined]>([
    ['1h', 1_800_000],
    [{ every: 'day' }, 22.5 * 3_600_000],
    ['total', undefined],
  ])('says how long to wait: %j', async (period, retryAfterMs) => {
    const bench = setUp([{ ...TEN, period }], Date.parse('2026-11-26T01:30:00Z'));
    const error = await bench
      .call({ estimate: 11 })
      .admit()
      .catch((thrown: unknown) => thrown);

    expect(error).toHaveProperty('code', 'zerohop_budget');
    expect(Reflect.get(Object(error), 'retryAfterMs')).toBe(retryAfterMs);
  });

  it('is told as long as the longest of several budgets', async () => {
    const bench = setUp([
      { ...TEN, name: 'hour', period: '1h' },
      { ...TEN, name: 'day', period: { every: 'day' } },
    ]);
    const error = await bench
      .call({ estimate: 11 })
      .admit()
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ retryAfterMs: 86_400_000, message: 'over the budget day' });
  });

  it('does not spend what it was refused', async () => {
    const bench = setUp([TEN]);
    const call = bench.call({ estimate: 11 });
    await isLetThrough(call);
    await call.finish(undefined);

    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 0, reserved: 0 });
  });
});

describe('what is done about it', () => {
  it.each<readonly [BudgetOptions['onExceeded'], string, boolean]>([
    ['reject', 'reject', false],
    ['report', 'report', true],
    ['allow', 'allow', true],
    [() => 'report', 'report', true],
    [() => 'nonsense' as 'reject', 'reject', false],
    [
      () => {
        throw new Error('of the user');
      },
      'reject',
      false,
    ],
  ])('is what the option says: %s', async (onExceeded, mode, isThrough) => {
    const bench = setUp([{ ...TEN, onExceeded }]);
    const call = bench.call({ estimate: 11 });

    expect(await isLetThrough(call)).toBe(isThrough);
    expect(call.context.decisions[0]?.detail).toEqual({ budget: 'ten', mode });
  });

  it('is decided by a function that knows the call', async () => {
    const seen: unknown[] = [];
    const bench = setUp([
      {
        ...TEN,
        by: byUser,
        onExceeded({ context, ...rest }) {
          seen.push([context.id, rest]);
          return 'allow';
        },
      },
    ]);
    await bench.budgets.add('ten', 'a', 4);
    await bench.call({ user: 'a', estimate: 7 }).admit();

    expect(seen).toEqual([
      ['zh_1', { name: 'ten', key: 'a', model: 'm', unit: 'cost', spent: 4, limit: 10 }],
    ]);
  });

  it('counts what goes on all the same', async () => {
    const bench = setUp([{ ...TEN, onExceeded: 'report' }]);
    const call = bench.call({ estimate: 11 });
    await call.admit();
    await call.finish(12);

    expect(await spentOf(bench)).toMatchObject({ spent: 12 });
  });

  const CHEAPER: BudgetOptions = { ...TEN, onExceeded: { useModel: 'small' } };

  it('may be another model, which is asked for once', async () => {
    const bench = setUp([CHEAPER]);
    await bench.budgets.add('ten', undefined, 10);
    const call = bench.call();
    const switched = await call.admit();
    const { request } = bench.call({ model: 'small', estimate: 0.1 });

    expect(switched?.model).toBe('small');
    expect(await call.admit(switched, request)).toBeUndefined();
    await call.finish(0.1);
    expect(call.context.decisions).toEqual([
      { kind: 'budget-exceeded', detail: { budget: 'ten', mode: 'use-model' } },
    ]);
    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 10.1, reserved: 0 });
  });

  it('is the last model that is listed, where several budgets name one', async () => {
    const bench = setUp([CHEAPER, { ...CHEAPER, name: 'b', onExceeded: { useModel: 'tiny' } }]);

    expect((await bench.call({ estimate: 11 }).admit())?.model).toBe('tiny');
  });

  it('is to refuse, where one budget says so', async () => {
    const bench = setUp([CHEAPER, { ...TEN, name: 'b' }]);

    expect(await isLetThrough(bench.call({ estimate: 11 }))).toBe(false);
  });

  it('is not to refuse a call that asks for the other model already', async () => {
    const bench = setUp([CHEAPER]);

    expect(await bench.call({ estimate: 11, model: 'small' }).admit()).toBeUndefined();
  });

  it('lets the other model have a budget of its own', async () => {
    const bench = setUp([CHEAPER, { ...TEN, name: 'small', model: 'small', cost: 1 }]);
    await bench.budgets.add('small', undefined, 1);
    const call = bench.call({ estimate: 11 });
    const switched = await call.admit();
    const { request } = bench.call({ model: 'small' });

    await expect(call.admit(switched, request)).rejects.toThrow('over the budget small');
  });

  it('is to refuse what the other model cannot do', async () => {
    const bench = setUp([CHEAPER]);

    expect(await isLetThrough(bench.call({ estimate: 11, operation: 'embeddings' }))).toBe(false);
  });

  it('may be another model for what a function looked at', async () => {
    const bench = setUp([{ ...TEN, onExceeded: () => ({ useModel: 'embed-small' }) }]);
    const switched = await bench.call({ estimate: 11, operation: 'embeddings' }).admit();

    expect(switched?.model).toBe('embed-small');
  });
});

describe('what a budget counts', () => {
  it('is told apart by key', async () => {
    const bench = setUp([{ ...TEN, by: byUser }]);
    const through = await admitAll(
      ['a', 'b', 'a', 'b'].map((user) => bench.call({ user, estimate: 6 })),
    );

    expect(through).toEqual([true, true, false, false]);
  });

  it.each<readonly [string, BudgetOptions['by']]>([
    ['gives nothing', () => undefined],
    ['gives no text', () => 5 as never],
    ['gives an empty text', () => ''],
    [
      'throws',
      () => {
        throw new Error('of the user');
      },
    ],
  ])('shares the key `default` where `by` %s', async (_what, by) => {
    const bench = setUp([{ ...TEN, by }]);
    await bench.call().admit();

    expect(await spentOf(bench, 'default')).toMatchObject({ reserved: 1 });
  });

  it('is one model alone', async () => {
    const bench = setUp([{ ...TEN, model: 'large' }]);
    const through = await admitAll(
      ['small', 'large', 'small'].map((model) => bench.call({ model, estimate: 11 })),
    );

    expect(through).toEqual([true, false, true]);
  });

  it('is each model apart', async () => {
    const bench = setUp([{ ...TEN, perModel: true }]);
    const through = await admitAll(
      ['small', 'large', 'small'].map((model) => bench.call({ model, estimate: 6 })),
    );

    expect(through).toEqual([true, true, false]);
    expect(await bench.budgets.get('ten', { model: 'large' })).toMatchObject({
      model: 'large',
      cost: { reserved: 6 },
    });
  });

  it('does not take a key and a model for another key and model', async () => {
    const bench = setUp([{ ...TEN, perModel: true, by: byUser }]);
    const through = await admitAll([
      bench.call({ user: 'a', model: 'b\nc', estimate: 6 }),
      bench.call({ user: 'a\nb', model: 'c', estimate: 6 }),
      bench.call({ user: '["a"]', model: 'c', estimate: 6 }),
    ]);

    expect(through).toEqual([true, true, true]);
  });

  it('is tokens as well', async () => {
    const bench = setUp([{ name: 'ten', tokens: 10_000, period: 'total' }]);
    const call = bench.call({ estimate: 6 });
    await call.admit();
    await call.finish(1, 8);

    expect((await bench.budgets.get('ten')).tokens).toEqual({
      limit: 10_000,
      spent: 9_000,
      reserved: 0,
    });
    expect(await isLetThrough(bench.call({ estimate: 2 }))).toBe(false);
  });

  it('is both, whichever is used up first', async () => {
    const bench = setUp([{ ...TEN, tokens: 5_000 }]);

    expect(await admitAll(many(6, () => bench.call()))).toEqual([
      ...Array.from({ length: 5 }, () => true),
      false,
    ]);
  });

  it('is nothing that has no usage to be read', async () => {
    const bench = setUp([TEN]);
    await bench.budgets.add('ten', undefined, 100);

    expect(await isLetThrough(bench.call({ operation: 'passthrough' }))).toBe(true);
  });

  it('holds keys of any length', async () => {
    const bench = setUp([{ ...TEN, by: byUser }]);
    const long = 'x'.repeat(1_000_000);
    await bench.budgets.add('ten', long, 1);

    expect(await spentOf(bench, long)).toMatchObject({ spent: 1 });
    expect(await spentOf(bench, `${long}x`)).toMatchObject({ spent: 0 });
  });

  it('tells no more keys apart than it may, and loses none of what they spent', async () => {
    const bench = setUp([{ ...TEN, by: byUser, maxKeys: 3 }]);
    for (const user of ['a', 'b', 'c', 'd', 'e']) {
      const call = bench.call({ user });
      await call.admit();
      await call.finish(2);
    }

    expect(await spentOf(bench, 'a')).toMatchObject({ spent: 2 });
    expect(await spentOf(bench, 'other')).toMatchObject({ spent: 4 });
  });

  it('lets go of keys that are kept elsewhere, but not of those that calls are under way for', async () => {
    const bench = setUp([{ ...TEN, by: byUser, maxKeys: 2, store: remoteStore() }]);
    const underWay = bench.call({ user: 'a' });
    await underWay.admit();
    for (const user of ['b', 'c', 'd']) await bench.budgets.add('ten', user, 2);
    expect(await spentOf(bench, 'a')).toMatchObject({ spent: 0, reserved: 1 });
    await underWay.finish(3);

    expect(await spentOf(bench, 'a')).toMatchObject({ spent: 3, reserved: 0 });
    expect(await spentOf(bench, 'b')).toMatchObject({ spent: 2 });
    expect(await spentOf(bench, 'd')).toMatchObject({ spent: 2 });
  });

  it('takes no more memory the more periods there were', async () => {
    const bench = setUp([{ ...TEN, period: { rolling: '60s' } }]);
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let second = 0; second < 10_000; second += 1) {
      await bench.budgets.add('ten', undefined, 0.01);
      bench.clock.advance(1_000);
    }
    globalThis.gc?.();

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
    expect(await spentOf(bench)).toMatchObject({ spent: 0.6 });
  });

  it('lets go of keys whose period is over', async () => {
    const bench = setUp([{ ...TEN, by: byUser, maxKeys: 3, period: '1h' }]);
    async function spend(user: string): Promise<void> {
      const call = bench.call({ user });
      await call.admit();
      await call.finish(2);
    }
    for (const user of ['a', 'b', 'c']) await spend(user);
    bench.clock.advance(3_600_000);
    await spend('d');

    expect(await spentOf(bench, 'd')).toMatchObject({ spent: 2 });
    expect(await spentOf(bench, 'other')).toMatchObject({ spent: 0 });
  });
});

describe('the periods of a budget', () => {
  const fill = async (bench: ReturnType<typeof setUp>, kind: CallKind = {}) =>
    (await admitAll(many(20, () => bench.call(kind)))).filter(Boolean).length;

  it.each<readonly [BudgetOptions['period'], string, readonly [before: string, after: string]]>([
    ['1h', '2026-11-26T10:20:00Z', ['2026-11-26T10:59:59Z', '2026-11-26T11:00:00Z']],
    [{ every: 'day' }, '2026-11-26T10:20:00Z', ['2026-11-26T23:59:59Z', '2026-11-27T00:00:00Z']],
    [
      { every: 'month', timeZone: 'America/New_York' },
      '2026-11-01T04:00:00Z',
      ['2026-12-01T04:59:59Z', '2026-12-01T05:00:00Z'],
    ],
    [{ rolling: '1h' }, '2026-11-26T10:20:30Z', ['2026-11-26T11:20:29Z', '2026-11-26T11:21:00Z']],
  ])('begin at 0: %j', async (period, at, [before, after]) => {
    const bench = setUp([{ ...TEN, period }], Date.parse(at));
    for (let time = 0; time < 10; time += 1) {
      const call = bench.call();
      await call.admit();
      await call.finish(1);
    }
    bench.clock.advance(Date.parse(before) - Date.parse(at));
    expect(await fill(bench)).toBe(0);
    bench.clock.advance(Date.parse(after) - Date.parse(before));

    expect(await fill(bench)).toBe(10);
  });

  it('roll: no span of their length holds more than the limit', async () => {
    const bench = setUp([{ ...TEN, period: { rolling: '1h' } }]);
    const through: number[] = [];
    for (let minute = 0; minute < 300; minute += 1) {
      for (let time = 0; time < 3; time += 1) {
        const call = bench.call();
        if (!(await isLetThrough(call))) continue;
        through.push(minute);
        await call.finish(1);
      }
      bench.clock.advance(60_000);
    }
    const inHourFrom = (start: number) =>
      through.filter((minute) => minute >= start && minute < start + 60).length;

    expect(Math.max(...Array.from({ length: 240 }, (_, start) => inHourFrom(start)))).toBe(10);
    expect(through.length).toBeGreaterThanOrEqual(40);
  });

  it('roll: a call is told when enough of it is free again', async () => {
    const bench = setUp([{ ...TEN, period: { rolling: '1h' } }]);
    for (const cost of [2, 3, 5]) {
      const call = bench.call();
      await call.admit();
      await call.finish(cost);
      bench.clock.advance(600_000);
    }
    const error = await bench
      .call({ estimate: 4 })
      .admit()
      .catch((thrown: unknown) => thrown);
    bench.clock.advance(Number(Reflect.get(Object(error), 'retryAfterMs')));

    expect(await isLetThrough(bench.call({ estimate: 4 }))).toBe(true);
    expect(error).toMatchObject({ retryAfterMs: 2_460_000 });
  });

  it('take what a call took to the period that it began in', async () => {
    const bench = setUp([{ ...TEN, period: '1h' }]);
    const call = bench.call();
    await call.admit();
    bench.clock.advance(3_600_000);
    await call.finish(5);

    expect(await spentOf(bench)).toEqual({ limit: 10, spent: 0, reserved: 0 });
  });

  it.each<readonly [BudgetOptions['period'], boolean]>([
    ['1h', false],
    [{ rolling: '1h' }, false],
    [{ every: 'day' }, true],
  ])(
    'follow a clock on the wall that is put forward only by the calendar: %j',
    async (period, isNew) => {
      const bench = setUp([{ ...TEN, period }]);
      await bench.budgets.add('ten', undefined, 10);
      bench.jump(2 * 86_400_000);

      expect(await isLetThrough(bench.call())).toBe(isNew);
    },
  );
});

describe('a clock on the wall that was far ahead, and is put right', () => {
  it.each<BudgetOptions['period']>(['1h', 'total', { rolling: '1h' }, { every: 'day' }])(
    'takes nothing from what is counted then: %j',
    async (period) => {
      const bench = setUp([{ ...TEN, period }], Date.parse('2099-01-01'));
      bench.jump(Date.parse('2026-11-26') - Date.parse('2099-01-01'));
      await bench.budgets.add('ten', undefined, 5);
      await bench.budgets.add('ten', undefined, 5);

      expect(await isLetThrough(bench.call())).toBe(false);
    },
  );
});

describe('a store of one own', () => {
  it('may have no sum, and be asked for each amount', async () => {
    const totals = new Map<string, number>();
    const store = {
      add(key: string, amount: number) {
        totals.set(key, (totals.get(key) ?? 0) + amount);
        return totals.get(key) ?? 0;
      },
      get: (key: string) => totals.get(key) ?? 0,
      reset: (key: string) => totals.delete(key),
    };
    const bench = setUp([{ ...TEN, period: { rolling: '1h' }, store }]);
    for (let minute = 0; minute < 5; minute += 1) {
      await bench.budgets.add('ten', undefined, 2);
      bench.clock.advance(60_000);
    }

    expect(await isLetThrough(bench.call())).toBe(false);
  });

  it('may fail in any way, and no call with it', async () => {
    let asked = 0;
    const fail = (): Promise<number> => {
      asked += 1;
      if (asked % 2 === 0) throw new Error('at once');
      return Promise.reject(new Error('later'));
    };
    const store = { add: fail, get: fail, reset: fail };
    const bench = setUp([{ ...TEN, period: { rolling: '1h' }, store }]);

    expect(await admitAll(many(8, () => bench.call()))).toEqual(
      Array.from({ length: 8 }, () => true),
    );
    expect(asked).toBeGreaterThan(60);
  });
});

describe('gateway.budgets', () => {
  it('says how a budget is', async () => {
    const bench = setUp(
      [{ ...TEN, tokens: 500, period: { every: 'month' } }],
      Date.parse('2026-11-26T10:00:00Z'),
    );
    await bench.budgets.add('ten', undefined, { cost: 2, tokens: 20 });

    expect(await bench.budgets.get('ten')).toEqual({
      name: 'ten',
      key: 'default',
      period: '2026-11-01',
      endsAt: Date.parse('2026-12-01T00:00:00Z'),
      cost: { limit: 10, spent: 2, reserved: 0 },
      tokens: { limit: 500, spent: 20, reserved: 0 },
      isLocal: false,
    });
  });

  it('takes something off', async () => {
    const bench = setUp([TEN]);
    await bench.budgets.add('ten', 'default', 4);
    await bench.budgets.add('ten', 'default', { cost: -1.5 });

    expect(await spentOf(bench)).toMatchObject({ spent: 2.5 });
  });

  it('begins a key at 0 again, and keeps what is set aside', async () => {
    const bench = setUp([{ ...TEN, by: byUser }]);
    await bench.budgets.add('ten', 'a', 4);
    await bench.budgets.add('ten', 'b', 4);
    const call = bench.call({ user: 'a' });
    await call.admit();
    await bench.budgets.reset('ten', 'a');
    const reset = await spentOf(bench, 'a');
    await call.finish(3);

    expect(reset).toEqual({ limit: 10, spent: 0, reserved: 1 });
    expect(await spentOf(bench, 'a')).toMatchObject({ spent: 3 });
    expect(await spentOf(bench, 'b')).toMatchObject({ spent: 4 });
  });

  it('begins all of a rolling period at 0 again', async () => {
    const bench = setUp([{ ...TEN, period: { rolling: '1h' } }]);
    for (let minute = 0; minute < 10; minute += 1) {
      await bench.budgets.add('ten', undefined, 1);
      bench.clock.advance(60_000);
    }
    await bench.budgets.reset('ten');

    expect(await spentOf(bench)).toMatchObject({ spent: 0 });
    expect(await isLetThrough(bench.call({ estimate: 10 }))).toBe(true);
  });

  it.each<readonly [string, (bench: ReturnType<typeof setUp>) => Promise<unknown>]>([
    ['gateway.budgets.get: no budget x', ({ budgets }) => budgets.get('x')],
    ['gateway.budgets.reset: no budget x', ({ budgets }) => budgets.reset('x')],
    ['gateway.budgets.add: no budget x', ({ budgets }) => budgets.add('x', undefined, 1)],
    ['the amount must be finite', ({ budgets }) => budgets.add('ten', undefined, Number.NaN)],
    ['two has two units', ({ budgets }) => budgets.add('two', undefined, 1)],
  ])('refuses what makes no sense: %s', async (message, ask) => {
    const bench = setUp([TEN, { ...TEN, name: 'two', tokens: 1 }]);

    await expect(ask(bench)).rejects.toThrow(message);
  });
});
