import type { Admission, AskedAttempt, Permit } from '../pipeline/admission.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext, Logger } from '../pipeline/contract.js';
import type { LimitedRequest, OnLimit, RateLimitOptions } from '../pipeline/limit-types.js';
import type { Usage } from '../pipeline/settlement.js';
import { unlessAborted } from '../pipeline/unless-aborted.js';
import { KeyLimits, type RateSpec } from './key-limits.js';
import { limitError, unreachableError } from './limit-error.js';
import { DEFAULT_BURST, ratesOf } from './limit-options.js';
import type { Hold, Limits, Weights } from './limits.js';
import { SharedKeys } from './shared/shared-keys.js';
import { modelOf, Weigher } from './weigher.js';

/** What a limiter works with. */
export interface LimiterDependencies {
  readonly clock: Clock;
  /** US dollars that a usage costs at a target; `undefined` where that is not known. */
  readonly priceOf: (usage: Usage, attempt: AskedAttempt) => number | undefined;
  /** @defaultValue silent */
  readonly logger?: Logger | undefined;
  /** Tells limiters apart that share a Redis: a target's name. @defaultValue the application's own */
  readonly name?: string | undefined;
}

const DEFAULT_MAX_KEYS = 10_000;
const DEFAULT_MAX_QUEUE = 1_000;
const DEFAULT_PRIORITY = 5;
const DEFAULT_KEY = 'default';
const OTHER_KEY = 'other';

/** Holds the limits of an application, or of a target, over all calls. */
export class RateLimiter implements Admission {
  readonly #options: RateLimitOptions;
  readonly #deps: LimiterDependencies;
  readonly #rates: readonly RateSpec[];
  readonly #keys = new Map<string, Limits>();
  readonly #weigher: Weigher;
  readonly #shared: SharedKeys | undefined;

  constructor(options: RateLimitOptions, deps: LimiterDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#rates = ratesOf(options);
    const { countTokens, redis, burst = DEFAULT_BURST } = options;
    const { priceOf, clock, logger = {}, name = 'gateway' } = deps;
    const units = new Set(this.#rates.map(({ unit }) => unit));
    this.#weigher = new Weigher({ units, countTokens, priceOf });
    if (redis === undefined) return;
    this.#shared = new SharedKeys({
      ...{ options: { ...options, redis }, rates: this.#rates, burst, clock, logger, name },
      onChange: () => this.#linkChanged(),
    });
  }

  admit(attempt: AskedAttempt): Permit | Promise<Permit> {
    const { key, limits } = this.#limitsOf(this.#keyOf(attempt));
    const weights = this.#weigher.weigh(attempt);
    const place = { key, limits, weights };
    const hold = limits.line.size === 0 ? limits.tryTake(weights) : undefined;
    if (hold) return this.#permit(attempt, hold);
    return this.#shared ? this.#reach(attempt, place) : this.#wait(attempt, place);
  }

