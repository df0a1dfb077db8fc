import type { QuotaLimit } from '../pipeline/admission.js';
import { RecentTimes } from './recent-times.js';

/** What was seen a half-life ago counts half. */
const HALF_LIFE_MS = 30_000;
/** Without calls, a target is thought to have become twice as fast after this. */
const HOPE_HALF_LIFE_MS = 60_000;
/** The length of answer that targets are compared by. */
const TYPICAL_TOKENS = 100;
/** The score of a target that is being tried and of which nothing is known yet. */
const UNKNOWN = 1e9;
/** Below this share of its quota a target is spared, down to a hundredth. */
const LOW_QUOTA = 0.1;
const MIN_QUOTA_FACTOR = 0.01;
/** The share of answers that is not slow. */
const SLOW = 0.95;
/** How long a quota is believed that does not say when it starts anew, in ms. */
const QUOTA_MS = 60_000;

function decay(elapsedMs: number, halfLifeMs = HALF_LIFE_MS): number {
  return 2 ** (-Math.max(0, elapsedMs) / halfLifeMs);
}

/**
 * An average in which a sample counts by the time it stands for, and half as much after each half-life.
 * As `'peak'` it takes over at once a sample that is higher, and forgets it as slowly as any other: a
 * target that becomes slow is noticed with its first slow answer.
 */
export class TimedAverage {
  readonly #kind: 'mean' | 'peak';
  #at = 0;
  /** Absent as long as there was no sample. */
  value: number | undefined;

  constructor(kind: 'mean' | 'peak') {
    this.#kind = kind;
  }

  /** Takes a sample in. `now` in monotonic ms. */
  add(sample: number, now: number): void {
    const known = this.value;
    const old = decay(now - this.#at);
    this.#at = now;
    if (known === undefined || (this.#kind === 'peak' && sample > known)) this.value = sample;
    else this.value = known * old + sample * (1 - old);
  }
}

/** A count of which half is forgotten after each half-life. */
class FadingCount {
  #value = 0;
  #at = 0;

  add(now: number): void {
    this.#value = this.at(now) + 1;
    this.#at = now;
  }

  at(now: number): number {
    return this.#value * decay(now - this.#at);
  }
}

/** How long an answer took, in ms; what is not known of it is left out. */
export interface AnswerTimes {
  /** From the sending to the first content; only where it came as a stream. */
  readonly firstContentMs?: number | undefined;
  /** From the first content to the last, for each token; of an answer in one piece, of the whole time. */
  readonly msPerToken?: number | undefined;
  /** From the sending to the end, of an answer in one piece. */
  readonly wholeMs?: number | undefined;
}

/**
 * What is known of a target from the calls that went to it: how fast it answers, how often, how much is
 * under way and how much it will still take. All times are monotonic ms. Every {@link begin} is followed
 * by exactly one of {@link succeeded}, {@link failed} and {@link released}.
 */
export class TargetStats {
  readonly #firstContent: TimedAverage;
  readonly #perToken: TimedAverage;
  readonly #slowFirstContent = new RecentTimes(SLOW);
  readonly #slowWhole = new RecentTimes(SLOW);
  readonly #successes = new FadingCount();
  readonly #failures = new FadingCount();
  #lastResultAt = 0;
  #inFlight = 0;
  #quota: readonly { readonly share: number; readonly until: number }[] = [];

  constructor(kind: 'mean' | 'peak' = 'peak') {
    this.#firstContent = new TimedAverage(kind);
    this.#perToken = new TimedAverage(kind);
  }

  /** Calls that are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Average ms to the first content. */
  get firstContentMs(): number | undefined {
    return this.#firstContent.value;
  }

  /** Average ms for each token. */
  get msPerToken(): number | undefined {
    return this.#perToken.value;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  /** Ms within which 95 % of the last answers began (`stream`), or came in one piece. */
  slowMs(stream: boolean): number | undefined {
    return (stream ? this.#slowFirstContent : this.#slowWhole).quantile();
  }

  /** An answer that was not waited for any longer had taken at least this long. */
  sawSlow(stream: boolean, ms: number): void {
    (stream ? this.#slowFirstContent : this.#slowWhole).add(ms);
  }

  succeeded(now: number, { firstContentMs, msPerToken, wholeMs }: AnswerTimes): void {
    this.released();
    this.#lastResultAt = now;
    this.#successes.add(now);
    if (firstContentMs !== undefined) this.#firstContent.add(firstContentMs, now);
    if (msPerToken !== undefined) this.#perToken.add(msPerToken, now);
    if (wholeMs !== undefined) this.sawSlow(false, wholeMs);
    else if (firstContentMs !== undefined) this.sawSlow(true, firstContentMs);
  }

  failed(now: number): void {
    this.released();
    this.#lastResultAt = now;
    this.#failures.add(now);
  }

  /** A call is over that says nothing of the target. */
  released(): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1);
  }

  /** Notes what the target's last answer said of its quota. */
  sawQuota(quota: readonly Omit<QuotaLimit, 'unit' | 'refills'>[], now: number): void {
    if (quota.length === 0) return;
    this.#quota = quota.map(({ remaining, limit, resetMs }) => ({
      share: shareOf(remaining, limit),
      until: now + (resetMs ?? QUOTA_MS),
    }));
  }

  /** Share of recent calls that were answered; 1 where nothing is known, or no longer. */
  successRatio(now: number): number {
    const answered = this.#successes.at(now) + 1;
    return answered / (answered + this.#failures.at(now));
  }

  /** The least share that is left of any of its quotas, from 0 to 1; 1 where nothing is known. */
  headroom(now: number): number {
    let least = 1;
    for (const { share, until } of this.#quota) {
      if (now < until) least = Math.min(least, share);
    }
    return least;
  }

  /**
   * What another call would have to wait, roughly, in ms; the least is the best. A target that has not
   * been asked for a while gets better with time, so that it is tried again; but only one call at a time
   * goes by such a hope.
   */
  score(now: number): number {
    const idle = this.#inFlight === 0;
    const expectedMs = this.#expectedMs();
    if (expectedMs === undefined) {
      return idle && this.#failures.at(now) < 0.5 ? 0 : UNKNOWN + this.#inFlight;
    }
    const hope = idle ? decay(now - this.#lastResultAt, HOPE_HALF_LIFE_MS) : 1;
    const quotaFactor = Math.min(1, Math.max(MIN_QUOTA_FACTOR, this.headroom(now) / LOW_QUOTA));
    const waitMs = expectedMs * hope * (this.#inFlight + 1);
    return waitMs / (this.successRatio(now) * quotaFactor);
  }

  #expectedMs(): number | undefined {
    const { firstContentMs, msPerToken } = this;
    if (firstContentMs === undefined && msPerToken === undefined) return undefined;
    return (firstContentMs ?? 0) + (msPerToken ?? 0) * TYPICAL_TOKENS;
  }
}

/** A provider that does not name its limit still says when there is nothing left. */
function shareOf(remaining: number, limit: number | undefined): number {
  if (limit === undefined || limit <= 0) return remaining > 0 ? 1 : 0;
  return remaining / limit;
}
