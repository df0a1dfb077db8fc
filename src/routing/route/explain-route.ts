import type { DialectName } from '../../dialects/dialect.js';
import type { Cost, UnpricedReason } from '../../pipeline/settlement.js';
import type { BreakerState, Refusal } from '../breaker.js';
import type { Candidates, Hedge, PlannedCall } from './candidates.js';
import { type RouteTarget, stateOf, type TargetRefusal } from './route-target.js';
import type { CostEstimator } from './router.js';

/** A target as a call would meet it now. */
export interface ExplainedTarget {
  readonly name: string;
  /** `'hedge'` is asked beside the one before it where that is slow, `'shadow'` in the background. */
  readonly role: 'target' | 'hedge' | 'shadow';
  /** `gen_ai.provider.name`; absent where a function gives the client. */
  readonly provider?: string | undefined;
  /** As it would be asked for, unless a `request` function names another. */
  readonly model?: string | undefined;
  /** The wire format it would be asked in; absent where a function gives the client, or it could not be asked. */
  readonly dialect?: DialectName | undefined;
  readonly state: BreakerState | 'disabled';
  /** Why it would be passed over; absent where it would be asked. `'request'`: that depends on what another provider keeps. */
  readonly skipped?: TargetRefusal | Refusal['reason'] | 'request' | undefined;
  /** Until its breaker lets a call through, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Of a hedge: how long the one before it may take, in ms; absent as long as too few of its answers are known. */
  readonly afterMs?: number | undefined;
  /** What would be taken out of the request, by name; absent where a function gives the client. */
  readonly removed?: readonly string[] | undefined;
  /** What the call would cost there, about; else why that is not known. */
  readonly cost?: Cost | undefined;
  readonly unpriced?: UnpricedReason | undefined;
}

/** What targets are explained with. */
export interface ExplainedRoute {
  readonly now: number;
  readonly costOf: ReturnType<CostEstimator['of']>;
}

/** The targets of a call in the order in which they would be asked, each where the one before could not be. Changes nothing. */
export function* explainTargets(
  candidates: Candidates,
  call: PlannedCall,
  route: ExplainedRoute,
  role: 'target' | 'shadow' = 'target',
): Generator<ExplainedTarget> {
  let hedged: Hedge | undefined;
  /** What the targets of the hedge stand beside. */
  let first: RouteTarget | undefined;
  let step = candidates.next();
  while (!step.done) {
    const { target, hedge, besideAfter, shadows = [] } = step.value;
    const isHedge = role === 'target' && besideAfter !== undefined && first !== undefined;
    const explained = { ...explain(target, call, route), role: isHedge ? 'hedge' : role } as const;
    const slowMs = first?.health.stats.slowMs(call.request.stream);
    yield isHedge
      ? { ...explained, afterMs: besideAfter === 'p95' ? slowMs : besideAfter }
      : explained;
    if (hedge && hedge !== hedged) first = undefined;
    if (hedge && explained.skipped === undefined) first ??= target;
    hedged = hedge ?? hedged;
    for (const shadow of shadows) {
      yield* explainTargets(shadow.candidates(call), call, route, 'shadow');
    }
    step = candidates.next({ reason: 'unavailable' });
  }
}

function explain(
  target: RouteTarget,
  call: PlannedCall,
  { now, costOf }: ExplainedRoute,
): Omit<ExplainedTarget, 'role'> {
  const { name, health } = target;
  const { request, caller, dialect } = call;
  const stripped = dialect && target.strip(dialect, request, caller);
  const isBound = stripped !== undefined && stripped.boundBy.length > 0;
  const refusal = call.refusal(target) ?? (isBound ? 'request' : undefined);
  const closed = refusal === undefined ? health.breaker.refusal(now) : undefined;
  const waitMs = closed && closed.retryAt - now;
  const asked = target.asks(request, caller);
  return {
    name,
    ...asked,
    dialect: dialect && target.asksIn(dialect),
    state: stateOf(target),
    skipped: refusal ?? closed?.reason,
    retryAfterMs: Number.isFinite(waitMs) ? waitMs : undefined,
    removed: stripped?.removed,
    ...costOf({ ...asked, target: name }),
  };
}
