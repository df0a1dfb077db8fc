import type { ProviderWord, QuotaLimit } from '../pipeline/admission.js';
import type { LimitUnit } from '../pipeline/limit-types.js';
import type { HoldUp, Weights } from './limits.js';

/** Longest that a provider is believed when it asks to be left alone, in ms. */
const MAX_CLOSED_MS = 300_000;
const UNITS: readonly LimitUnit[] = ['requests', 'tokens', 'inputTokens', 'outputTokens', 'cost'];

/** What had been asked of a provider when a request went to it, this one included. */
export interface Mark {
  readonly count: number;
  readonly taken: Weights;
}

/** What an answer said of one unit, and what was taken since. */
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

/**
 * What is left at a provider, as its answers say, beside the limits of one's own: it only ever holds up more. An
 * answer that tells more than one before it is believed only where its request was sent after that one had come;
 * answers in the wrong order give nothing back. Times are monotonic ms.
 */
export class ProviderRoom {
  readonly #readings = new Map<LimitUnit, Reading>();
  #closedUntil = Number.NEGATIVE_INFINITY;
  #count = 0;
  #taken: Weights = { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };

  /** Another request goes out. */
  take(weights: Weights): Mark {
    this.#count += 1;
    this.#taken = combined(this.#taken, weights, 1);
    this.#shift(weights, -1);
    return { count: this.#count, taken: this.#taken };
  }

  /** A request did not go out after all. */
  giveBack(weights: Weights): void {
    this.#taken = combined(this.#taken, weights, -1);
    this.#shift(weights, 1);
  }

  #shift(weights: Weights, by: 1 | -1): void {
    for (const [unit, reading] of this.#readings) {
      const level = Math.min(reading.level + by * weights[unit], reading.amount);
      this.#readings.set(unit, { ...reading, level });
    }
  }

  /** Notes what the answer to a request said; whether there may be more now than was thought. */
  learn({ quota, retryAfterMs }: ProviderWord, mark: Mark, now: number): boolean {
    if (retryAfterMs !== undefined) {
      const until = now + Math.min(retryAfterMs, MAX_CLOSED_MS);
      this.#closedUntil = Math.max(this.#closedUntil, until);
    }
    let isMore = false;
    for (const limit of quota) if (this.#read(limit, mark, now)) isMore = true;
    return isMore;
  }

  #read(
    { unit, remaining, limit, resetMs, refills }: QuotaLimit,
    mark: Mark,
    now: number,
  ): boolean {
    // What does not say until when it holds could hold for ever.
    if (resetMs === undefined || resetMs <= 0) return false;
    const known = this.#live(unit, now);
    const amount = limit ?? remaining;
    const sentSince = this.#taken[unit] - mark.taken[unit];
    const level = Math.min(remaining, amount) - sentSince;
    const isNewer = known === undefined || mark.count > known.count;
    if (!isNewer && level >= levelOf(known, now)) return false;
    // What is left is told in whole numbers: up to one more may be there, and not have to come back.
    const perMs = refills ? Math.max(0, amount - remaining - 1) / resetMs : 0;
    const full = now + resetMs + (perMs > 0 ? sentSince / perMs : 0);
    const until = isNewer ? full : Math.max(known.until, full);
    this.#readings.set(unit, { amount, level, at: now, perMs, until, count: this.#count });
    return isNewer && known !== undefined && level > levelOf(known, now);
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
