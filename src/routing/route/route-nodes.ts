/** What each kind of route offers. */
import type { LeaveReason } from '../leave-policy.js';
import { bucketOf, latencyOrder, rendezvousOrder, weightedOrder } from '../strategies.js';
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

/** Where a route's chance and time come from. */
export interface Chance {
  readonly random: () => number;
  readonly now: () => number;
}

/** The wrapped client itself. */
export const PRIMARY: CompiledRoute = {
  *candidates({ primary }) {
    return yield { target: primary, hasSibling: false };
  },
};

export function leaf(target: RouteTarget): CompiledRoute {
  return {
    *candidates() {
      return yield { target, hasSibling: false };
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
        left = (yield* child.candidates(call)) ?? left;
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
  readonly candidates: Candidates;
  readonly first: Candidate;
  readonly name: string;
  readonly weight: number;
  readonly healthy: boolean;
  readonly score: number;
}

function start(children: readonly CompiledRoute[], call: PlannedCall, now: number): Started[] {
  return children.flatMap((child) => {
    const candidates = child.candidates(call);
    const step = candidates.next();
    if (step.done) return [];
    const { name, weight, health } = step.value.target;
    const healthy = health.isAvailable(now);
    return { candidates, first: step.value, name, weight, healthy, score: health.score(now) };
  });
}

/** Offers what children offer, one child after another, as long as what fails is the target's fault. */
function* inTurn(order: readonly Started[]): Candidates {
  let left: Left | undefined;
  for (const [index, { candidates, first }] of order.entries()) {
    const isLast = index === order.length - 1;
    let step: ReturnType<Candidates['next']> = { done: false, value: first };
    while (!step.done) {
      const { hasSibling } = step.value;
      step = candidates.next(yield { ...step.value, hasSibling: hasSibling || !isLast });
    }
    left = step.value ?? left;
    if (left !== undefined && !goesOn(left)) return left;
  }
  return left;
}

export function balance(
  children: readonly CompiledRoute[],
  strategy: BalanceStrategy,
  { random, now }: Chance,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const started = start(children, call, now());
      if (strategy === 'weighted') return yield* inTurn(weightedOrder(started, random));
      if (strategy === 'latency') return yield* inTurn(latencyOrder(started, random));
      return yield* inTurn(ownOrder(strategy, started, { call, now: now() }));
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
    *candidates(call): Candidates {
      const started = start(children, call, now());
      const text = ask(key, call);
      const order =
        typeof text === 'string' ? rendezvousOrder(text, started) : weightedOrder(started, random);
      return yield* inTurn(order);
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
