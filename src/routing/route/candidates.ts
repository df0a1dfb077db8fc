import type { DialectName } from '../../dialects/dialect.js';
import type { Target } from '../../pipeline/target.js';
import { type LeaveReason, shouldLeave } from '../leave-policy.js';
import type { RouteTarget, TargetRefusal } from './route-target.js';
import type { FallbackOptions, RouteCall } from './route-types.js';

/** A target that the route offers. */
export interface Candidate {
  readonly target: RouteTarget;
  /** One as good as this one is left: it is asked at once, instead of this one again. */
  readonly hasSibling: boolean;
  /** Asked as well where this one is slow. */
  readonly hedge?: Hedge | undefined;
  /** It is that other one: asked beside the one before it once that has taken so many ms, or longer than usual. */
  readonly besideAfter?: number | 'p95' | undefined;
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
      /** It was asked with the caller's own key. */
      readonly isPrimary: boolean;
    };

/**
 * The targets of one call, one at a time: what is sent back says why the last one was left. Returns why the
 * last one was, or `undefined` where there was none.
 */
export interface Candidates {
  next(left?: Left): IteratorResult<Candidate, Left | undefined>;
  [Symbol.iterator](): Candidates;
}

/** A call, as a route plans it. */
export interface PlannedCall extends RouteCall {
  /** The client that calls. */
  readonly caller: Target;
  /** In which wire format; `undefined` where nobody knows it. */
  readonly dialect: DialectName | undefined;
  /** What {@link primary} stands for. */
  readonly primary: RouteTarget;
  /** Why a target is not to be asked this, however well it does. */
  refusal(target: RouteTarget): TargetRefusal | undefined;
}

/** A route that was checked, and knows its targets. */
export interface CompiledRoute {
  /** The one target that it is, where it is no more than that: then nothing need be started to know it. */
  readonly only?: ((call: PlannedCall) => RouteTarget) | undefined;
  candidates(call: PlannedCall): Candidates;
}

/** Whether another target may be asked after one was left. */
export function goesOn(left: Left, leaveOn?: FallbackOptions['leaveOn']): boolean {
  if (left.reason === 'unavailable') return true;
  return shouldLeave(left.reason, { callersKey: left.isPrimary, leaveOn });
}
