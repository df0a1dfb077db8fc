import { RollingCounts } from './rolling-counts.js';

/** When a {@link Breaker} opens, and for how long. All times in ms. */
export interface BreakerOptions {
  /** Failures in a row that open it. @defaultValue 5 */
  readonly consecutive?: number | undefined;
  /** Share of failures in the window, from 0 to 1, that opens it. @defaultValue 0.5 */
  readonly ratio?: number | undefined;
  /** Results in the window below which the share says nothing. @defaultValue 20 */
  readonly minResults?: number | undefined;
  /** @defaultValue 30_000 */
  readonly windowMs?: number | undefined;
  /** How long it stays open at first; twice as long each time a probe fails. @defaultValue 30_000 */
  readonly openMs?: number | undefined;
  /** The longest it stays open. @defaultValue 300_000 */
  readonly maxOpenMs?: number | undefined;
  /** How long it stays dead after {@link Breaker.kill}. @defaultValue 300_000 */
  readonly deadMs?: number | undefined;
  /**
   * Each of these times is longer by up to this share, so that processes do not come back in step.
   * @defaultValue 0.25
   */
  readonly jitter?: number | undefined;
}

const DEFAULTS = {
  consecutive: 5,
  ratio: 0.5,
  minResults: 20,
  windowMs: 30_000,
  openMs: 30_000,
  maxOpenMs: 300_000,
  deadMs: 300_000,
  jitter: 0.25,
} satisfies BreakerOptions;

/** `'open'` and `'dead'` last until the first call that is let through afterwards as a probe. */
export type BreakerState = 'closed' | 'open' | 'half_open' | 'dead';

/** A change of state, told once. */
export type BreakerChange =
  | { readonly kind: 'opened'; readonly reason: string; readonly until: number }
  | { readonly kind: 'half_open' }
  | { readonly kind: 'closed' };

/** Stands for a call that was let through; handed back once, with its result. */
export interface BreakerTicket {
  /** The state it was let through in: results from before the last change say nothing. */
  readonly era: number;
}

/** Why a call may not be sent. */
export interface Refusal {
  readonly admitted: false;
  readonly reason: 'open' | 'dead' | 'not_before' | 'disabled';
  /** Monotonic ms from which it is worth asking again; `Infinity` while it is disabled. */
  readonly retryAt: number;
}

/** Whether a call may be sent. */
export type Admission = { readonly admitted: true; readonly ticket: BreakerTicket } | Refusal;

/**
 * Stops sending calls to a target that fails. It opens after failures in a row, or when a share of recent
 * calls has failed; after a while it lets one call through to see, whose success closes it and whose
 * failure opens it for longer. It counts faults of the target only: what says nothing of the target
 * (aborts, the caller's own faults) is {@link released}. Every ticket is handed back exactly once.
 *
 * All times are monotonic ms. Every method takes constant time, whatever the traffic.
 */
export class Breaker {
  /** Switched off by its user: nothing is let through, and what is known of the target is kept. */
  disabled = false;
  readonly #options: typeof DEFAULTS;
  readonly #random: () => number;
  readonly #onChange: ((change: BreakerChange) => void) | undefined;
  readonly #counts: RollingCounts;
  #state: BreakerState = 'closed';
  #inARow = 0;
  #nextOpenMs: number;
  #openUntil = 0;
  #notBefore = 0;
  #probe: BreakerTicket | undefined;
  /** Of every call of this state that is no probe; one object, so that a healthy target costs nothing. */
  #admission: Extract<Admission, { admitted: true }> = { admitted: true, ticket: { era: 0 } };

