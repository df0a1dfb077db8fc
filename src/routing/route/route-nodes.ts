/** What each kind of route offers. */
import type { LeaveReason } from '../leave-policy.js';
import { bucketOf } from '../strategies.js';
import { askUser } from './ask-user.js';
import {
  type Candidate,
  type Candidates,
  type CompiledRoute,
  goesOn,
  type Left,
  type PlannedCall,
} from './candidates.js';
import type { Chance } from './group-nodes.js';
import type { RouteTarget } from './route-target.js';
import type { RouteCall, RouteNode } from './route-types.js';

/** The wrapped client itself. */
export const PRIMARY: CompiledRoute = one(({ primary }) => primary);

export function leaf(target: RouteTarget): CompiledRoute {
  return one(() => target);
}

function one(only: (call: PlannedCall) => RouteTarget): CompiledRoute {
  return { only, candidates: (call) => new One(only(call)) };
}

/** Offers one target. */
class One implements Candidates {
  readonly #target: RouteTarget;
  #isOffered = false;

  constructor(target: RouteTarget) {
    this.#target = target;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(left?: Left): IteratorResult<Candidate, Left | undefined> {
    if (this.#isOffered) return { done: true, value: left };
    this.#isOffered = true;
    return { done: false, value: { target: this.#target, hasSibling: false } };
  }
}

export function fallback(
  children: readonly CompiledRoute[],
  chains: ReadonlyMap<LeaveReason, CompiledRoute>,
  leaveOn: ((reason: LeaveReason) => boolean | undefined) | undefined,
): CompiledRoute {
  return { candidates: (call) => new Fallback({ children, chains, leaveOn }, call) };
}

/** What a fallback is made of. */
interface FallbackParts {
  readonly children: readonly CompiledRoute[];
  readonly chains: ReadonlyMap<LeaveReason, CompiledRoute>;
  readonly leaveOn: ((reason: LeaveReason) => boolean | undefined) | undefined;
}

/** Offers what children offer, one child after another, or what follows a reason. */
class Fallback implements Candidates {
  readonly #parts: FallbackParts;
  readonly #call: PlannedCall;
  /** What is being offered. */
  #current: Candidates | undefined;
  #index = 0;
  #isChained = false;
  #left: Left | undefined;

  constructor(parts: FallbackParts, call: PlannedCall) {
    this.#parts = parts;
    this.#call = call;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(given?: Left): IteratorResult<Candidate, Left | undefined> {
    for (let left = given; ; left = undefined) {
      if (this.#current) {
        const step = this.#current.next(left);
        if (!step.done) return step;
        this.#left = step.value ?? this.#left;
      }
      const following = this.#follow();
      if (following === undefined) return { done: true, value: this.#left };
      this.#current = following.candidates(this.#call);
    }
  }

  /** What is offered next; nothing where it ends here. */
  #follow(): CompiledRoute | undefined {
    const { children, chains, leaveOn } = this.#parts;
    const left = this.#left;
    if (this.#isChained) return undefined;
    if (left !== undefined) {
      const chain = left.reason === 'unavailable' ? undefined : chains.get(left.reason);
      if (chain) {
        this.#isChained = true;
        return chain;
      }
      if (!goesOn(left, leaveOn)) return undefined;
    }
    this.#index += 1;
    return children[this.#index - 1];
  }
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
  return askUser(predicate, call) === true;
}

export function canary(
  { share, key }: Extract<RouteNode, { kind: 'canary' }>,
  to: CompiledRoute,
  stable: CompiledRoute,
  { random }: Chance,
): CompiledRoute {
  return {
    *candidates(call): Candidates {
      const text = key && askUser(key, call);
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
