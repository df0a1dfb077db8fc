import type { RateSpec } from '../key-limits.js';

/** How a rate is kept in Redis. Amounts are whole units there: Redis counts in integers, Bottleneck in 32 bits. */
export interface SharePlan {
  /** Units of one of what the limit counts. */
  readonly scale: number;
  /** Can be there at most, in units. */
  readonly capacity: number;
  /** Comes back in each interval, in units. */
  readonly refill: number;
  readonly refillMs: number;
  readonly perMs: number;
  /** How long what was taken ahead may be kept, in ms. */
  readonly keepMs: number;
  /** Taken ahead at most, in units. */
  readonly block: number;
  /** Is taken in multiples of it, in units. */
  readonly grain: number;
}

/** A limit in units, about: below 2^31 with all that is added to it, and fine enough for a refill. */
const UNITS = 1e9;
const MAX_UNITS = 2 ** 31 - 1;
/** The least that processes may be ahead of the even pace together, as a share of the limit. */
const MIN_BURST = 0.1;
const BLOCK = 0.05;
/** Of the interval: what was taken ahead is kept for it, and what comes back comes in it. */
const KEEP = 1 / 64;
const REFILL = 1 / 100;
const MAX_KEEP_MS = 1_000;
/** How late a busy process may be to send what it has taken, in ms. */
const LATE_MS = 45;
const MAX_REFILL_MS = 250;
/** Fewer units would not be what they should be to a thousandth. */
const MIN_REFILL = 1_000;

/**
 * In any stretch of time, processes let through what comes back in it, the capacity, and what came back while they
 * kept what they had taken ahead or were late to send it, one more refill with it. All but the first are within the
 * burst.
 */
export function planShare({ unit, size }: RateSpec, burst: number): SharePlan {
  const { amount, intervalMs } = size;
  const scale = Math.min(UNITS, 10 ** Math.floor(Math.log10(UNITS / amount)));
  const perMs = (amount * scale) / intervalMs;
  const keepMs = Math.min(intervalMs * KEEP, MAX_KEEP_MS);
  const refillMs = Math.ceil(
    Math.max(Math.min(intervalMs * REFILL, MAX_REFILL_MS), MIN_REFILL / perMs),
  );
  const refill = Math.floor(perMs * refillMs);
  const grain = unit === 'requests' ? Math.max(1, Math.ceil(scale)) : 1;
  const ahead = (refillMs + keepMs + LATE_MS) / intervalMs;
  const capacity = Math.floor(amount * scale * (Math.max(burst, MIN_BURST) - ahead));
  return {
    scale,
    perMs,
    refill,
    refillMs,
    keepMs,
    grain,
    capacity: Math.min(MAX_UNITS, Math.max(grain, capacity)),
    block: Math.max(grain, Math.min(capacity, Math.floor(amount * scale * BLOCK))),
  };
}

/** A weight in units, a whole number of them, whatever it is. */
export function unitsOf(weight: number, { scale }: SharePlan): number {
  // Not one more for the last digit of a product.
  const units = Math.ceil(weight * scale - 1e-6);
  return units > 0 ? Math.min(units, MAX_UNITS) : 0;
}
