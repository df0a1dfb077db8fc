import type { Duration } from './cache-types.js';
import { refuse } from './option-checks.js';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** A hundred years: what lasts longer is a mistake. */
const MAX_MS = 36_525 * 86_400_000;

/** A length of time in ms; `undefined` where it is none. */
export function readDuration(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? fromText(value) : value;
  return typeof ms === 'number' && ms >= 0 && ms <= MAX_MS ? ms : undefined;
}

function fromText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** Checks an option that is a length of time. */
export function isDuration(value: unknown, path: string): void {
  if (readDuration(value) === undefined) {
    refuse(path, "must be milliseconds, or a number with a unit such as '30s', '5m', '1h', '7d'");
  }
}

/** An option in ms, which was checked. */
export function durationMs(value: Duration | undefined, fallback: number): number {
  return readDuration(value) ?? fallback;
}
