import { answeringAttempt } from '../pipeline/answering-attempt.js';
import type { BudgetStats } from '../pipeline/budget-types.js';
import type { CacheFacts } from '../pipeline/cache-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { Clock } from '../pipeline/clock.js';
import type { CallFollower, Feature } from '../pipeline/feature.js';
import type { LimitStats } from '../pipeline/limit-types.js';
import type { Settlement } from '../pipeline/settlement.js';
import { LatencyHistogram } from './latency-histogram.js';

/** What came of the calls of the last minutes, to one target and model, or to all. */
export interface StatsEntry {
  readonly calls: number;
  readonly errors: number;
  readonly aborted: number;
  readonly attempts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, as far as calls could be priced. */
  readonly cost: number;
  /** Calls that had usage and no price. */
  readonly unpriced: number;
  /** Calls that the cache answered, stale answers included. */
  readonly cacheHits: number;
  /** Calls that shared the request of another. */
  readonly coalesced: number;
  /** US dollars that those would have cost, as far as it is known. */
  readonly savedCost: number;
  readonly savedInputTokens: number;
  readonly savedOutputTokens: number;
  /** Of calls that succeeded, in ms; `undefined` without any. Within 5 %. */
  readonly latencyMs:
    | { readonly p50: number; readonly p95: number; readonly p99: number }
    | undefined;
}

/** The last minutes, in all and by target and model; and how limits and budgets do now. */
export interface GatewayStats extends CallStats {
  /** Of the targets that have limits, and of the application. */
  readonly limits: readonly LimitStats[];
  readonly budgets: readonly BudgetStats[];
}

/** The calls of the last minutes, in all and by target and model. */
export interface CallStats {
  readonly minutes: number;
  readonly total: StatsEntry;
  /** At most 200; the rest is counted under `_other`. */
  readonly byTargetAndModel: readonly (StatsEntry & {
    readonly target: string;
    readonly model: string;
  })[];
}

const MINUTE_MS = 60_000;
const MINUTES = 15;
const MAX_KEYS = 200;
const OTHER = '_other';

/** Counts the calls of the last quarter of an hour. */
export class Statistics implements Feature {
  readonly name = 'stats';
  readonly #clock: Clock;
  readonly #minutes = new Map<number, Map<string, Counts>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(call: CallContext): CallFollower {
    return { settled: () => this.#count(call.settlement()) };
  }

  #count(settlement: Settlement): void {
    const minute = Math.floor(this.#clock.now() / MINUTE_MS);
    let counts = this.#minutes.get(minute);
    if (counts === undefined) {
      counts = new Map();
      this.#minutes.set(minute, counts);
      this.#forget(minute);
    }
    const key = keyOf(settlement);
    const known = counts.get(key) ?? (counts.size < MAX_KEYS ? undefined : counts.get(OTHER));
    const entry = known ?? new Counts();
    if (known === undefined) counts.set(counts.size < MAX_KEYS ? key : OTHER, entry);
    entry.add(settlement);
  }

  #forget(minute: number): void {
    for (const past of this.#minutes.keys())
      if (past <= minute - MINUTES) this.#minutes.delete(past);
  }

  read(): CallStats {
    this.#forget(Math.floor(this.#clock.now() / MINUTE_MS));
    const total = new Counts();
    const byKey = new Map<string, Counts>();
    for (const counts of this.#minutes.values()) {
      for (const [key, entry] of counts) {
        total.merge(entry);
        const known = byKey.get(key) ?? new Counts();
        known.merge(entry);
        byKey.set(key, known);
      }
    }
    const byTargetAndModel = Array.from(byKey, ([key, entry]) => ({
      ...splitKey(key),
      ...entry.entry(),
    }));
    return { minutes: MINUTES, total: total.entry(), byTargetAndModel };
  }
}

function keyOf({ attempts, cache, model, requestModel }: Settlement): string {
  const target = answeringAttempt(attempts)?.target ?? cache?.producer ?? '';
  return JSON.stringify([target, model ?? requestModel ?? '']);
}

function splitKey(key: string): { target: string; model: string } {
  if (key === OTHER) return { target: OTHER, model: OTHER };
  // Written by keyOf() only.
  const [target, model] = JSON.parse(key) as [string, string];
  return { target, model };
}

class Counts {
  #calls = 0;
  #errors = 0;
  #aborted = 0;
  #attempts = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #cost = 0;
  #unpriced = 0;
  #cacheHits = 0;
  #coalesced = 0;
  #savedCost = 0;
  #savedInputTokens = 0;
  #savedOutputTokens = 0;
  readonly #latencies = new LatencyHistogram();

  add({ outcome, attempts, usage, cost, unpriced, timings, cache }: Settlement): void {
    this.#calls += 1;
    if (outcome === 'error') this.#errors += 1;
    else if (outcome === 'aborted') this.#aborted += 1;
    else this.#latencies.add(timings.durationMs);
    this.#attempts += attempts.length;
    this.#inputTokens += usage?.inputTokens ?? 0;
    this.#outputTokens += usage?.outputTokens ?? 0;
    this.#cost += cost?.amount ?? 0;
    if (usage && unpriced) this.#unpriced += 1;
    if (cache) this.#addCache(cache);
  }

  #addCache({ status, savedCost, savedInputTokens, savedOutputTokens }: CacheFacts): void {
    if (status === 'HIT' || status === 'STALE') this.#cacheHits += 1;
    else if (status === 'COALESCED') this.#coalesced += 1;
    this.#savedCost += savedCost ?? 0;
    this.#savedInputTokens += savedInputTokens ?? 0;
    this.#savedOutputTokens += savedOutputTokens ?? 0;
  }

  merge(other: Counts): void {
    this.#calls += other.#calls;
    this.#errors += other.#errors;
    this.#aborted += other.#aborted;
    this.#attempts += other.#attempts;
    this.#inputTokens += other.#inputTokens;
    this.#outputTokens += other.#outputTokens;
    this.#cost += other.#cost;
    this.#unpriced += other.#unpriced;
    this.#cacheHits += other.#cacheHits;
    this.#coalesced += other.#coalesced;
    this.#savedCost += other.#savedCost;
    this.#savedInputTokens += other.#savedInputTokens;
    this.#savedOutputTokens += other.#savedOutputTokens;
    this.#latencies.merge(other.#latencies);
  }

  entry(): StatsEntry {
    return {
      calls: this.#calls,
      errors: this.#errors,
      aborted: this.#aborted,
      attempts: this.#attempts,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cost: this.#cost,
      unpriced: this.#unpriced,
      cacheHits: this.#cacheHits,
      coalesced: this.#coalesced,
      savedCost: this.#savedCost,
      savedInputTokens: this.#savedInputTokens,
      savedOutputTokens: this.#savedOutputTokens,
      latencyMs: this.#latencies.percentiles(),
    };
  }
}
