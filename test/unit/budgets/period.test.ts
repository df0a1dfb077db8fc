import { describe, expect, it } from 'vitest';
import {
  countsUntil,
  createPeriod,
  keptUntil,
  windowsBeside,
} from '../../../src/budgets/period.js';
import type { BudgetPeriod } from '../../../src/pipeline/budget-types.js';

const AT = Date.parse('2026-11-26T10:20:30Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the window of a period', () => {
  it.each<readonly [BudgetPeriod, string, string, number]>([
    ['1h', '2026-11-26T10:00:00.000Z', '2026-11-26T10:00:00Z', HOUR],
    ['30m', '2026-11-26T10:00:00.000Z', '2026-11-26T10:00:00Z', HOUR / 2],
    [90_000, '2026-11-26T10:19:30.000Z', '2026-11-26T10:19:30Z', 90_000],
    ['1d', '2026-11-26T00:00:00.000Z', '2026-11-26T00:00:00Z', DAY],
    [{ rolling: '1h' }, 'rolling', '2026-11-26T10:20:00Z', HOUR / 60],
    [{ every: 'month' }, '2026-11-01', '2026-11-01T00:00:00Z', 30 * DAY],
  ])('%j is %s', (period, label, startsAt, length) => {
    const window = createPeriod(period).windowAt(AT);

    expect(window.label).toBe(label);
    expect(window.startsAt).toBe(Date.parse(startsAt));
    expect(window.endsAt - window.startsAt).toBe(length);
  });

  it('never ends where the period is the whole time', () => {
    const period = createPeriod('total');

    expect(period.windowAt(AT)).toBe(period.windowAt(AT + 10_000 * DAY));
    expect(keptUntil(period, period.windowAt(AT))).toBeUndefined();
  });

  it('has another id for every kind of period', () => {
    const at = Date.parse('2026-11-01T00:00:00Z');
    const ids = ['1d', '1h', 'total', { rolling: '60h' }, { every: 'day' }, { every: 'month' }].map(
      (period) => createPeriod(period as BudgetPeriod).windowAt(at).id,
    );

    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a rolling period', () => {
  it('counts a window for as long as a part of it is within the period', () => {
    const period = createPeriod({ rolling: '1h' });
    const window = period.windowAt(AT);
    const beside = windowsBeside(period, period.windowAt(countsUntil(period, window) - 1));

    expect(beside.map(({ id }) => id)).toContain(window.id);
    expect(countsUntil(period, window) - window.endsAt).toBe(HOUR);
  });

  it('does not count a window that is older', () => {
    const period = createPeriod({ rolling: '1h' });
    const window = period.windowAt(AT);
    const beside = windowsBeside(period, period.windowAt(countsUntil(period, window)));

    expect(beside.map(({ id }) => id)).not.toContain(window.id);
  });

  it('counts the window after it, where clocks differ', () => {
    const period = createPeriod({ rolling: '1h' });
    const window = period.windowAt(AT);
    const next = period.windowAt(window.endsAt);

    expect(windowsBeside(period, window).map(({ id }) => id)).toContain(next.id);
  });

  it('keeps a window for longer than it counts', () => {
    const period = createPeriod({ rolling: '1h' });
    const window = period.windowAt(AT);

    expect(keptUntil(period, window)).toBeGreaterThan(countsUntil(period, window));
  });
});
