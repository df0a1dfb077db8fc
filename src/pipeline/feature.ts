import type { CallContext } from './call-context.js';
import type { GatewayRequest, Logger } from './contract.js';
import type { AttemptRecord, CostResult, Failure, Outcome, ResponseFacts } from './settlement.js';
import type { Target } from './target.js';

/**
 * Something built in that follows calls: telemetry, the request log, statistics. It may look, never touch:
 * what it throws is told to the logger and forgotten.
 */
export interface Feature {
  readonly name: string;
  /** A call was opened. What is returned follows it; `undefined` leaves it alone. */
  open(call: CallContext, request: GatewayRequest): CallFollower | undefined;
}

/** Follows one call. */
export interface CallFollower {
  /** Runs what the call does in a context of the follower's making (the active span). */
  around?<T>(work: () => T): T;
  /** A target is about to be asked, with `request` as it leaves the call ring. */
  target?(target: Target, request: GatewayRequest): TargetFollower | undefined;
  /** The call shares the request that `leader` was the first to want. */
  joined?(leader: CallContext): void;
  /** The call has settled, and its settlement is complete. */
  settled?(): void;
}

/** Follows one target of one call, over all attempts at it. */
export interface TargetFollower {
  /** Runs the sending of one attempt in a context of the follower's making. */
  around?<T>(work: () => T): T;
  /** Headers that every attempt is to carry (trace context). */
  headers?(): Readonly<Record<string, string>> | undefined;
  /** An attempt failed and another one follows. */
  retrying?(attempt: AttemptRecord): void;
  /** The target is done with: its answer was read, or it failed, or the caller gave up. Exactly once. */
  ended?(end: TargetEnd): void;
}

/** What a target came to. */
export interface TargetEnd {
  readonly outcome: Outcome;
  readonly failure?: Failure | undefined;
  /** What its last answer said. */
  readonly facts: ResponseFacts | undefined;
  readonly status: number | undefined;
  /** The attempts at this target. */
  readonly attempts: readonly AttemptRecord[];
  /** What the attempts cost together; worked out when asked. */
  cost(): CostResult;
  /** Monotonic ms of its first and last content, for streams. */
  readonly firstContentAt?: number | undefined;
  readonly lastContentAt?: number | undefined;
  /** Content events of a stream. */
  readonly contentEvents?: number | undefined;
}

/** All followers of one call. Made only where there is a feature, so that none costs nothing. */
export class Followers {
  readonly #calls: readonly CallFollower[];
  readonly #logger: Logger;

  private constructor(calls: readonly CallFollower[], logger: Logger) {
    this.#calls = calls;
    this.#logger = logger;
  }

  /** Asks every feature whether it follows a call. */
  static open(
    features: readonly Feature[],
    call: CallContext,
    request: GatewayRequest,
  ): Followers | undefined {
    const followers: CallFollower[] = [];
    for (const feature of features) {
      const follower = quietly(call.logger, () => feature.open(call, request));
      if (follower) followers.push(follower);
    }
    return followers.length === 0 ? undefined : new Followers(followers, call.logger);
  }

  /** The first one that is of a kind. */
  find<Kind extends CallFollower>(
    isKind: (follower: CallFollower) => follower is Kind,
  ): Kind | undefined {
    return this.#calls.find(isKind);
  }

  around<T>(work: () => T): T {
    return nest(this.#calls, work);
  }

  target(target: Target, request: GatewayRequest): TargetFollowers {
    const followers: TargetFollower[] = [];
    for (const call of this.#calls) {
      if (call.target === undefined) continue;
      const follower = quietly(this.#logger, () => call.target?.(target, request));
      if (follower) followers.push(follower);
    }
    return new TargetFollowers(followers, this.#logger);
  }

  joined(leader: CallContext): void {
    for (const follower of this.#calls) quietly(this.#logger, () => follower.joined?.(leader));
  }

  settled(): void {
    for (const follower of this.#calls) quietly(this.#logger, () => follower.settled?.());
  }
}

/** All followers of one target. */
export class TargetFollowers {
  readonly #targets: readonly TargetFollower[];
  readonly #logger: Logger;
  #ended = false;

  constructor(targets: readonly TargetFollower[], logger: Logger) {
    this.#targets = targets;
    this.#logger = logger;
  }

  around<T>(work: () => T): T {
    return nest(this.#targets, work);
  }

  /** The headers the followers ask for; `undefined` where none does. */
  headers(): Readonly<Record<string, string>> | undefined {
    let all: Readonly<Record<string, string>> | undefined;
    for (const follower of this.#targets) {
      const headers = quietly(this.#logger, () => follower.headers?.());
      if (headers) all = { ...all, ...headers };
    }
    return all;
  }

  retrying(attempt: AttemptRecord): void {
    for (const follower of this.#targets) quietly(this.#logger, () => follower.retrying?.(attempt));
  }

  ended(end: TargetEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const follower of this.#targets) quietly(this.#logger, () => follower.ended?.(end));
  }
}

type Surrounding = Pick<CallFollower, 'around'>;

/** Nests `work` in what every follower puts around it. */
function nest<T>(followers: readonly Surrounding[], work: () => T): T {
  let outer = work;
  for (const follower of followers) {
    if (follower.around === undefined) continue;
    const inner = outer;
    outer = () => follower.around?.<T>(inner) as T;
  }
  return outer();
}

/** Runs what a feature does; its failure is the feature's own affair. */
function quietly<T>(logger: Logger, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    logger.error?.('a gateway feature failed', { error: String(error) });
    return undefined;
  }
}
