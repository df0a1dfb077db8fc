import type { Admission, AskedAttempt, Permit } from '../pipeline/admission.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext, Logger } from '../pipeline/contract.js';
import type {
  ExplainedLimit,
  LimitedRequest,
  LimitName,
  LimitStats,
  OnLimit,
  RateLimitOptions,
} from '../pipeline/limit-types.js';
import type { Usage } from '../pipeline/settlement.js';
import { unlessAborted } from '../pipeline/unless-aborted.js';
import { HoldUps } from './hold-ups.js';
import { KeyBook } from './key-book.js';
import { KeyLimits, type RateSpec } from './key-limits.js';
import { lateSignal } from './late-signal.js';
import { limitError, type RefusalReason, unreachableError } from './limit-error.js';
import { DEFAULT_BURST, ratesOf } from './limit-options.js';
import type { Limits } from './limits.js';
import { Place, type Taken } from './place.js';
import { ProviderRooms } from './provider-room.js';
import { SharedKeys } from './shared/shared-keys.js';
import { modelOf, Weigher } from './weigher.js';

/** What a limiter works with. */
export interface LimiterDependencies {
  readonly clock: Clock;
  /** US dollars that a usage costs at a target; `undefined` where that is not known. */
  readonly priceOf: (usage: Usage, attempt: AskedAttempt) => number | undefined;
  /** @defaultValue silent */
  readonly logger?: Logger | undefined;
  /** Name of the target that it is for. @defaultValue the application's own */
  readonly target?: string | undefined;
  /** What the provider's answers say is left holds, too: all requests go there with the same key. @defaultValue false */
  readonly learns?: boolean | undefined;
}

const DEFAULT_MAX_KEYS = 10_000;
const DEFAULT_MAX_QUEUE = 1_000;
const DEFAULT_PRIORITY = 5;
const DEFAULT_KEY = 'default';

/** Holds the limits of an application, or of a target, over all calls. */
export class RateLimiter implements Admission {
  readonly #options: RateLimitOptions;
  readonly #deps: LimiterDependencies;
  readonly #rates: readonly RateSpec[];
  readonly #keys: KeyBook;
  readonly #weigher: Weigher;
  readonly #shared: SharedKeys | undefined;
  readonly #rooms: ProviderRooms | undefined;
  readonly #holdUps = new HoldUps();

