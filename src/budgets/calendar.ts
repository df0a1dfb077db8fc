import type { CalendarPeriod, Weekday } from '../pipeline/budget-types.js';

/** Days as `Date.prototype.getUTCDay()` counts them. */
export const WEEKDAYS: readonly Weekday[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

const HOUR_MS = 3_600_000;
/** Time zones are at most 14 hours ahead of UTC and 12 behind; one more each for good measure. */
const MAX_AHEAD_MS = 15 * HOUR_MS;
const MAX_BEHIND_MS = 13 * HOUR_MS;

/** A day of the calendar, wherever. */
interface Day {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
}

/** From when to when, on the wall clock in ms. */
export interface CalendarSpan {
  /** Its first day: `2026-11-01`. */
  readonly from: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** Days, weeks or months as they are in a time zone. */
export class Calendar {
  readonly #every: CalendarPeriod['every'];
  readonly #startsOn: CalendarPeriod['startsOn'];
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a time zone that is none */
  constructor({ every, timeZone = 'UTC', startsOn }: CalendarPeriod) {
    this.#every = every;
    this.#startsOn = startsOn;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
  }

  /** The period that a moment is in. */
  spanAt(at: number): CalendarSpan {
    const [first, next] = this.#bounds(this.#dayAt(at));
    return {
      from: isoDate(first),
      startsAt: this.#startOf(first),
      endsAt: this.#startOf(next),
    };
  }

  /** First days of the period that a day is in, and of the one after it. */
  #bounds(day: Day): readonly [Day, Day] {
    if (this.#every === 'day') return [day, daysAfter(day, 1)];
    if (this.#every === 'month') return this.#monthBounds(day);
    const since = (weekdayOf(day) - this.#firstWeekday() + 7) % 7;
    const first = daysAfter(day, -since);
    return [first, daysAfter(first, 7)];
  }

  #firstWeekday(): number {
    return WEEKDAYS.findIndex((name) => name === (this.#startsOn ?? 'monday'));
  }

  #monthBounds({ year, month, day }: Day): readonly [Day, Day] {
    const startsOn = typeof this.#startsOn === 'number' ? this.#startsOn : 1;
    const inMonth = (offset: number): Day => {
      const last = dayOf(Date.UTC(year, month + offset + 1, 0));
      return { ...last, day: Math.min(startsOn, last.day) };
    };
    const first = inMonth(0);
    return day >= first.day ? [first, inMonth(1)] : [inMonth(-1), first];
  }

  /**
   * The first moment of a day: midnight, or what the clock is put forward to where there is none. Searched for,
   * as nothing in `Intl` gives it.
   */
  #startOf(day: Day): number {
    const wanted = utcOf(day);
    let before = wanted - MAX_AHEAD_MS;
    let reached = wanted + MAX_BEHIND_MS;
    while (reached - before > 1) {
      const middle = Math.floor((before + reached) / 2);
      if (utcOf(this.#dayAt(middle)) >= wanted) reached = middle;
      else before = middle;
    }
    return reached;
  }

  #dayAt(at: number): Day {
    const parts = this.#format.formatToParts(at);
    const read = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return { year: read('year'), month: read('month') - 1, day: read('day') };
  }
}

function utcOf({ year, month, day }: Day): number {
  return Date.UTC(year, month, day);
}

function dayOf(utc: number): Day {
  const date = new Date(utc);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() };
}

function daysAfter({ year, month, day }: Day, days: number): Day {
  return dayOf(Date.UTC(year, month, day + days));
}

function weekdayOf(day: Day): number {
  return new Date(utcOf(day)).getUTCDay();
}

function isoDate(day: Day): string {
  return new Date(utcOf(day)).toISOString().slice(0, 10);
}