  /** What is not here may be where it is shared. */
  async #reach(attempt: AskedAttempt, place: Place): Promise<Permit> {
    const { limits, weights } = place;
    const { signal } = attempt.context;
    while (limits.line.size === 0) {
      const answer = limits.reach?.(weights);
      if (answer === undefined || !(await unlessAborted(answer, signal))) break;
      const hold = limits.line.size === 0 ? limits.tryTake(weights) : undefined;
      if (hold) return this.#permit(attempt, hold);
    }
    // What could not be reached may be here after all.
    const hold = limits.line.size === 0 ? limits.tryTake(weights) : undefined;
    return hold ? this.#permit(attempt, hold) : this.#wait(attempt, place);
  }

  async #wait(attempt: AskedAttempt, place: Place): Promise<Permit> {
    const { context } = attempt;
    const { key, limits, weights } = place;
    const { maxQueue = DEFAULT_MAX_QUEUE } = this.#options;
    const heldUp = limits.holdUp(weights, limits.line.size);
    const { name: limit, waitMs, amount, left: remaining } = heldUp;
    const queued = limits.line.size;
    const does = this.#onLimit({ context, limit, key, waitMs: waitMs ?? 0, queued });
    const goesOn = does === 'next-target';
    const refuse = (reason: keyof typeof WHY) => {
      context.decide('limit-refused', { limit, reason });
      if (reason === 'redis_down') return unreachableError(this.#shared?.retryAfterMs ?? 0, goesOn);
      return limitError(WHY[reason], {
        limit,
        key,
        amount,
        remaining,
        retryAfterMs: waitMs,
        goesOn,
      });
    };
    if (limits.isClosed) throw refuse('redis_down');
    if (does !== 'wait') throw refuse(does);
    if (queued >= maxQueue) throw refuse('queue_full');
    const since = this.#deps.clock.now();
    const hold = await this.#stand(context, place, refuse);
    const waitedMs = Math.round(this.#deps.clock.now() - since);
    context.decide('limit-waited', { limit, waitedMs });
    return this.#permit(attempt, hold);
  }

  /** Stands in line until it is served. */
  async #stand(
    context: GatewayContext,
    { limits, weights }: Place,
    refuse: (reason: 'redis_down' | 'waited_too_long') => Error,
  ): Promise<Hold> {
    const { maxWaitMs } = this.#options;
    const late = maxWaitMs === undefined ? undefined : this.#late(context.signal, maxWaitMs);
    let hold: Hold | undefined;
    const want = {
      tryTake: () => {
        hold = limits.tryTake(weights);
        // Its answer wakes the line.
        if (!hold) limits.reach?.(weights)?.catch(() => undefined);
        return hold !== undefined;
      },
      waitMs: () => limits.lookAgainMs(weights),
    };
    try {
      const signal = late?.signal ?? context.signal;
      await limits.line.wait(want, { priority: this.#priorityOf(context), signal });
    } catch (error) {
      if (error === REDIS_DOWN) throw refuse('redis_down');
      if (!late?.signal.aborted || context.signal.aborted) throw error;
      throw refuse('waited_too_long');
    } finally {
      late?.stop();
    }
    if (hold) return hold;
    throw new Error('served, and has nothing');
  }

  /** A signal that also fires when a request has waited for too long. */
  #late(signal: AbortSignal, maxWaitMs: number): { signal: AbortSignal; stop: () => void } {
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const stopTimer = this.#deps.clock.timer(maxWaitMs, () => controller.abort());
    const stop = () => {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
    };
    return { signal: controller.signal, stop };
  }

  /** Redis has come, or gone: those who wait go on with what there is then. */
  #linkChanged(): void {
    for (const limits of this.#keys.values()) {
      limits.linkChanged?.();
      if (limits.isClosed) limits.line.dismiss(REDIS_DOWN);
      else limits.line.wake();
    }
  }

  #permit(attempt: AskedAttempt, hold: Hold): Permit {
    let isOver = false;
    return {
      settle: (end) => {
        if (isOver) return;
        isOver = true;
        hold.settle(this.#weigher.actual(attempt, end));
      },
    };
  }

  #keyOf({ context, request }: AskedAttempt): string {
    const { by, perModel } = this.#options;
    const given = by && quietly(() => by(context));
    const key = typeof given === 'string' && given !== '' ? given : DEFAULT_KEY;
    return perModel ? `${key}\n${modelOf(request.body)}` : key;
  }

  /** The limits of a key, and the key that it is counted under. */
  #limitsOf(key: string): { readonly key: string; readonly limits: Limits } {
    const known = this.#keys.get(key);
    if (known) return { key, limits: known };
    const { maxKeys = DEFAULT_MAX_KEYS, concurrency } = this.#options;
    if (this.#keys.size >= maxKeys && key !== OTHER_KEY && !this.#forgetIdle()) {
      return this.#limitsOf(OTHER_KEY);
    }
    const limits =
      this.#shared?.limitsOf(key) ?? new KeyLimits(this.#deps.clock, this.#rates, concurrency);
    this.#keys.set(key, limits);
    return { key, limits };
  }

  /** Forgets keys that are as good as new, of those that came first; whether there was one. */
  #forgetIdle(): boolean {
    let looked = 0;
    for (const [key, limits] of this.#keys) {
      if (limits.isIdle) {
        this.#keys.delete(key);
        return true;
      }
      looked += 1;
      if (looked >= MAX_LOOKED) return false;
      // Those that are in use go to the end, so that the next look begins elsewhere.
      this.#keys.delete(key);
      this.#keys.set(key, limits);
    }
    return false;
  }

  #onLimit(limited: LimitedRequest): OnLimit {
    const { onLimit = 'wait' } = this.#options;
    const does = typeof onLimit === 'function' ? quietly(() => onLimit(limited)) : onLimit;
    return does === 'reject' || does === 'next-target' ? does : 'wait';
  }

  #priorityOf(context: GatewayContext): number {
    const { priority } = this.#options;
    const given = (priority && quietly(() => priority(context))) ?? DEFAULT_PRIORITY;
    return Number.isInteger(given) ? Math.min(9, Math.max(0, given)) : DEFAULT_PRIORITY;
  }

  /** Requests under way and waiting, over all keys. */
  counts(): { running: number; queued: number; keys: number } {
    let running = 0;
    let queued = 0;
    for (const limits of this.#keys.values()) {
      running += limits.running;
      queued += limits.line.size;
    }
    return { running, queued, keys: this.#keys.size };
  }

  /** Gives back what was taken ahead of what is shared. */
  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#keys.values(), (limits) => limits.giveBack?.()));
  }

  /** Ends the connection to Redis. */
  close(): void {
    this.#shared?.close();
  }
}

interface Place {
  readonly key: string;
  readonly limits: Limits;
  readonly weights: Weights;
}

/** Why a request is refused. */
const WHY = {
  reject: 'over a limit',
  'next-target': 'over a limit',
  queue_full: 'too many requests wait already',
  waited_too_long: 'waited as long as it may',
  redis_down: '',
};
const REDIS_DOWN = new Error('limits cannot be shared');
/** Keys that are looked at before one is given up for. */
const MAX_LOOKED = 8;

/** What a function of the user's gives; nothing where it throws. */
function quietly<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
