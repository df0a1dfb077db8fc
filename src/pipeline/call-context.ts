import { noteFacts } from './answering-attempt.js';
import type { CacheFacts } from './cache-types.js';
import { CallCosts } from './call-costs.js';
import { type CallInit, type Observation, Whereabouts } from './call-init.js';
import type { Clock } from './clock.js';
import type { GatewayContext, Logger } from './contract.js';
import { emptyFacts } from './empty-facts.js';
import type { Followers } from './feature.js';
import { isThenable } from './is-thenable.js';
import type {
  AttemptRecord,
  CostResult,
  Decision,
  Failure,
  Operation,
  Outcome,
  ResponseFacts,
  Settlement,
} from './settlement.js';
import { unlessAborted } from './unless-aborted.js';

const FREE: CostResult = { cost: { amount: 0, currency: 'USD', source: 'local' } };

/** The state of one call, from the door to its settlement. */
export class CallContext implements GatewayContext {
  readonly id: string;
  readonly operation: Operation;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
  readonly controller = new AbortController();
  /** What was sent for this call. Of calls that share a request, one has the attempts. */
  attempts: AttemptRecord[];
  readonly decisions: Decision[];
  readonly startedAt: number;
  readonly #init: CallInit;
  readonly #wallStartedAt: number;
  readonly whereabouts: Whereabouts;
  attempt = 0;
  /** The response that answers the call. */
  observation: Observation | undefined;
  /** The features that follow this call, if any. */
  followers: Followers | undefined;
  /** What came of the call at the cache; absent where none is on. */
  cache: CacheFacts | undefined;
  /** Whether the cache is on for this call. */
  usesCache = false;
  /** The call that set this one off, where it runs in the background. */
  cause: CallContext | undefined;
  /** Of calls that share a request, one answers for what it used. */
  isBilled = true;
  /** The request it shares with others, which another one answers for. */
  shares: CallContext | undefined;
  /** The call is over, and its request goes on for others. */
  leavesRequest = false;
  #callbacks: ((settlement: Settlement) => unknown)[] | undefined;
  #outcome: Outcome | undefined;
  #failure: Failure | undefined;
  #settledAt = 0;
  #settlement: Settlement | undefined;
  readonly #costs: CallCosts;
  #stopDeadline: (() => void) | undefined;
  #deadlineAt = Number.POSITIVE_INFINITY;
  readonly #onCallerAbort: (() => void) | undefined;

