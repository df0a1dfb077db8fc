import type { Failure } from '../../pipeline/settlement.js';
import { decideLeave, type LeaveReason } from '../leave-policy.js';
import type { RouteTarget } from './route-target.js';
import type { FallbackOptions, RouteCall } from './route-types.js';

/** A target that the route offers. */
export interface Candidate {
  readonly target: RouteTarget;
  /** One as good as this one is left: it is asked at once, instead of this one again. */
  readonly hasSibling: boolean;
  /** Asked as well where this one is slow. */
  readonly hedge?: Hedge | undefined;
  /** Asked the same in the background, once this one is asked. */
  readonly shadows?: readonly CompiledRoute[] | undefined;
}

/** A second way to one call's answer, for when the first is slow. */
export interface Hedge {
  /** How long the first may take, in ms; `undefined` where it is not known yet. */
  delayMs(first: RouteTarget): number | undefined;
  /** The targets of the second way, or nothing where its share of the calls is used up. To be called once. */
  take(): Candidates | undefined;
}

/** Why a candidate was left: what came of it, or that it could not be asked at all. */
export type Left =
  | { readonly reason: 'unavailable' }
  | {
      readonly reason: LeaveReason;
      readonly failure: Failure;
      readonly headers: Headers | undefined;
      /** It was asked with the caller's own key. */
      readonly isPrimary: boolean;
    };

/**
 * The targets of one call, one at a time: what is sent back says why the last one was left. Returns why the
 * last one was, or `undefined` where there was none.
 */
export type Candidates = Generator<Candidate, Left | undefined, Left>;

/** A call, as a route plans it. */
export interface PlannedCall extends RouteCall {
  /** What {@link primary} stands for. */
  readonly primary: RouteTarget;
}

/** A route that was checked, and knows its targets. */
export interface CompiledRoute {
  candidates(call: PlannedCall): Candidates;
}

const NO_CHAINS: ReadonlySet<LeaveReason> = new Set();

/** Whether another target may be asked after one was left. */
export function goesOn(left: Left, leaveOn?: FallbackOptions['leaveOn']): boolean {
  if (left.reason === 'unavailable') return true;
  const { failure, headers, isPrimary } = left;
  return decideLeave({
    failure,
    headers,
    replayable: true,
    hasNext: true,
    chains: NO_CHAINS,
    callersKey: isPrimary,
    leaveOn: leaveOn && ((_failure, reason) => leaveOn(reason)),
  }).leave;
}
