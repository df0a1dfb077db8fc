import type { ProviderWord, QuotaLimit } from '../pipeline/admission.js';
import type { LimitUnit } from '../pipeline/limit-types.js';
import type { HoldUp, Weights } from './limits.js';

/** Longest that a provider is believed when it asks to be left alone, in ms. */
const MAX_CLOSED_MS = 300_000;
const UNITS: readonly LimitUnit[] = ['requests', 'tokens', 'inputTokens', 'outputTokens', 'cost'];

/** A request on its way to a provider, and what had been asked of the provider by then, itself included. */
export interface Mark {
  readonly at: number;
  readonly weights: Weights;
  readonly count: number;
  readonly taken: Weights;
  readonly answered: Weights;
}

/** What is thought to be left of one unit. */
interface Reading {
  readonly amount: number;
  readonly level: number;
  readonly at: number;
  /** What comes back in each ms. */
  readonly perMs: number;
  /** From here on it says nothing any more. */
  readonly until: number;
  /** Requests that had gone out when it came: it does not know of those that came after. */
  readonly count: number;
}

const NOTHING: Weights = { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };

/**
 * What is left at a provider, as its answers say, beside the limits of one's own: it only ever holds up more. What
 * is known is carried on with what is sent, and what comes back; answers correct it. One that says less is believed. One
 * that says more is believed only where its request was sent after the last correction, and as far as nothing that is
 * under way could be missing in it: answers in the wrong order give nothing back. Times are monotonic ms.
 */
export class ProviderRoom {
  readonly #readings = new Map<LimitUnit, Reading>();
  /** How fast units come back: no answer has shown less. Exact as soon as one comes that says it in round numbers. */
  readonly #paces = new Map<LimitUnit, { readonly amount: number; readonly perMs: number }>();
  readonly #underWay = new Set<Mark>();
  #closedUntil = Number.NEGATIVE_INFINITY;
  #count = 0;
  #taken = NOTHING;
  #answered = NOTHING;