  constructor(init: CallInit) {
    this.#init = init;
    this.id = init.id;
    this.operation = init.operation;
    this.metadata = init.metadata;
    this.logger = init.logger;
    const { sharedWith } = init;
    this.startedAt = sharedWith?.startedAt ?? init.clock.now();
    this.#wallStartedAt = sharedWith?.wallStartedAt ?? init.clock.wallNow();
    this.attempts = sharedWith?.attempts ?? [];
    this.decisions = sharedWith?.decisions ?? [];
    this.whereabouts = sharedWith?.whereabouts ?? new Whereabouts();
    this.followers = sharedWith?.followers;
    const { pricer, requestModel } = init;
    this.#costs =
      sharedWith?.costs ?? new CallCosts({ pricer, requestModel, at: this.#wallStartedAt });
    const { callerSignal } = init;
    if (callerSignal === undefined) return;
    const onAbort = () => this.controller.abort(callerSignal.reason);
    if (callerSignal.aborted) {
      onAbort();
      return;
    }
    this.#onCallerAbort = onAbort;
    callerSignal.addEventListener('abort', onAbort, { once: true });
  }

  get clock(): Clock {
    return this.#init.clock;
  }
  get signal(): AbortSignal {
    return this.controller.signal;
  }
  get callerSignal(): AbortSignal | undefined {
    return this.#init.callerSignal;
  }
  get stream(): boolean {
    return this.#init.stream;
  }
  get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  /** How the call ended, once it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }
  /** What went wrong, once the call has ended. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether anyone waits for the settlement of this call. */
  get hasCallbacks(): boolean {
    return this.#callbacks !== undefined;
  }

  /** Aborts the call with `reason()` once `totalMs` have passed since it was opened. */
  setDeadline(totalMs: number, reason: () => Error): void {
    this.#deadlineAt = this.startedAt + totalMs;
    this.#stopDeadline = this.clock.timer(totalMs, () => this.controller.abort(reason()));
  }

  /** What is left until the deadline, in ms; infinite without one. */
  remainingMs(): number {
    return this.#init.sharedWith?.remainingMs() ?? this.#deadlineAt - this.clock.now();
  }

  /**
   * The same call with a signal and an end of its own: what a request is sent with that may serve other
   * calls too, and so goes on when this one is over. It settles nothing and is followed by nobody else.
   *
   * @param remainingMs until the last of those it serves gives up
   * @param signal ends it, too
   */
  fork(remainingMs: () => number, signal?: AbortSignal): CallContext {
    return new CallContext({
      ...this.#init,
      callerSignal: signal,
      onSettled: () => undefined,
      sharedWith: {
        startedAt: this.startedAt,
        wallStartedAt: this.#wallStartedAt,
        attempts: this.attempts,
        decisions: this.decisions,
        whereabouts: this.whereabouts,
        followers: this.followers,
        costs: this.#costs,
        onSettled: (callback) => this.onSettled(callback),
        remainingMs,
      },
    });
  }

  /**
   * `work`, or the reason of the call's signal, whichever comes first. Only a call with a deadline needs it:
   * the caller's own signal reaches the SDK, which ends by itself.
   */
  unlessAborted<T>(work: Promise<T>): Promise<T> {
    if (this.#stopDeadline === undefined && this.#init.sharedWith === undefined) return work;
    return unlessAborted(work, this.signal);
  }

  decide(kind: string, detail?: Decision['detail']): void {
    this.decisions.push(detail === undefined ? { kind } : { kind, detail });
  }

  onSettled(callback: (settlement: Settlement) => unknown): void {
    if (this.#init.sharedWith) {
      this.#init.sharedWith.onSettled(callback);
      return;
    }
    if (this.isSettled) {
      this.#deliver(callback);
      return;
    }
    this.#callbacks ??= [];
    this.#callbacks.push(callback);
  }

  /** Settles the call. The first one counts; later ones do nothing. */
  settle(outcome: Outcome, failure?: Failure): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#failure = failure;
    this.#settledAt = this.clock.now();
    this.#stopDeadline?.();
    if (this.#onCallerAbort) {
      this.#init.callerSignal?.removeEventListener('abort', this.#onCallerAbort);
    }
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (this.#init.sharedWith === undefined) this.followers?.settled();
    for (const callback of callbacks ?? []) this.#deliver(callback);
    this.#init.onSettled(this);
  }

  /** What the pending subscribers of settlements are counted by; see `gateway.flush()`. */
  background: ((work: PromiseLike<unknown>) => void) | undefined;

  #deliver(callback: (settlement: Settlement) => unknown): void {
    try {
      const result = callback(this.settlement());
      if (isThenable(result)) this.background?.(result);
    } catch (error) {
      this.logger.error?.('a settled callback threw', { callId: this.id, error: String(error) });
    }
  }

  /** The settlement; only to be asked for once the call has settled. Built once, when first asked for. */
  settlement(): Settlement {
    this.#settlement ??= this.#build();
    return this.#settlement;
  }

  /** What attempts cost together, as far as they reported usage; each keeps its own. */
  costOf(attempts: readonly AttemptRecord[]): CostResult {
    return this.#costs.of(attempts);
  }

  #build(): Settlement {
    const seen = this.observation;
    const { usage, usageMissing, ...facts } = this.#facts();
    const { cost, unpriced } = this.#cost();
    const since = (at: number | undefined) => (at === undefined ? undefined : at - this.startedAt);
    return {
      ...facts,
      usage,
      usageMissing,
      callId: this.id,
      operation: this.operation,
      requestModel: this.#init.requestModel,
      stream: this.#init.stream,
      outcome: this.#outcome ?? 'error',
      failure: this.#failure,
      status: seen?.status,
      requestId: seen?.requestId,
      startedAt: this.#wallStartedAt,
      timings: {
        firstByteMs: since(seen?.firstByteAt),
        firstContentMs: since(seen?.firstContentAt),
        lastContentMs: since(seen?.lastContentAt),
        durationMs: this.#settledAt - this.startedAt,
      },
      bytesReceived: seen?.bytesReceived ?? 0,
      cost,
      unpriced,
      attempts: this.attempts,
      cache: this.cache,
      decisions: this.decisions,
      metadata: this.metadata,
    };
  }

  #facts(): ResponseFacts {
    const facts = this.observation?.facts() ?? emptyFacts(this.operation);
    if (this.isBilled) {
      const attempt = this.observation?.attempt;
      if (attempt) noteFacts(attempt, facts);
      return facts;
    }
    if (this.shares && this.cache) this.cache = { ...this.cache, ...this.#saved(facts) };
    return { ...facts, usage: undefined, usageMissing: 'cached' };
  }

  /** What the request of another call spared this one. */
  #saved({ usage }: ResponseFacts): Partial<CacheFacts> {
    const { cost } = this.shares?.costOf(this.shares.attempts) ?? {};
    return {
      savedInputTokens: usage?.inputTokens,
      savedOutputTokens: usage?.outputTokens,
      savedCost: cost?.amount,
    };
  }

  #cost(): CostResult {
    const result = this.costOf(this.attempts);
    return this.isBilled || result.unpriced !== 'no_usage' ? result : FREE;
  }
}