  constructor(
    options: BreakerOptions,
    random: () => number,
    onChange?: (change: BreakerChange) => void,
  ) {
    this.#options = withDefaults(options);
    this.#random = random;
    this.#onChange = onChange;
    this.#counts = new RollingCounts(this.#options.windowMs);
    this.#nextOpenMs = this.#options.openMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether {@link admit} would let a call through now. Changes nothing. */
  wouldAdmit(now: number): boolean {
    return this.refusal(now) === undefined;
  }

  /** Lets a call through, or says why not and until when. */
  admit(now: number): Admission {
    const refusal = this.refusal(now);
    if (refusal) return refusal;
    if (this.#state === 'closed') return this.#admission;
    if (this.#state !== 'half_open') this.#enter('half_open', { kind: 'half_open' });
    const ticket: BreakerTicket = { ...this.#admission.ticket };
    this.#probe = ticket;
    return { admitted: true, ticket };
  }

  /** Whether the target has asked to be left alone until later, whatever its state. */
  isDeferred(now: number): boolean {
    return now < this.#notBefore;
  }

  /** Lets a call through whatever its state: there is nobody better. What comes of it may close it. */
  force(): BreakerTicket {
    return { ...this.#admission.ticket };
  }

  /** Why {@link admit} would let no call through now, and until when. Changes nothing. */
  refusal(now: number): Refusal | undefined {
    if (this.disabled) return { admitted: false, reason: 'disabled', retryAt: Infinity };
    const closed = this.#state === 'closed';
    if (!closed && (now < this.#openUntil || this.#probe)) {
      const reason = this.#state === 'dead' ? 'dead' : 'open';
      const retryAt = Math.max(now, this.#openUntil, this.#notBefore);
      return { admitted: false, reason, retryAt };
    }
    if (now >= this.#notBefore) return undefined;
    return { admitted: false, reason: 'not_before', retryAt: this.#notBefore };
  }

  /** Whether a call that was let through may go on: nothing has happened since that would have kept it out. */
  stillAdmits(ticket: BreakerTicket): boolean {
    return !this.disabled && (this.#state === 'closed' || !this.#isStale(ticket));
  }

  /** The target answered. */
  succeeded(ticket: BreakerTicket, now: number): void {
    if (this.#isStale(ticket)) return;
    if (this.#state === 'closed') {
      this.#inARow = 0;
      this.#counts.add(true, now);
      return;
    }
    this.#nextOpenMs = this.#options.openMs;
    this.#counts.clear();
    this.#enter('closed', { kind: 'closed' });
  }

  /** The target failed. `reason` is a category, for the event. */
  failed(ticket: BreakerTicket, now: number, reason: string): void {
    if (this.#isStale(ticket)) return;
    if (this.#state !== 'closed') {
      if (ticket === this.#probe) this.#open(now, reason);
      return;
    }
    this.#inARow += 1;
    this.#counts.add(false, now);
    const { consecutive, minResults, ratio } = this.#options;
    const { failures, total } = this.#counts;
    const tooMany = total >= minResults && failures >= ratio * total;
    if (tooMany || this.#inARow >= consecutive) this.#open(now, reason);
  }

  /** The call came to nothing that says anything of the target. */
  released(ticket: BreakerTicket): void {
    if (ticket === this.#probe) this.#probe = undefined;
  }

  /**
   * Lets nothing through before `at`, because the target asked for that; of two times the later counts.
   * What a server may ask for at most is for its caller to bound.
   */
  deferUntil(at: number): void {
    if (at > this.#notBefore) this.#notBefore = at;
  }

  /**
   * Opens at once: the target's key is of no use (revoked, spent). With the `ticket` of the call that
   * found out, a call of an earlier state is ignored.
   */
  kill(now: number, reason: string, ticket?: BreakerTicket): void {
    if (this.#state === 'dead' || (ticket && this.#isStale(ticket))) return;
    this.#openFor('dead', this.#options.deadMs, now, reason);
  }

  #isStale(ticket: BreakerTicket): boolean {
    return ticket.era !== this.#admission.ticket.era;
  }

  #open(now: number, reason: string): void {
    this.#openFor('open', this.#nextOpenMs, now, reason);
    this.#nextOpenMs = Math.min(this.#nextOpenMs * 2, this.#options.maxOpenMs);
  }

  #openFor(state: 'open' | 'dead', ms: number, now: number, reason: string): void {
    this.#openUntil = now + ms * (1 + this.#options.jitter * this.#random());
    this.#enter(state, { kind: 'opened', reason, until: this.#openUntil });
  }

  #enter(state: BreakerState, change: BreakerChange): void {
    this.#state = state;
    this.#probe = undefined;
    this.#inARow = 0;
    this.#admission = { admitted: true, ticket: { era: this.#admission.ticket.era + 1 } };
    this.#onChange?.(change);
  }
}

/** An option that is given as `undefined` is not given. */
function withDefaults(options: BreakerOptions): typeof DEFAULTS {
  return {
    consecutive: options.consecutive ?? DEFAULTS.consecutive,
    ratio: options.ratio ?? DEFAULTS.ratio,
    minResults: options.minResults ?? DEFAULTS.minResults,
    windowMs: options.windowMs ?? DEFAULTS.windowMs,
    openMs: options.openMs ?? DEFAULTS.openMs,
    maxOpenMs: options.maxOpenMs ?? DEFAULTS.maxOpenMs,
    deadMs: options.deadMs ?? DEFAULTS.deadMs,
    jitter: options.jitter ?? DEFAULTS.jitter,
  };
}
