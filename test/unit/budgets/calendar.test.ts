import { describe, expect, it } from 'vitest';
import { Calendar } from '../../../src/budgets/calendar.js';
import type { CalendarPeriod } from '../../../src/pipeline/budget-types.js';

interface Row {
  readonly what: string;
  readonly period: CalendarPeriod;
  readonly at: string;
  readonly from: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

const row = (
  what: string,
  period: CalendarPeriod,
  [at, from, startsAt, endsAt]: readonly [
    at: string,
    from: string,
    startsAt: string,
    endsAt: string,
  ],
): Row => ({ what, period, at, from, startsAt, endsAt });

const inZone = (every: CalendarPeriod['every'], timeZone: string): CalendarPeriod => ({
  every,
  timeZone,
});

// What zones do is in the tz database: `zdump -v Europe/Berlin`.
const ROWS: readonly Row[] = [
  row('a day in UTC', { every: 'day' }, [
    '2026-11-26T23:59:59.999Z',
    '2026-11-26',
    '2026-11-26T00:00:00Z',
    '2026-11-27T00:00:00Z',
  ]),
  row('the first moment of a day', { every: 'day' }, [
    '2026-11-27T00:00:00Z',
    '2026-11-27',
    '2026-11-27T00:00:00Z',
    '2026-11-28T00:00:00Z',
  ]),
  row('a day of 23 hours', inZone('day', 'Europe/Berlin'), [
    '2026-03-29T12:00:00Z',
    '2026-03-29',
    '2026-03-28T23:00:00Z',
    '2026-03-29T22:00:00Z',
  ]),
  row('a day of 25 hours, its last hour', inZone('day', 'Europe/Berlin'), [
    '2026-10-25T22:30:00Z',
    '2026-10-25',
    '2026-10-24T22:00:00Z',
    '2026-10-25T23:00:00Z',
  ]),
  row('a day without midnight', inZone('day', 'America/Havana'), [
    '2026-03-08T05:00:00Z',
    '2026-03-08',
    '2026-03-08T05:00:00Z',
    '2026-03-09T04:00:00Z',
  ]),
  row('the last moment before a day without midnight', inZone('day', 'America/Havana'), [
    '2026-03-08T04:59:59.999Z',
    '2026-03-07',
    '2026-03-07T05:00:00Z',
    '2026-03-08T05:00:00Z',
  ]),
  row('a day with two midnights', inZone('day', 'America/Havana'), [
    '2026-11-01T05:10:00Z',
    '2026-11-01',
    '2026-11-01T04:00:00Z',
    '2026-11-02T05:00:00Z',
  ]),
  row('a day whose last hour comes twice', inZone('day', 'Africa/Cairo'), [
    '2026-10-29T21:30:00Z',
    '2026-10-29',
    '2026-10-28T21:00:00Z',
    '2026-10-29T22:00:00Z',
  ]),
  row('a day of 23 and a half hours', inZone('day', 'Australia/Lord_Howe'), [
    '2026-10-04T00:00:00Z',
    '2026-10-04',
    '2026-10-03T13:30:00Z',
    '2026-10-04T13:00:00Z',
  ]),
  row('a zone of a quarter of an hour', inZone('day', 'Asia/Kathmandu'), [
    '2026-01-30T18:15:00Z',
    '2026-01-31',
    '2026-01-30T18:15:00Z',
    '2026-01-31T18:15:00Z',
  ]),
  row('the day before one that was left out', inZone('day', 'Pacific/Apia'), [
    '2011-12-30T09:59:59Z',
    '2011-12-29',
    '2011-12-29T10:00:00Z',
    '2011-12-30T10:00:00Z',
  ]),
  row('the day after one that was left out', inZone('day', 'Pacific/Apia'), [
    '2011-12-30T10:00:00Z',
    '2011-12-31',
    '2011-12-30T10:00:00Z',
    '2011-12-31T10:00:00Z',
  ]),
  row('the first zone to have a new year', inZone('month', 'Pacific/Kiritimati'), [
    '2025-12-31T10:00:00Z',
    '2026-01-01',
    '2025-12-31T10:00:00Z',
    '2026-01-31T10:00:00Z',
  ]),
  row('the last zone to have one', inZone('month', 'Etc/GMT+12'), [
    '2026-01-01T11:59:59Z',
    '2025-12-01',
    '2025-12-01T12:00:00Z',
    '2026-01-01T12:00:00Z',
  ]),
  row(
    'a month that begins in summer time and ends in winter',
    inZone('month', 'America/New_York'),
    ['2026-11-15T00:00:00Z', '2026-11-01', '2026-11-01T04:00:00Z', '2026-12-01T05:00:00Z'],
  ),
  row('a month that is over in UTC, and not here', inZone('month', 'America/Los_Angeles'), [
    '2026-12-01T07:59:59Z',
    '2026-11-01',
    '2026-11-01T07:00:00Z',
    '2026-12-01T08:00:00Z',
  ]),
  row('February of a leap year', { every: 'month' }, [
    '2028-02-29T23:00:00Z',
    '2028-02-01',
    '2028-02-01T00:00:00Z',
    '2028-03-01T00:00:00Z',
  ]),
  row('a month from the 15th, over the new year', { every: 'month', startsOn: 15 }, [
    '2026-01-14T23:59:59Z',
    '2025-12-15',
    '2025-12-15T00:00:00Z',
    '2026-01-15T00:00:00Z',
  ]),
  row('a month from the 31st to the end of February', { every: 'month', startsOn: 31 }, [
    '2026-02-15T00:00:00Z',
    '2026-01-31',
    '2026-01-31T00:00:00Z',
    '2026-02-28T00:00:00Z',
  ]),
  row('a month from the end of February to the 31st', { every: 'month', startsOn: 31 }, [
    '2026-02-28T00:00:00Z',
    '2026-02-28',
    '2026-02-28T00:00:00Z',
    '2026-03-31T00:00:00Z',
  ]),
  row('a month from the 31st to the 30th', { every: 'month', startsOn: 31 }, [
    '2026-04-29T23:59:59Z',
    '2026-03-31',
    '2026-03-31T00:00:00Z',
    '2026-04-30T00:00:00Z',
  ]),
  row('a month from the 29th in a leap year', { every: 'month', startsOn: 29 }, [
    '2028-03-01T00:00:00Z',
    '2028-02-29',
    '2028-02-29T00:00:00Z',
    '2028-03-29T00:00:00Z',
  ]),
  row(
    'a month from the 31st in a zone',
    { every: 'month', startsOn: 31, timeZone: 'Europe/Berlin' },
    ['2026-03-30T22:00:00Z', '2026-03-31', '2026-03-30T22:00:00Z', '2026-04-29T22:00:00Z'],
  ),
  row('a week from Monday', { every: 'week' }, [
    '2026-11-26T10:00:00Z',
    '2026-11-23',
    '2026-11-23T00:00:00Z',
    '2026-11-30T00:00:00Z',
  ]),
  row('a week from Sunday', { every: 'week', startsOn: 'sunday' }, [
    '2026-11-29T00:00:00Z',
    '2026-11-29',
    '2026-11-29T00:00:00Z',
    '2026-12-06T00:00:00Z',
  ]),
  row('a week from Thursday, on a Wednesday', { every: 'week', startsOn: 'thursday' }, [
    '2026-11-25T23:59:59Z',
    '2026-11-19',
    '2026-11-19T00:00:00Z',
    '2026-11-26T00:00:00Z',
  ]),
  row('a week of 167 hours', inZone('week', 'Europe/Berlin'), [
    '2026-03-29T21:59:59Z',
    '2026-03-23',
    '2026-03-22T23:00:00Z',
    '2026-03-29T22:00:00Z',
  ]),
];

describe('a period of the calendar', () => {
  it.each(ROWS)('knows $what', ({ period, at, from, startsAt, endsAt }) => {
    expect(new Calendar(period).spanAt(Date.parse(at))).toEqual({
      from,
      startsAt: Date.parse(startsAt),
      endsAt: Date.parse(endsAt),
    });
  });

  it.each([
    'Europe/Berlin',
    'America/Havana',
    'Africa/Cairo',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
  ])('follows the one before it without a gap, all year round: %s', (timeZone) => {
    const calendar = new Calendar({ every: 'day', timeZone });
    let { endsAt } = calendar.spanAt(Date.parse('2026-01-01T12:00:00Z'));
    const days: string[] = [];
    while (days.length < 400) {
      const span = calendar.spanAt(endsAt);
      expect(span.startsAt).toBe(endsAt);
      days.push(span.from);
      endsAt = span.endsAt;
    }

    expect(new Set(days).size).toBe(400);
  });
});
