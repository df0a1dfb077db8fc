/** What each kind of route offers. */
import type { LeaveReason } from '../leave-policy.js';
import {
  bucketOf,
  costOrder,
  latencyOrder,
  rendezvousOrder,
  weightedOrder,
} from '../strategies.js';
import {
  type Candidate,
  type Candidates,
  type CompiledRoute,
  goesOn,
  type Left,
  type PlannedCall,
} from './candidates.js';
import { type RouteTarget, viewOf } from './route-target.js';
import type { BalanceStrategy, RouteCall, RouteNode } from './route-types.js';

/** What calls would cost at the targets of a route. */
export interface RouteCosts {
  /** Some of it will be asked for. */
  prepare(): void;
  /** What a call would cost at a target, about, in US dollars; `undefined` where it has no price. */
  of(call: PlannedCall): (target: RouteTarget) => number | undefined;
}

/** Where a route's chance, time and prices come from. */
export interface Chance {
  readonly random: () => number;
  readonly now: () => number;
  readonly costs: RouteCosts;
}

/** The wrapped client itself. */
export const PRIMARY: CompiledRoute = one(({ primary }) => primary);

export function leaf(target: RouteTarget): CompiledRoute {
  return one(() => target);
}

function one(only: (call: PlannedCall) => RouteTarget): CompiledRoute {
  return {
    only,
    *candidates(call) {
      return yield { target: only(call), hasSibling: false };
    },
  };
}

export function fallback(
  children: readonly CompiledRoute[],
  chains: ReadonlyMap<LeaveReason, CompiledRoute>,
  leaveOn: ((reason: LeaveReason) => boolean | undefined) | undefined,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      let left: Left | undefined;
      for (const child of children) {
        const { only } = child;
        const given: Left | undefined = only
          ? yield { target: only(call), hasSibling: false }
          : yield* child.candidates(call);
        left = given ?? left;
        if (left === undefined) continue;
        const chain = left.reason === 'unavailable' ? undefined : chains.get(left.reason);
        if (chain) return (yield* chain.candidates(call)) ?? left;
        if (!goesOn(left, leaveOn)) return left;
      }
      return left;
    },
  };
}

/** A child that has offered its first target, by which it is chosen. */
interface Started {
  /** What else it offers; absent where that is nothing. */
  readonly candidates: Candidates | undefined;
  readonly first: Candidate;
  readonly name: string;
  readonly weight: number;
  /** It would be asked this, now. */
  readonly healthy: boolean;
  readonly score: number;
}

/** @param isScored whether the order goes by scores; they have their price */
function start(
  children: readonly CompiledRoute[],
  call: PlannedCall,
  { now, isScored = false }: { readonly now: number; readonly isScored?: boolean },
): Started[] {
  const all: Started[] = [];
  for (const { only, candidates: open } of children) {
    const candidates = only ? undefined : open(call);
    const step = candidates?.next();
    if (step?.done) continue;
    const first = step?.value ?? (only && { target: only(call), hasSibling: false });
    if (first === undefined) continue;
    const { target } = first;
    const { name, weight, health } = target;
    const healthy = health.isAvailable(now) && call.refusal(target) === undefined;
    const score = isScored ? health.score(now) : 0;
    all.push({ candidates, first, name, weight, healthy, score });
  }
  return all;
}

/** Offers what children offer, one child after another, as long as what fails is the target's fault. */
function* inTurn(order: readonly Started[]): Candidates {
  const lastHealthy = order.findLastIndex(({ healthy }) => healthy);
  let left: Left | undefined;
  let index = -1;
  for (const { candidates, first } of order) {
    index += 1;
    const hasOther = lastHealthy > index;
    if (candidates === undefined) {
      left = yield { target: first.target, hasSibling: hasOther };
    } else {
      let step: ReturnType<Candidates['next']> = { done: false, value: first };
      while (!step.done) {
        const { hasSibling } = step.value;
        step = candidates.next(yield { ...step.value, hasSibling: hasSibling || hasOther });
      }
      left = step.value ?? left;
    }
    if (left !== undefined && !goesOn(left)) return left;
  }
  return left;
}

