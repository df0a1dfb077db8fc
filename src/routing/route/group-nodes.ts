/** What groups offer, whose children stand in for one another: balanced, or sticky. */
import { costOrder, latencyOrder, rendezvousOrder, weightedOrder } from '../strategies.js';
import { askUser } from './ask-user.js';
import {
  type Candidate,
  type Candidates,
  type CompiledRoute,
  goesOn,
  type Left,
  type PlannedCall,
} from './candidates.js';
import { type RouteTarget, viewOf } from './route-target.js';
import type { BalanceStrategy, RouteCall } from './route-types.js';

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

/** When and for which call children are started. */
interface Start {
  readonly call: PlannedCall;
  readonly now: number;
}

/** A child of a group that has offered its first target, by which it is chosen. What it is chosen by is worked out when it is asked for. */
class Started {
  readonly target: RouteTarget;
  /** What it offers; absent where that is its one target. */
  readonly candidates: Candidates | undefined;
  readonly first: Candidate;
  isOffered = false;
  readonly #start: Start;
  #healthy: boolean | undefined;
  #score: number | undefined;

  constructor(first: Candidate, start: Start, candidates?: Candidates) {
    this.target = first.target;
    this.first = first;
    this.candidates = candidates;
    this.#start = start;
  }

  get name(): string {
    return this.target.name;
  }

  get weight(): number {
    return this.target.weight;
  }

  /** It would be asked this, now. */
  get healthy(): boolean {
    const { call, now } = this.#start;
    this.#healthy ??=
      this.target.health.isAvailable(now) && call.refusal(this.target) === undefined;
    return this.#healthy;
  }

  get score(): number {
    this.#score ??= this.target.health.score(this.#start.now);
    return this.#score;
  }
}

function startAll(children: readonly CompiledRoute[], start: Start): Started[] {
  const all: Started[] = [];
  const { call } = start;
  for (const child of children) {
    if (child.only) {
      all.push(new Started({ target: child.only(call), hasSibling: false }, start));
      continue;
    }
    const candidates = child.candidates(call);
    const step = candidates.next();
    if (!step.done) all.push(new Started(step.value, start, candidates));
  }
  return all;
}

/**
 * Offers what children offer, one child after another, as long as what fails is the target's fault. No generator of
 * its own: every call of a balanced group makes one of these.
 */
class Turns implements Candidates {
  readonly #all: readonly Started[];
  readonly #order: Iterator<Started>;
  #child: Started | undefined;
  #left: Left | undefined;

  constructor(all: readonly Started[], order: Iterable<Started>) {
    this.#all = all;
    this.#order = order[Symbol.iterator]();
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(given?: Left): IteratorResult<Candidate, Left | undefined> {
    const inside = given && this.#child?.candidates?.next(given);
    if (inside && !inside.done) return this.#offer(inside.value);
    this.#left = (inside ? inside.value : given) ?? this.#left;
    if (this.#left !== undefined && !goesOn(this.#left)) return { done: true, value: this.#left };
    const step = this.#order.next();
    if (step.done) return { done: true, value: this.#left };
    this.#child = step.value;
    this.#child.isOffered = true;
    return this.#offer(step.value.first);
  }

  #offer(candidate: Candidate): IteratorResult<Candidate, Left | undefined> {
    if (candidate.hasSibling || !this.#hasOther()) return { done: false, value: candidate };
    return { done: false, value: { ...candidate, hasSibling: true } };
  }

  #hasOther(): boolean {
    for (const child of this.#all) if (!child.isOffered && child.healthy) return true;
    return false;
  }
}

export function balance(
  children: readonly CompiledRoute[],
  strategy: BalanceStrategy,
  { random, now, costs }: Chance,
): CompiledRoute {
  if (strategy === 'cost') costs.prepare();
  const orderOf = (all: readonly Started[], start: Start): Iterable<Started> => {
    if (strategy === 'weighted') return weightedOrder(all, random);
    if (strategy === 'latency') return latencyOrder(all, random);
    return strategy === 'cost'
      ? cheapest(all, costs.of(start.call))
      : ownOrder(strategy, all, start);
  };
  return {
    candidates(call): Candidates {
      const start = { call, now: now() };
      const all = startAll(children, start);
      return new Turns(all, orderOf(all, start));
    },
  };
}

function* cheapest(
  all: readonly Started[],
  costOf: (target: RouteTarget) => number | undefined,
): Generator<Started, void> {
  const priced = all.map((child) => {
    const { weight, healthy, score, target } = child;
    return { child, weight, healthy, score, cost: costOf(target) };
  });
  for (const { child } of costOrder(priced)) yield child;
}

/** As the user's function has it; what it forgot comes last, and where it throws nothing is changed. */
function ownOrder(
  strategy: Extract<BalanceStrategy, (...args: never) => unknown>,
  started: readonly Started[],
  { call, now }: Start,
): Started[] {
  const rest = new Map(started.map((child) => [child.name, child]));
  const ordered: Started[] = [];
  const views = started.map(({ target }) => viewOf(target, now));
  for (const { name } of askUser((asked) => strategy(views, asked), call) ?? []) {
    const child = rest.get(name);
    if (child && rest.delete(name)) ordered.push(child);
  }
  return [...ordered, ...rest.values()];
}

export function sticky(
  key: (call: RouteCall) => string | undefined,
  children: readonly CompiledRoute[],
  { random, now }: Chance,
): CompiledRoute {
  return {
    candidates(call): Candidates {
      const all = startAll(children, { call, now: now() });
      const text = askUser(key, call);
      return new Turns(
        all,
        typeof text === 'string' ? rendezvousOrder(text, all) : weightedOrder(all, random),
      );
    },
  };
}
