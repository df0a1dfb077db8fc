import type { Clock } from './clock.js';
import type { GatewayContext, Logger } from './contract.js';
import type { Followers } from './feature.js';
import type { PricedUsage, Pricer } from './pricer.js';
import type {
  AttemptRecord,
  CostResult,
  Decision,
  Failure,
  Operation,
  Outcome,
  ResponseFacts,
  Settlement,
  UsageMissingReason,
} from './settlement.js';

const PICODOLLAR_DIGITS = 12;

/** What the settlement takes from the response that answered the call. */
export interface Observation {
  facts(): ResponseFacts;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly firstByteAt: number | undefined;
  readonly firstContentAt: number | undefined;
  readonly lastContentAt: number | undefined;
  readonly bytesReceived: number;
}

/** Where a call with user interceptors is, so that one that never calls back can be named. */
export interface Whereabouts {
  /** The interceptor that has the call, or `undefined` while the gateway or the upstream has it. */
  holder: string | undefined;
  since: number;
}

/** What a call is opened with. */
export interface CallInit {
  readonly id: string;
  readonly operation: Operation;
  readonly requestModel: string | undefined;
  readonly stream: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly callerSignal: AbortSignal | undefined;
  readonly onSettled: (context: CallContext) => void;
  readonly pricer?: Pricer | undefined;
}

/** The state of one call, from the door to its settlement. */
export class CallContext implements GatewayContext {
  readonly id: string;
  readonly operation: Operation;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
  readonly controller = new AbortController();
  readonly attempts: AttemptRecord[] = [];
  readonly decisions: Decision[] = [];
  readonly startedAt: number;
  readonly #init: CallInit;
  readonly #wallStartedAt: number;
  readonly whereabouts: Whereabouts = { holder: undefined, since: 0 };
  attempt = 0;
  /** The response that answers the call. */
  observation: Observation | undefined;
  /** The features that follow this call, if any. */
  followers: Followers | undefined;
  #callbacks: ((settlement: Settlement) => unknown)[] | undefined;
  #outcome: Outcome | undefined;
  #failure: Failure | undefined;
  #settledAt = 0;
  #settlement: Settlement | undefined;
  /** What each attempt cost, made when one is priced. */
  #costs: Map<AttemptRecord, CostResult> | undefined;
  #stopDeadline: (() => void) | undefined;
  #deadlineAt = Number.POSITIVE_INFINITY;
  readonly #onCallerAbort: () => void;

  constructor(init: CallInit) {
    this.#init = init;
    this.id = init.id;
    this.operation = init.operation;
    this.metadata = init.metadata;
    this.logger = init.logger;
    this.startedAt = init.clock.now();
    this.#wallStartedAt = init.clock.wallNow();
    const { callerSignal } = init;
    this.#onCallerAbort = () => this.controller.abort(callerSignal?.reason);
    if (callerSignal?.aborted) this.#onCallerAbort();
    else callerSignal?.addEventListener('abort', this.#onCallerAbort, { once: true });
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
    return this.#deadlineAt - this.clock.now();
  }

  /**
   * `work`, or the reason of the call's signal, whichever comes first. Only a call with a deadline needs it:
   * the caller's own signal reaches the SDK, which ends by itself.
   */
  unlessAborted<T>(work: Promise<T>): Promise<T> {
    if (this.#stopDeadline === undefined) return work;
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  decide(kind: string, detail?: Decision['detail']): void {
    this.decisions.push(detail === undefined ? { kind } : { kind, detail });
  }

  onSettled(callback: (settlement: Settlement) => unknown): void {
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
    this.#init.callerSignal?.removeEventListener('abort', this.#onCallerAbort);
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    this.followers?.settled();
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

  /** Notes on the latest attempt what it reported, whatever became of it. */
  noteFacts({ usage, model, serviceTier }: ResponseFacts): void {
    const last = this.attempts.at(-1);
    if (last === undefined || usage === undefined || last.usage !== undefined) return;
    // The record is the gateway's own until the call has settled.
    Object.assign(last, { usage, model, serviceTier });
  }

  /** What attempts cost together, as far as they reported usage; each keeps its own. An attempt is priced once. */
  costOf(attempts: readonly AttemptRecord[]): CostResult {
    const { pricer } = this.#init;
    if (pricer === undefined) return { unpriced: 'off' };
    const results: CostResult[] = [];
    this.#costs ??= new Map();
    for (const attempt of attempts) {
      if (attempt.usage === undefined) continue;
      let result = this.#costs.get(attempt);
      if (result === undefined) {
        result = pricer.price(this.#priced(attempt));
        if (result.cost) Object.assign(attempt, { cost: result.cost });
        this.#costs.set(attempt, result);
      }
      results.push(result);
    }
    return results.length === 0 ? { unpriced: 'no_usage' } : pricer.sum(results);
  }

  #priced({ usage, provider, target, model, serviceTier }: AttemptRecord): PricedUsage {
    const { requestModel } = this.#init;
    return {
      usage,
      provider,
      target,
      model: model ?? requestModel,
      requestModel,
      serviceTier,
      at: this.#wallStartedAt,
    };
  }

  /** US dollars as a decimal number, once the call has settled; `undefined` where unknown. */
  costText(): string | undefined {
    const { cost } = this.settlement();
    return cost?.amount.toFixed(PICODOLLAR_DIGITS).replace(/\.?0+$/, '');
  }

  #build(): Settlement {
    const seen = this.observation;
    const facts = seen?.facts() ?? emptyFacts(this.operation);
    this.noteFacts(facts);
    const { cost, unpriced } = this.costOf(this.attempts);
    const since = (at: number | undefined) => (at === undefined ? undefined : at - this.startedAt);
    return {
      ...facts,
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
      decisions: this.decisions,
      metadata: this.metadata,
    };
  }
}

/** The facts of a response that was never had, or that no dialect reads. */
export function emptyFacts(operation: Operation, complete = false): ResponseFacts {
  const usageMissing: UsageMissingReason =
    operation === 'passthrough' ? 'not_applicable' : 'no_response';
  return { complete, usageMissing, choices: [], text: '' };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
