import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from 'zerohop';

const BUDGET = { name: 'monthly', cost: 10, period: { every: 'month' } };

const make = (budgets: unknown, rest: GatewayOptions = {}) =>
  // What users of JavaScript may write.
  createGateway({ ...rest, budgets: budgets as GatewayOptions['budgets'] });

describe('the options of budgets', () => {
  it.each<readonly [string, unknown]>([
    ['gateway.budgets: must be an array', BUDGET],
    ['gateway.budgets[0]: must be an object', ['monthly']],
    ['gateway.budgets[0].name: is missing', [{ cost: 1, period: '1h' }]],
    ['gateway.budgets[0].name: must be', [{ ...BUDGET, name: 'a b' }]],
    ['gateway.budgets[0].name: must be', [{ ...BUDGET, name: '{' }]],
    ['gateway.budgets[1].name: is taken', [BUDGET, BUDGET]],
    ['gateway.budgets[0].period: is missing', [{ name: 'a', cost: 1 }]],
    ['gateway.budgets[0]: has no limit', [{ name: 'a', period: '1h' }]],
    ['gateway.budgets[0].cost: must be', [{ ...BUDGET, cost: 0 }]],
    ['gateway.budgets[0].cost: must be', [{ ...BUDGET, cost: Number.NaN }]],
    ['gateway.budgets[0].cost: must be', [{ ...BUDGET, cost: '10' }]],
    ['gateway.budgets[0].cost: must be', [{ ...BUDGET, cost: Number.POSITIVE_INFINITY }]],
    ['gateway.budgets[0].tokens: must be', [{ ...BUDGET, tokens: -1 }]],
    ['gateway.budgets[0].by: must be a function', [{ ...BUDGET, by: 'userId' }]],
    ['gateway.budgets[0].model: must be', [{ ...BUDGET, model: '' }]],
    ['gateway.budgets[0].perModel: must be', [{ ...BUDGET, perModel: 1 }]],
    ['gateway.budgets[0].perModel: not beside', [{ ...BUDGET, perModel: true, model: 'a' }]],
    ['gateway.budgets[0].period: must be', [{ ...BUDGET, period: 'month' }]],
    ['gateway.budgets[0].period: must be', [{ ...BUDGET, period: '10ms' }]],
    ['gateway.budgets[0].period: must be', [{ ...BUDGET, period: null }]],
    ['gateway.budgets[0].period: must be', [{ ...BUDGET, period: {} }]],
    ['gateway.budgets[0].period.rolling: must be', [{ ...BUDGET, period: { rolling: 'h' } }]],
    [
      'gateway.budgets[0].period.rolling: is missing',
      [{ ...BUDGET, period: { rolling: undefined } }],
    ],
    ['gateway.budgets[0].period.every: must be', [{ ...BUDGET, period: { every: 'year' } }]],
    ['gateway.budgets[0].period.every: is missing', [{ ...BUDGET, period: { every: undefined } }]],
    [
      'gateway.budgets[0].period.timeZone: must be',
      [{ ...BUDGET, period: { every: 'day', timeZone: 'Mars/Olympus' } }],
    ],
    [
      'gateway.budgets[0].period.startsOn: not for days',
      [{ ...BUDGET, period: { every: 'day', startsOn: 6 } }],
    ],
    [
      'gateway.budgets[0].period.startsOn: must be',
      [{ ...BUDGET, period: { every: 'week', startsOn: 1 } }],
    ],
    [
      'gateway.budgets[0].period.startsOn: must be',
      [{ ...BUDGET, period: { every: 'month', startsOn: 32 } }],
    ],
    ['gateway.budgets[0].period.from: unknown', [{ ...BUDGET, period: { every: 'day', from: 1 } }]],
    ['gateway.budgets[0].soft[1]: must be', [{ ...BUDGET, soft: [0.5, 0] }]],
    ['gateway.budgets[0].onExceeded: must be', [{ ...BUDGET, onExceeded: 'stop' }]],
    [
      'gateway.budgets[0].onExceeded.useModel: must be',
      [{ ...BUDGET, onExceeded: { useModel: 1 } }],
    ],
    ['gateway.budgets[0].store: must have', [{ ...BUDGET, store: { get: () => 0 } }]],
    ['gateway.budgets[0].storeTimeout: must be', [{ ...BUDGET, storeTimeout: 0 }]],
    ['gateway.budgets[0].onStoreDown: must be', [{ ...BUDGET, onStoreDown: 'shut' }]],
    ['gateway.budgets[0].maxKeys: must be', [{ ...BUDGET, maxKeys: 0 }]],
    ['gateway.budgets[0].limit: unknown option', [{ ...BUDGET, limit: 5 }]],
  ])('are refused by their path: %s', (message, budgets) => {
    expect(() => make(budgets)).toThrow(message);
    expect(() => make(budgets)).toThrow(expect.objectContaining({ code: 'zerohop_config' }));
  });

  it('may be all there are', () => {
    const gateway = make([
      { name: 'a', cost: 1, period: 'total', soft: [0.5, 1], onExceeded: 'report' },
      { name: 'b', tokens: 1, period: '1h', perModel: true, onExceeded: { useModel: 'small' } },
      { name: 'c', cost: 1, period: { rolling: '7d' }, by: () => 'x', onExceeded: () => 'allow' },
      {
        name: 'd',
        cost: 1,
        period: { every: 'week', timeZone: 'Asia/Tokyo', startsOn: 'sunday' },
        onStoreDown: 'closed',
        storeTimeout: '50ms',
        maxKeys: 5,
      },
    ]);

    expect(gateway.budgets.counters.failures).toBe(0);
  });

  it('want prices for money', () => {
    expect(() =>
      make([{ ...BUDGET, name: 'a', cost: undefined, tokens: 5 }, BUDGET], { pricing: false }),
    ).toThrow('gateway.budgets[1].cost: needs prices');
  });

  it('are not there to be asked for where none are set', () => {
    expect(() => createGateway().budgets).toThrow('gateway.budgets: there are none');
  });
});
