import type { Admission, AskedAttempt, AttemptEnd, Permit } from '../pipeline/admission.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext } from '../pipeline/contract.js';
import type { LimitedRequest, OnLimit, RateLimitOptions, Rates } from '../pipeline/limit-types.js';
import type { Usage } from '../pipeline/settlement.js';
import { AnswerLengths, estimateInputTokens } from './estimate-tokens.js';
import { KeyLimits, type RateSpec, type Weights } from './key-limits.js';
import { limitError } from './limit-error.js';
import { RATES } from './limit-options.js';

/** What a limiter works with. */
export interface LimiterDependencies {
  readonly clock: Clock;
  /** US dollars that a usage costs at a target; `undefined` where that is not known. */
  readonly priceOf: (usage: Usage, attempt: AskedAttempt) => number | undefined;
}

const DEFAULT_BURST = 0.1;
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
  readonly #keys = new Map<string, KeyLimits>();
  readonly #lengths = new AnswerLengths();
  readonly #weighsTokens: boolean;

  constructor(options: RateLimitOptions, deps: LimiterDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#rates = ratesOf(options);
    this.#weighsTokens = this.#rates.some(({ unit }) => unit !== 'requests');
  }

  admit(attempt: AskedAttempt): Permit | Promise<Permit> {
    const key = this.#keyOf(attempt);
    const limits = this.#limitsOf(key);
    const weights = this.#weigh(attempt);
    if (limits.line.size === 0 && limits.tryTake(weights)) {
      return this.#permit(attempt, limits, weights);
    }
    return this.#wait(attempt, { key, limits, weights });
  }

  async #wait(attempt: AskedAttempt, { key, limits, weights }: Place): Promise<Permit> {
    const { context } = attempt;
    const { maxQueue = DEFAULT_MAX_QUEUE, maxWaitMs } = this.#options;
    const heldUp = limits.holdUp(weights, limits.line.size);
    const does = this.#onLimit({
      context,
      limit: heldUp.name,
      key,
      waitMs: heldUp.waitMs ?? 0,
      queued: limits.line.size,
    });
    const refuse = (why: string) =>
      limitError(why, {
        limit: heldUp.name,
        key,
        amount: heldUp.amount,
        remaining: heldUp.left,
        retryAfterMs: heldUp.waitMs,
        goesOn: does === 'next-target',
      });
    const told = { limit: heldUp.name };
    if (does !== 'wait' || limits.line.size >= maxQueue) {
      context.decide('limit-refused', { ...told, reason: does === 'wait' ? 'queue_full' : does });
      throw refuse(does === 'wait' ? 'too many requests wait already' : 'over a limit');
    }
    const since = this.#deps.clock.now();
    const late = maxWaitMs === undefined ? undefined : this.#late(context.signal, maxWaitMs);
    try {
      await limits.line.wait(
        { tryTake: () => limits.tryTake(weights), waitMs: () => limits.holdUp(weights).waitMs },
        { priority: this.#priorityOf(context), signal: late?.signal ?? context.signal },
      );
    } catch (error) {
      if (!late?.signal.aborted || context.signal.aborted) throw error;
      context.decide('limit-refused', { ...told, reason: 'waited_too_long' });
      throw refuse('waited as long as it may');
    } finally {
      late?.stop();
    }
    const waitedMs = Math.round(this.#deps.clock.now() - since);
    context.decide('limit-waited', { ...told, waitedMs });
    return this.#permit(attempt, limits, weights);
  }

  /** A signal that also fires when a request has waited for too long. */
  #late(signal: AbortSignal, maxWaitMs: number): { signal: AbortSignal; stop: () => void } {
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const stopTimer = this.#deps.clock.timer(maxWaitMs, () => controller.abort());
    const stop = () => {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
    };
    return { signal: controller.signal, stop };
  }

  #permit(attempt: AskedAttempt, limits: KeyLimits, reserved: Weights): Permit {
    let isOver = false;
    return {
      settle: (end) => {
        if (isOver) return;
        isOver = true;
        limits.settle(reserved, this.#actual(attempt, end));
      },
    };
  }

  #weigh(attempt: AskedAttempt): Weights {
    if (!this.#weighsTokens) return ONE_REQUEST;
    const { body } = attempt.request;
    const inputTokens = estimateInputTokens(body, this.#options.countTokens);
    const outputTokens = this.#lengths.expect(body, modelOf(body));
    return this.#weightsOf(attempt, { inputTokens, outputTokens, reported: {} });
  }

  #weightsOf(attempt: AskedAttempt, usage: Usage): Weights {
    const { inputTokens = 0, outputTokens = 0 } = usage;
    const cost = this.#rates.some(({ unit }) => unit === 'cost')
      ? (this.#deps.priceOf(usage, attempt) ?? 0)
      : 0;
    return { requests: 1, tokens: inputTokens + outputTokens, inputTokens, outputTokens, cost };
  }

  /** What an attempt came to: all of it back where it reported nothing, but for the request that was sent. */
  #actual(attempt: AskedAttempt, { isSent, usage }: AttemptEnd): Weights {
    if (usage === undefined) return isSent ? ONE_REQUEST : NOTHING;
    const { body } = attempt.request;
    if (usage.outputTokens !== undefined) this.#lengths.saw(modelOf(body), usage.outputTokens);
    return this.#weightsOf(attempt, usage);
  }

  #keyOf({ context, request }: AskedAttempt): string {
    const { by, perModel } = this.#options;
    const given = by && quietly(() => by(context));
    const key = typeof given === 'string' && given !== '' ? given : DEFAULT_KEY;
    return perModel ? `${key}\n${modelOf(request.body)}` : key;
  }

  #limitsOf(key: string): KeyLimits {
    const known = this.#keys.get(key);
    if (known) return known;
    const { maxKeys = DEFAULT_MAX_KEYS, concurrency } = this.#options;
    if (this.#keys.size >= maxKeys && key !== OTHER_KEY && !this.#forgetIdle()) {
      return this.#limitsOf(OTHER_KEY);
    }
    const limits = new KeyLimits(this.#deps.clock, this.#rates, concurrency);
    this.#keys.set(key, limits);
    return limits;
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
    if (typeof onLimit !== 'function') return onLimit;
    return quietly(() => onLimit(limited)) ?? 'wait';
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
}

interface Place {
  readonly key: string;
  readonly limits: KeyLimits;
  readonly weights: Weights;
}

const NOTHING: Weights = { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
const ONE_REQUEST: Weights = { ...NOTHING, requests: 1 };
/** Keys that are looked at before one is given up for. */
const MAX_LOOKED = 8;

function ratesOf(options: RateLimitOptions): readonly RateSpec[] {
  const { burst = DEFAULT_BURST } = options;
  // Its own keys: RATES has one entry for each rate.
  return (Object.keys(RATES) as (keyof Rates)[]).flatMap((name) => {
    const amount = options[name];
    if (amount === undefined) return [];
    const [unit, intervalMs] = RATES[name];
    // Less than one request could never be taken; of the rest any part can.
    const capacity = unit === 'requests' ? Math.max(1, amount * burst) : amount * burst;
    return [{ name, unit, size: { amount, intervalMs, capacity } }];
  });
}

function modelOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('model' in body)) return '';
  return typeof body.model === 'string' ? body.model : '';
}

/** What a function of the user's gives; nothing where it throws. */
function quietly<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