  constructor(options: RateLimitOptions, deps: LimiterDependencies) {
    this.#options = options;
    this.#deps = deps;
    const rates = ratesOf(options);
    this.#rates = rates;
    const { countTokens, redis, burst = DEFAULT_BURST, concurrency } = options;
    const { priceOf, clock, logger = {}, target } = deps;
    const units = new Set(rates.map(({ unit }) => unit));
    this.#weigher = new Weigher({ units, countTokens, priceOf });
    if (deps.learns) this.#rooms = new ProviderRooms();
    this.#keys = new KeyBook(
      (key) => this.#shared?.limitsOf(key) ?? new KeyLimits(clock, rates, concurrency),
      options.maxKeys ?? DEFAULT_MAX_KEYS,
    );
    if (redis === undefined) return;
    // Apart from the application's own, whatever the target's name is.
    const name = target === undefined ? 'gateway' : `target ${target}`;
    this.#shared = new SharedKeys({
      ...{ options: { ...options, redis }, rates, burst, clock, logger, name },
      onChange: () => this.#linkChanged(),
    });
  }

  admit(attempt: AskedAttempt): Permit | Promise<Permit> {
    const { key, limits } = this.#keys.of(this.#keyOf(attempt));
    const place = this.#place(attempt, key, limits);
    const taken = place.tryTakeUnlessOthersWait();
    if (taken) return this.#permit(attempt, place, taken);
    return this.#shared ? this.#reach(attempt, place) : this.#wait(attempt, place);
  }

  #place(attempt: AskedAttempt, key: string, limits: Limits): Place {
    const { clock } = this.#deps;
    const weights = this.#weigher.weigh(attempt);
    const room = this.#rooms?.of(modelOf(attempt.request.body));
    return new Place({ clock, key, limits, weights, room });
  }

  /** What is not here may be where it is shared. */
  async #reach(attempt: AskedAttempt, place: Place): Promise<Permit> {
    const { limits, weights } = place;
    const { signal } = attempt.context;
    while (limits.line.size === 0 && !place.isRefusedThere) {
      const answer = limits.reach?.(weights);
      if (answer === undefined || !(await unlessAborted(answer, signal))) break;
      const taken = place.tryTakeUnlessOthersWait();
      if (taken) return this.#permit(attempt, place, taken);
    }
    // What could not be reached may be here after all.
    const taken = place.tryTakeUnlessOthersWait();
    return taken ? this.#permit(attempt, place, taken) : this.#wait(attempt, place);
  }

  async #wait(attempt: AskedAttempt, place: Place): Promise<Permit> {
    const { context } = attempt;
    const { key, limits } = place;
    const { maxQueue = DEFAULT_MAX_QUEUE } = this.#options;
    const { name: limit, waitMs, amount, left: remaining } = place.holdUp();
    const queued = limits.line.size;
    const does = this.#onLimit({ context, limit, key, waitMs: waitMs ?? 0, queued });
    const goesOn = does === 'next-target';
    const refuse = (reason: RefusalReason) => {
      this.#holdUps.refused(limit);
      context.decide('limit-refused', { limit, reason, ...this.#whose });
      if (reason === 'redis_down') return unreachableError(this.#shared?.retryAfterMs ?? 0, goesOn);
      return limitError(reason, { limit, amount, remaining, retryAfterMs: waitMs, goesOn });
    };
    if (limits.isClosed) throw refuse('redis_down');
    if (does !== 'wait') throw refuse(does);
    if (queued >= maxQueue) throw refuse('queue_full');
    const taken = await this.#stand(context, place, { limit, refuse });
    return this.#permit(attempt, place, taken);
  }

  /** Stands in line until it is served. */
  async #stand(context: GatewayContext, place: Place, { limit, refuse }: Standing): Promise<Taken> {
    const { limits, weights } = place;
    const { clock } = this.#deps;
    const { maxWaitMs } = this.#options;
    const late = maxWaitMs === undefined ? undefined : lateSignal(clock, context.signal, maxWaitMs);
    let taken: Taken | undefined;
    const want = {
      tryTake: () => {
        taken = place.tryTake();
        // Its answer wakes the line.
        if (!taken && !place.isRefusedThere) limits.reach?.(weights)?.catch(() => undefined);
        return taken !== undefined;
      },
      waitMs: () => place.lookAgainMs(),
    };
    const since = clock.now();
    const told = (kind: 'waited' | 'left') => {
      const waitedMs = Math.round(clock.now() - since);
      this.#holdUps.waited(limit, waitedMs, kind);
      context.decide(`limit-${kind}`, { limit, waitedMs, ...this.#whose });
    };
    try {
      const signal = late?.signal ?? context.signal;
      await limits.line.wait(want, { priority: this.#priorityOf(context), signal });
    } catch (error) {
      if (error === REDIS_DOWN) throw refuse('redis_down');
      if (late?.signal.aborted && !context.signal.aborted) throw refuse('waited_too_long');
      told('left');
      throw error;
    } finally {
      late?.stop();
    }
    told('waited');
    if (taken) return taken;
    throw new Error('served, and has nothing');
  }

  /** Whose limits these are, for the trail. */
  get #whose(): { readonly target?: string } {
    const { target } = this.#deps;
    return target === undefined ? {} : { target };
  }

  /** Redis has come, or gone: those who wait go on with what there is then. */
  #linkChanged(): void {
    for (const limits of this.#keys.values()) {
      limits.linkChanged?.();
      if (limits.isClosed) limits.line.dismiss(REDIS_DOWN);
      else limits.line.wake();
    }
  }

  #permit(attempt: AskedAttempt, { room }: Place, { hold, mark }: Taken): Permit {
    let isOver = false;
    return {
      settle: (end) => {
        if (isOver) return;
        isOver = true;
        if (mark) room?.over(mark, end.isSent, this.#deps.clock.now());
        hold.settle(this.#weigher.actual(attempt, end));
      },
      heard:
        room &&
        mark &&
        ((word) => {
          if (word.quota.some(({ unit }) => unit !== 'requests')) this.#weigher.countTokens();
          if (room.learn(word, mark, this.#deps.clock.now())) this.#wakeAll();
        }),
    };
  }

  #wakeAll(): void {
    for (const { line } of this.#keys.values()) if (line.size > 0) line.wake();
  }

  #keyOf({ context, request }: AskedAttempt): string {
    const key = this.#ownerOf(context);
    return this.#options.perModel ? `${key}\n${modelOf(request.body)}` : key;
  }

  #ownerOf(context: GatewayContext): string {
    const { by } = this.#options;
    const given = by && quietly(() => by(context));
    return typeof given === 'string' && given !== '' ? given : DEFAULT_KEY;
  }

  /** Whether two calls are counted under keys of their own. */
  countsApart(one: GatewayContext, other: GatewayContext): boolean {
    return this.#ownerOf(one) !== this.#ownerOf(other);
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

  /** What a request would meet now; takes nothing. */
  explain(attempt: AskedAttempt): ExplainedLimit {
    const key = this.#keyOf(attempt);
    const limits = this.#keys.peek(key) ?? new KeyLimits(this.#deps.clock, this.#rates);
    const place = this.#place(attempt, key, limits);
    const { running, line } = limits;
    const explained = { ...this.#whose, key, running, queued: line.size };
    if (place.isFree) return explained;
    const { name: limit, waitMs } = place.holdUp();
    const { context } = attempt;
    const does = this.#onLimit({ context, limit, key, waitMs: waitMs ?? 0, queued: line.size });
    return { ...explained, heldUpBy: limit, waitMs, does };
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

  stats(): LimitStats {
    return { ...this.#whose, ...this.counts(), heldUp: this.#holdUps.read() };
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

interface Standing {
  readonly limit: LimitName;
  readonly refuse: (reason: 'redis_down' | 'waited_too_long') => Error;
}

const REDIS_DOWN = new Error('limits cannot be shared');

/** What a function of the user's gives; nothing where it throws. */
function quietly<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
