import type { Clock } from '../../pipeline/clock.js';
import {
  type Admission,
  Breaker,
  type BreakerChange,
  type BreakerOptions,
  type BreakerTicket,
} from '../breaker.js';
import type { AttemptFailure } from '../describe-failure.js';
import { breakerEffect, type LeaveReason, leaveReason } from '../leave-policy.js';
import type { AttemptAnswer, AttemptObserver, Seen } from '../loop-options.js';
import { QuotaReader } from '../provider-quota.js';
import { retryAfterOf } from '../retry-policy.js';
import { type AnswerTimes, TargetStats } from '../target-stats.js';

/** Longest that a target is believed when it asks to be left alone, in ms. */
const MAX_DEFER_MS = 300_000;

/** What is known of a target of a route, over all calls. */
export class RouteHealth {
  readonly stats = new TargetStats();
  readonly quota = new QuotaReader();
  readonly breaker: Breaker;
  readonly #clock: Clock;

  constructor(
    clock: Clock,
    options: BreakerOptions = {},
    onChange?: (change: BreakerChange) => void,
  ) {
    this.#clock = clock;
    this.breaker = new Breaker(options, () => clock.random(), onChange);
  }

  isAvailable(now: number): boolean {
    return this.breaker.wouldAdmit(now);
  }

  score(now: number): number {
    return this.stats.score(now);
  }

  admit(now: number): Admission {
    return this.breaker.admit(now);
  }

  /** Follows the attempts of one call at this target. */
  observe(observing: Observing): TargetObserver {
    return new TargetObserver(this, observing, this.#clock);
  }
}

/** One call's attempts at a target. */
export interface Observing {
  readonly ticket: BreakerTicket;
  /** Another one as good is left: it is asked rather than this one again. */
  readonly hasSibling: boolean;
  /** It is asked with the caller's own key. */
  readonly callersKey: boolean;
  /** What is known of the key, where each call may bring its own. */
  readonly key?: Blamed | undefined;
}

interface Blamed {
  readonly breaker: Breaker;
  readonly ticket: BreakerTicket;
}

/** What is the key's, and says nothing of the target for others. */
const OF_THE_KEY: ReadonlySet<LeaveReason> = new Set(['rate_limited', 'quota', 'auth']);

/** Tells a target's health what came of the attempts of one call. */
export class TargetObserver implements AttemptObserver {
  readonly #health: RouteHealth;
  readonly #observing: Observing;
  readonly #clock: Clock;
  #isOver = false;

  constructor(health: RouteHealth, observing: Observing, clock: Clock) {
    this.#health = health;
    this.#observing = observing;
    this.#clock = clock;
    health.stats.begin();
  }

  succeeded({ headers, sentAt, seen }: AttemptAnswer): void {
    const { ticket, key } = this.#observing;
    const clock = this.#clock;
    const { stats, breaker, quota } = this.#health;
    const now = clock.now();
    breaker.succeeded(ticket, now);
    key?.breaker.succeeded(key.ticket, now);
    if (headers && !key) stats.sawQuota(quota.read(headers, clock.wallNow()), now);
    if (this.#isOver) return;
    this.#isOver = true;
    stats.succeeded(now, timesOf(seen, sentAt, now));
  }

  failed({ failure, headers }: AttemptFailure): void {
    const { callersKey, key } = this.#observing;
    const clock = this.#clock;
    const { stats } = this.#health;
    const now = clock.now();
    const reason = leaveReason(failure, headers);
    const effect = breakerEffect(reason, { failure, callersKey });
    const blamed = this.#blamed(reason);
    const { breaker, ticket } = blamed;
    if (effect === 'failed') breaker.failed(ticket, now, reason);
    else if (effect === 'killed') breaker.kill(now, reason, ticket);
    this.#release(effect === 'released' ? undefined : blamed);
    if (headers && !key) {
      stats.sawQuota(this.#health.quota.read(headers, clock.wallNow()), now);
    }
    const waitMs = retryAfterOf({ failure, headers }, clock.wallNow());
    if (effect === 'failed' && waitMs !== undefined) {
      breaker.deferUntil(now + Math.min(waitMs, MAX_DEFER_MS));
    }
    if (this.#isOver) return;
    this.#isOver = true;
    if (effect === 'released' || blamed === key) stats.released();
    else stats.failed(now);
  }

  /** It was given up for a quicker one, of which it may yet be told how slow it was at least. */
  lost(sentAt: number, stream: boolean): void {
    this.#health.stats.sawSlow(stream, this.#clock.now() - sentAt);
    this.left();
  }

  /** The target is left. An attempt that was never sent has told nothing, and holds nothing back. */
  left(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release(undefined);
    this.#health.stats.released();
  }

  /** Whose fault a failure is: the key's, or the target's. */
  #blamed(reason: LeaveReason): Blamed {
    const { ticket, key } = this.#observing;
    return key && OF_THE_KEY.has(reason) ? key : { breaker: this.#health.breaker, ticket };
  }

  /** Hands back what nothing has been told of. */
  #release(told: Blamed | undefined): void {
    const { ticket, key } = this.#observing;
    const { breaker } = this.#health;
    if (told?.breaker !== breaker) breaker.released(ticket);
    if (key && told !== key) key.breaker.released(key.ticket);
  }

  mayRetry(): boolean {
    const { hasSibling, ticket, key } = this.#observing;
    if (hasSibling || !this.#health.breaker.stillAdmits(ticket)) return false;
    return key === undefined || key.breaker.stillAdmits(key.ticket);
  }
}

/** How long an answer took: to its first content where it was a stream, and for each token. */
function timesOf(seen: Seen, sentAt: number, now: number): AnswerTimes {
  const { firstContentAt } = seen;
  const tokens = seen.usage()?.outputTokens;
  if (firstContentAt === undefined) {
    const wholeMs = now - sentAt;
    // Embeddings have no tokens that come one after another.
    return tokens
      ? { msPerToken: wholeMs / tokens, wholeMs }
      : { firstContentMs: wholeMs, wholeMs };
  }
  return {
    firstContentMs: firstContentAt - sentAt,
    msPerToken: tokens ? (now - firstContentAt) / tokens : undefined,
  };
}
