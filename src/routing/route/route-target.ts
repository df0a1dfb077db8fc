import type { DialectName } from '../../dialects/dialect.js';
import type { AnswerTranslation } from '../../dialects/translation/translate-request.js';
import type { Admission } from '../../pipeline/admission.js';
import type { GatewayRequest, Timeouts } from '../../pipeline/contract.js';
import type { Target } from '../../pipeline/target.js';
import type { StrippedRequest } from '../../sdk/shape-request.js';
import type { Breaker, BreakerState } from '../breaker.js';
import type { RouteHealth } from './route-health.js';
import type { RouteCall, TargetView } from './route-types.js';

/** A target that was opened for one call. */
export interface OpenedTarget {
  readonly target: Target;
  /** The call's request, as this target is to be asked. */
  readonly request: GatewayRequest;
  readonly timeouts?: Omit<Timeouts, 'total'> | undefined;
  /** Retries at this target; the caller's own number where it is absent. */
  readonly maxRetries?: number | undefined;
  /** How its answer is to be translated, where it speaks another dialect than the caller. */
  readonly translation?: AnswerTranslation | undefined;
  /** What was taken out of the request, because it means nothing there. Names only. */
  readonly removed: readonly string[];
  /** What is known of the key that it is asked with, where each call may bring its own. */
  readonly key?: Breaker | undefined;
  /** Limits of its own. */
  readonly admission?: Admission | undefined;
}

/** Why a target is not to be asked something: the wire format, what the request needs, a parameter of it. */
export type TargetRefusal = 'dialect' | 'capability' | 'unsupported';

/** Whom a target asks for what. */
export interface AskedModel {
  /** `gen_ai.provider.name`. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
}

/** Whose call it is, and in which wire format. */
export interface CallBy {
  readonly caller: Target;
  readonly from: DialectName;
}

/** A target of a gateway, over all its calls. */
export interface RouteTarget {
  readonly name: string;
  readonly region: string | undefined;
  readonly keyLabel: string | undefined;
  /** Its share in a balanced group; may be changed while running. */
  weight: number;
  readonly health: RouteHealth;
  /** Why it is not to be asked this, however well it does. */
  refusal(dialect: DialectName, request: GatewayRequest, caller: Target): TargetRefusal | undefined;
  /** The wire format in which a call of a dialect is asked; `undefined` where only a call will tell, or there is none. */
  asksIn(dialect: DialectName): DialectName | undefined;
  /** Whom it asks for what, as far as that is known before it is opened. */
  asks(request: GatewayRequest, caller: Target): AskedModel;
  /** What it may have of a request; `undefined` where only a call will tell. */
  strip(dialect: DialectName, request: GatewayRequest, caller: Target): StrippedRequest | undefined;
  /** For one call of `caller`, in its dialect. Rejects where its client cannot be had. */
  open(call: RouteCall, by: CallBy): OpenedTarget | Promise<OpenedTarget>;
}

/** How a target is, as its user sees it. */
export function stateOf({ health: { breaker } }: RouteTarget): BreakerState | 'disabled' {
  return breaker.disabled ? 'disabled' : breaker.state;
}

/** A target as a strategy of the user's sees it. */
export function viewOf(
  { name, weight, region, keyLabel, health }: RouteTarget,
  now: number,
): TargetView {
  return {
    name,
    weight,
    region,
    keyLabel,
    inFlight: health.stats.inFlight,
    firstContentMs: health.stats.firstContentMs,
    isAvailable: health.isAvailable(now),
  };
}