export function balance(
  children: readonly CompiledRoute[],
  strategy: BalanceStrategy,
  { random, now, costs }: Chance,
): CompiledRoute {
  if (strategy === 'cost') costs.prepare();
  const isScored = strategy === 'latency' || strategy === 'cost';
  return {
    candidates(call): Candidates {
      const started = start(children, call, { now: now(), isScored });
      if (strategy === 'cost') {
        const costOf = costs.of(call);
        return inTurn(
          costOrder(started.map((child) => ({ ...child, cost: costOf(child.first.target) }))),
        );
      }
      if (strategy === 'weighted') return inTurn(weightedOrder(started, random));
      if (strategy === 'latency') return inTurn(latencyOrder(started, random));
      return inTurn(ownOrder(strategy, started, { call, now: now() }));
    },
  };
}

/** As the user's function has it; what it forgot comes last, and where it throws nothing is changed. */
function ownOrder(
  strategy: Extract<BalanceStrategy, (...args: never) => unknown>,
  started: readonly Started[],
  { call, now }: { readonly call: RouteCall; readonly now: number },
): Started[] {
  const rest = new Map(started.map((child) => [child.name, child]));
  const ordered: Started[] = [];
  const views = started.map(({ first }) => viewOf(first.target, now));
  for (const { name } of ask((asked) => strategy(views, asked), call) ?? []) {
    const child = rest.get(name);
    if (child && rest.delete(name)) ordered.push(child);
  }
  return [...ordered, ...rest.values()];
}

export function when(
  predicate: (call: RouteCall) => boolean,
  then: CompiledRoute,
  otherwise: CompiledRoute,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      return yield* (holds(predicate, call) ? then : otherwise).candidates(call);
    },
  };
}

function holds(predicate: (call: RouteCall) => boolean, call: RouteCall): boolean {
  return ask(predicate, call) === true;
}

/** What a function of the user's answers; nothing where it throws. */
function ask<Answer>(question: (call: RouteCall) => Answer, call: RouteCall): Answer | undefined {
  try {
    return question(call);
  } catch (error) {
    call.context.logger.warn?.('a function of the route threw', { error: String(error) });
    return undefined;
  }
}

export function sticky(
  key: (call: RouteCall) => string | undefined,
  children: readonly CompiledRoute[],
  { random, now }: Chance,
): CompiledRoute {
  return {
    candidates(call): Candidates {
      const started = start(children, call, { now: now() });
      const text = ask(key, call);
      return inTurn(
        typeof text === 'string' ? rendezvousOrder(text, started) : weightedOrder(started, random),
      );
    },
  };
}

export function canary(
  { share, key }: Extract<RouteNode, { kind: 'canary' }>,
  to: CompiledRoute,
  stable: CompiledRoute,
  { random }: Chance,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const text = key && ask(key, call);
      const at = typeof text === 'string' ? bucketOf(text, 'canary') : random();
      if (at >= share) return yield* stable.candidates(call);
      const left = yield* to.candidates(call);
      // A canary that dies takes nobody along.
      return left === undefined || goesOn(left) ? yield* stable.candidates(call) : left;
    },
  };
}

/** Offers what `route` offers, as the second way of a hedge. */
export function beside(route: CompiledRoute, after: number | 'p95'): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const candidates = route.candidates(call);
      let step = candidates.next();
      while (!step.done) step = candidates.next(yield { ...step.value, besideAfter: after });
      return step.value;
    },
  };
}

/** Offers what `route` offers; for a share of the calls its first target brings a shadow along. */
export function mirror(
  route: CompiledRoute,
  shadow: CompiledRoute,
  { share, random }: { readonly share: number; readonly random: () => number },
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const candidates = route.candidates(call);
      let step = candidates.next();
      const isFirst = !step.done && random() < share;
      if (isFirst && !step.done) {
        const { shadows = [] } = step.value;
        step = candidates.next(yield { ...step.value, shadows: [...shadows, shadow] });
      }
      while (!step.done) step = candidates.next(yield step.value);
      return step.value;
    },
  };
}
