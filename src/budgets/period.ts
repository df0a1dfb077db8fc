import type { BudgetPeriod } from '../pipeline/budget-types.js';
import { readDuration } from '../pipeline/duration.js';
import { Calendar } from './calendar.js';

/** What is counted together, from when to when in ms. */
export interface Window {
  /** In keys: another one for every window, and for every kind of period. */
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** How time is divided. */
export interface Period {
  /** Whether it goes by the clock on the wall, and not by how much time passes. */
  readonly isCalendar: boolean;
  /** How many windows before the current one count with it. */
  readonly steps: number;
  windowAt(at: number): Window;
}

/** Steps of a rolling period. */
const STEPS = 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The period of checked options. */
export function createPeriod(period: BudgetPeriod): Period {
  if (period === 'total') return TOTAL;
  if (typeof period !== 'object') return new EvenPeriod(lengthOf(period), 0);
  if ('rolling' in period) return new EvenPeriod(lengthOf(period.rolling), STEPS);
  const calendar = new Calendar(period);
  return new CalendarWindows(calendar, period.every);
}

function lengthOf(length: unknown): number {
  // It was checked.
  return readDuration(length) ?? DAY_MS;
}

const FOR_EVER: Window = {
  id: 'total',
  label: 'total',
  startsAt: Number.NEGATIVE_INFINITY,
  endsAt: Number.POSITIVE_INFINITY,
};

const TOTAL: Period = { isCalendar: false, steps: 0, windowAt: () => FOR_EVER };

/** Windows of one length, since the epoch. */
class EvenPeriod implements Period {
  readonly isCalendar = false;
  readonly steps: number;
  readonly #lengthMs: number;
  #last: Window | undefined;

  constructor(lengthMs: number, steps: number) {
    this.steps = steps;
    this.#lengthMs = steps === 0 ? lengthMs : Math.ceil(lengthMs / steps);
  }

  windowAt(at: number): Window {
    if (this.#last && isIn(this.#last, at)) return this.#last;
    const ms = this.#lengthMs;
    const startsAt = Math.floor(at / ms) * ms;
    this.#last = {
      id: `${this.steps === 0 ? 'every' : 'rolling'}-${ms}:${startsAt / ms}`,
      label: this.steps === 0 ? new Date(startsAt).toISOString() : 'rolling',
      startsAt,
      endsAt: startsAt + ms,
    };
    return this.#last;
  }
}

/** Days, weeks or months of a calendar. */
class CalendarWindows implements Period {
  readonly isCalendar = true;
  readonly steps = 0;
  readonly #calendar: Calendar;
  readonly #every: string;
  #last: Window | undefined;

  constructor(calendar: Calendar, every: string) {
    this.#calendar = calendar;
    this.#every = every;
  }

  windowAt(at: number): Window {
    if (this.#last && isIn(this.#last, at)) return this.#last;
    const { from, startsAt, endsAt } = this.#calendar.spanAt(at);
    this.#last = { id: `${this.#every}:${from}`, label: from, startsAt, endsAt };
    return this.#last;
  }
}

function isIn({ startsAt, endsAt }: Window, at: number): boolean {
  return at >= startsAt && at < endsAt;
}

/** The windows that count with one, but for itself: those before it, and, as clocks differ, the one after it. */
export function windowsBeside(period: Period, window: Window): readonly Window[] {
  if (period.steps === 0) return [];
  const beside = [period.windowAt(window.endsAt)];
  let at = window;
  for (let step = 0; step < period.steps; step += 1) {
    at = period.windowAt(at.startsAt - 1);
    beside.push(at);
  }
  return beside;
}

/** When a window counts no more, in ms; infinite where it always does. */
export function countsUntil({ steps }: Period, { startsAt, endsAt }: Window): number {
  return endsAt + (steps === 0 ? 0 : steps * (endsAt - startsAt));
}

/** When what was kept for a window may go: not at its end, as calls that began in it are still to be settled. */
export function keptUntil(period: Period, window: Window): number | undefined {
  const until = countsUntil(period, window);
  if (until === Number.POSITIVE_INFINITY) return undefined;
  const graceMs = Math.min(DAY_MS, Math.max(10 * MINUTE_MS, until - window.startsAt));
  return Math.ceil(until + graceMs);
}
