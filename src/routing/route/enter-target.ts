import { isGatewayError } from '../../pipeline/errors.js';
import { AttemptLoop } from '../attempt-loop.js';
import type { BreakerTicket } from '../breaker.js';
import type { Candidate } from './candidates.js';
import type { TargetObserver } from './route-health.js';
import type { OpenedTarget } from './route-target.js';
import type { SkippedTargets } from './skipped-targets.js';
import type { WalkOptions } from './walk.js';

/** A target of a call that is about to be asked. */
export interface EnteredTarget {
  readonly loop: AttemptLoop;
  readonly observer: TargetObserver;
  /** It is asked with the caller's own key. */
  readonly isPrimary: boolean;
}

/** At once where its client is there; nothing where the target cannot be asked now. */
type Entering = EnteredTarget | undefined | Promise<EnteredTarget | undefined>;

/** Lets a call in at a target, unless its breaker or the request keeps it out; that is noted. */
export function enterTarget(
  candidate: Candidate,
  options: WalkOptions,
  skipped: SkippedTargets,
): Entering {
  const { target } = candidate;
  const { context, dialect, call, caller } = options;
  const now = context.clock.now();
  const refusal = target.refusal(dialect, call.request, caller);
  if (refusal !== undefined) return skip({ candidate, options, skipped }, refusal);
  const admission = target.health.admit(now);
  if (admission.admitted) return open({ candidate, options, skipped, ticket: admission.ticket });
  return skip({ candidate, options, skipped }, admission.reason, admission.retryAt - now);
}

/** Lets a call in, whatever the target's breaker says. */
export function forceTarget(
  candidate: Candidate,
  options: WalkOptions,
  skipped: SkippedTargets,
): Entering {
  const ticket = candidate.target.health.breaker.force();
  return open({ candidate, options, skipped, ticket });
}

interface Attempted {
  readonly candidate: Candidate;
  readonly options: WalkOptions;
  readonly skipped: SkippedTargets;
}

interface Admitted extends Attempted {
  readonly ticket: BreakerTicket;
}

function open(admitted: Admitted): Entering {
  const { call, caller, dialect } = admitted.options;
  let opening: OpenedTarget | Promise<OpenedTarget>;
  try {
    opening = admitted.candidate.target.open(call, { caller, from: dialect });
  } catch (error) {
    return notOpened(admitted, error);
  }
  if (!(opening instanceof Promise)) return enter(admitted, opening);
  return opening.then(
    (opened) => enter(admitted, opened),
    (error: unknown) => notOpened(admitted, error),
  );
}

function notOpened(admitted: Admitted, error: unknown): undefined {
  const { context } = admitted.options;
  const { target } = admitted.candidate;
  release(admitted);
  context.logger.warn?.('a target could not be opened', {
    target: target.name,
    error: error instanceof Error ? error.name : 'unknown',
  });
  const isRequest = isGatewayError(error) && error.code === 'zerohop_no_target';
  return skip(admitted, isRequest ? 'request' : 'no_client');
}

/** Nothing was asked. Throws where the call is over. */
function release({ candidate, options, ticket }: Admitted): void {
  const { signal } = options.context;
  candidate.target.health.breaker.released(ticket);
  if (signal.aborted) throw signal.reason;
}

function enter(admitted: Admitted, opened: OpenedTarget): EnteredTarget | undefined {
  const { candidate, options, ticket } = admitted;
  const { target, hasSibling } = candidate;
  const { context, caller, loopOptions } = options;
  if (context.signal.aborted) release(admitted);
  const key = opened.key?.admit(context.clock.now());
  if (key?.admitted === false) {
    release(admitted);
    return skip(admitted, key.reason, key.retryAt - context.clock.now());
  }
  const isPrimary = opened.target === caller;
  if (opened.removed.length > 0) {
    context.decide('request-shaped', { target: target.name, removed: opened.removed.join(' ') });
  }
  context.decide('target-chosen', { target: target.name });
  const observer = target.health.observe({
    ticket,
    hasSibling,
    callersKey: isPrimary,
    key: opened.key && key && { breaker: opened.key, ticket: key.ticket },
  });
  const way = { context, observer, shownErrors: caller.errors };
  return { loop: new AttemptLoop(loopOptions(opened, way)), observer, isPrimary };
}

function skip(
  { candidate, options, skipped }: Attempted,
  reason: string,
  waitMs?: number,
): undefined {
  skipped.add(candidate, reason, waitMs);
  options.context.decide('target-skipped', { target: candidate.target.name, reason });
  return undefined;
}
