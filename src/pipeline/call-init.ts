import type { CallContext } from './call-context.js';
import type { CallCosts } from './call-costs.js';
import type { Clock } from './clock.js';
import type { GatewayContext, Logger } from './contract.js';
import type { Followers } from './feature.js';
import type { Pricer } from './pricer.js';
import type { AttemptRecord, Decision, Operation, ResponseFacts } from './settlement.js';

/** What the settlement takes from the response that answered the call. */
export interface Observation {
  facts(): ResponseFacts;
  /** The attempt that it came from; absent where it was stored. */
  readonly attempt: AttemptRecord | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly firstByteAt: number | undefined;
  readonly firstContentAt: number | undefined;
  readonly lastContentAt: number | undefined;
  readonly bytesReceived: number;
}

/** Where a call with user interceptors is, so that one that never calls back can be named. */
export class Whereabouts {
  /** By the way that has the call in an interceptor; a hedged call is in two at once. */
  #held: Map<object, { readonly holder: string; readonly since: number }> | undefined;

  /** @param holder the interceptor that has the call on this way, or `undefined` while the gateway or the upstream has it */
  enter(way: object, holder: string | undefined, since: number): void {
    this.#held ??= new Map();
    if (holder === undefined) this.#held.delete(way);
    else this.#held.set(way, { holder, since });
  }

  /** The interceptor that has had it longest. */
  get longest(): { readonly holder: string; readonly since: number } | undefined {
    let longest: { readonly holder: string; readonly since: number } | undefined;
    for (const held of this.#held?.values() ?? []) {
      if (longest === undefined || held.since < longest.since) longest = held;
    }
    return longest;
  }
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
  /** What a fork has in common with its call. */
  readonly sharedWith?: SharedState | undefined;
}

/** What a fork has in common with its call. */
export interface SharedState {
  readonly startedAt: number;
  readonly wallStartedAt: number;
  readonly attempts: AttemptRecord[];
  readonly decisions: Decision[];
  readonly whereabouts: Whereabouts;
  readonly followers: Followers | undefined;
  readonly costs: CallCosts;
  readonly onSettled: GatewayContext['onSettled'];
  readonly remainingMs: () => number;
}
