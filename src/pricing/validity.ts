import type { MatchedModel } from './price-source.js';

/** Milliseconds since the epoch; `until` is the first one that is no longer in it. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The hour around `at`, or less of it where a price starts or ends within (DeepSeek's change at half past). */
export function hourAround(at: number, model?: MatchedModel): Validity {
  const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
  let from = hour;
  let until = hour + HOUR_MS;
  for (const change of model ? changesAround(at, model) : []) {
    if (change <= at) from = Math.max(from, change);
    if (change > at) until = Math.min(until, change);
  }
  return { from, until };
}

/** Whether `at` lies in it. */
export function isWithin({ from, until }: Validity, at: number): boolean {
  return at >= from && at < until;
}

function changesAround(at: number, { prices }: MatchedModel): readonly number[] {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  return (Array.isArray(prices) ? prices : []).flatMap((entry: unknown) => {
    const constraint = membersOf(membersOf(entry).constraint);
    const { start_date: date, start_time: start, end_time: end } = constraint;
    if (typeof date === 'string') return [Date.parse(date)];
    return [start, end].flatMap((time) => {
      const offset = typeof time === 'string' ? Date.parse(`1970-01-01T${time}`) : Number.NaN;
      // The time has a zone of its own, so that it may fall on the day before or after.
      return Number.isNaN(offset)
        ? []
        : [day + offset - DAY_MS, day + offset, day + offset + DAY_MS];
    });
  });
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}