  /** Another request goes out. */
  take(weights: Weights, at: number): Mark {
    this.#count += 1;
    this.#taken = combined(this.#taken, weights, 1);
    this.#shift(weights, at, -1);
    const mark = { at, weights, count: this.#count, taken: this.#taken, answered: this.#answered };
    this.#underWay.add(mark);
    return mark;
  }

  /** A request is over, whether or not it was heard of. One that did not go out has taken nothing. */
  over(mark: Mark, isSent: boolean, now: number): void {
    const { weights } = mark;
    if (!this.#underWay.delete(mark)) return;
    if (isSent) {
      this.#answered = combined(this.#answered, weights, 1);
      return;
    }
    this.#taken = combined(this.#taken, weights, -1);
    this.#shift(weights, now, 1);
  }

  #shift(weights: Weights, now: number, by: 1 | -1): void {
    for (const [unit, reading] of this.#readings) {
      if (now >= reading.until) {
        this.#readings.delete(unit);
        continue;
      }
      const level = levelOf(reading, now) + by * weights[unit];
      this.#readings.set(unit, carriedOn({ ...reading, level, at: now }, now));
    }
  }

  /** Notes what the answer to a request said; whether there may be more now than was thought. */
  learn({ quota, retryAfterMs }: ProviderWord, mark: Mark, now: number): boolean {
    this.over(mark, true, now);
    if (retryAfterMs !== undefined) {
      const until = now + Math.min(retryAfterMs, MAX_CLOSED_MS);
      this.#closedUntil = Math.max(this.#closedUntil, until);
    }
    let isMore = false;
    for (const limit of quota) if (this.#read(limit, mark, now)) isMore = true;
    return isMore;
  }

  #read(limit: QuotaLimit, mark: Mark, now: number): boolean {
    const { unit, resetMs } = limit;
    // What does not say until when it holds could hold for ever.
    if (resetMs === undefined || resetMs <= 0) return false;
    const amount = limit.limit ?? limit.remaining;
    const remaining = Math.min(limit.remaining, amount);
    const perMs = this.#paceOf(limit, amount);
    const known = this.#live(unit, now);
    // As it was sent; what was sent since then came on top, and what came back.
    const sentSince = Math.max(0, this.#taken[unit] - mark.taken[unit]);
    const least = Math.min(amount, remaining + (now - mark.at) * perMs) - sentSince;
    // What was under way when it was sent may have come before it, or after, as may what was sent since.
    const beside = Math.max(0, this.#taken[unit] - mark.answered[unit] - mark.weights[unit]);
    const sure = remaining - beside;
    const before = known && levelOf(known, now);
    const isMore =
      before !== undefined && known !== undefined && mark.count > known.count && sure > before;
    if (before !== undefined && !isMore && least >= before) return false;
    const level = before === undefined || isMore ? sure : least;
    const reading = { amount, level, at: now, perMs, until: now + resetMs, count: this.#count };
    this.#readings.set(unit, carriedOn(reading, now));
    return isMore;
  }

  /** How much comes back in each ms; 0 where it comes back at once, or that is not known. */
  #paceOf({ unit, remaining, limit, resetMs = 0, refills }: QuotaLimit, amount: number): number {
    if (!refills || limit === undefined) return 0;
    const known = this.#paces.get(unit);
    const shown = remaining < amount ? (amount - remaining) / resetMs : Number.POSITIVE_INFINITY;
    const perMs = Math.min(shown, known?.amount === amount ? known.perMs : shown);
    if (!Number.isFinite(perMs)) return 0;
    this.#paces.set(unit, { amount, perMs });
    return perMs;
  }

  #live(unit: LimitUnit, now: number): Reading | undefined {
    const reading = this.#readings.get(unit);
    return reading && now < reading.until ? reading : undefined;
  }

  /** What holds a request up, behind `ahead` like it; nothing where nothing does. */
  holdUp(weights: Weights, now: number, ahead = 0): HoldUp | undefined {
    let worst: (HoldUp & { readonly waitMs: number }) | undefined;
    if (now < this.#closedUntil) {
      const amount = this.#live('requests', now)?.amount ?? 0;
      worst = { name: 'provider', waitMs: this.#closedUntil - now, amount, left: 0 };
    }
    for (const unit of UNITS) {
      const reading = this.#live(unit, now);
      const weight = weights[unit];
      if (reading === undefined || weight === 0) continue;
      const left = levelOf(reading, now);
      const missing = Math.min(weight, reading.amount) + ahead * weight - left;
      if (missing <= EPSILON) continue;
      const untilMs = reading.until - now;
      const waitMs = reading.perMs > 0 ? Math.min(missing / reading.perMs, untilMs) : untilMs;
      if (worst && worst.waitMs >= waitMs) continue;
      worst = { name: 'provider', waitMs, amount: reading.amount, left };
    }
    return worst;
  }
}

/** Says nothing any more once all of it is there again. */
function carriedOn(reading: Reading, now: number): Reading {
  const { amount, level, perMs } = reading;
  return perMs > 0 ? { ...reading, until: now + (amount - level) / perMs } : reading;
}

function levelOf({ level, at, perMs, amount }: Reading, now: number): number {
  return Math.min(amount, level + Math.max(0, now - at) * perMs);
}

function combined(one: Weights, other: Weights, by: 1 | -1): Weights {
  return {
    requests: one.requests + by * other.requests,
    tokens: one.tokens + by * other.tokens,
    inputTokens: one.inputTokens + by * other.inputTokens,
    outputTokens: one.outputTokens + by * other.outputTokens,
    cost: one.cost + by * other.cost,
  };
}

const EPSILON = 1e-9;
const MAX_ROOMS = 100;

/** The rooms of a target, one for each model: providers count them apart. */
export class ProviderRooms {
  readonly #byModel = new Map<string, ProviderRoom>();

  of(model: string): ProviderRoom {
    const known = this.#byModel.get(model);
    if (known) return known;
    if (this.#byModel.size >= MAX_ROOMS) {
      const [oldest = ''] = this.#byModel.keys();
      this.#byModel.delete(oldest);
    }
    const room = new ProviderRoom();
    this.#byModel.set(model, room);
    return room;
  }
}
