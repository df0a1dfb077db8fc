import { refuse } from '../../pipeline/option-checks.js';
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
import type { BalanceStrategy, Route, RouteCall, RouteNode, TargetOptions } from './route-types.js';

/** What a route is compiled with. */
export interface CompileOptions {
  /** The target for `'provider/model'`, or for a target's options; throws where there is none. */
  readonly targetOf: (named: string | TargetOptions, path: string) => RouteTarget;
  readonly random: () => number;
  readonly now: () => number;
}

const MAX_DEPTH = 16;

/**
 * Checks a route and makes it ready for calls.
 *
 * @throws {@link GatewayError} `zerohop_config` that names the bad part by its path
 */
export function compileRoute(route: Route, options: CompileOptions, path: string): CompiledRoute {
  return new Compiler(options).compile(route, path, []);
}

class Compiler {
  readonly #options: CompileOptions;

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  compile(route: unknown, path: string, above: readonly unknown[]): CompiledRoute {
    if (typeof route === 'string') return leaf(this.#options.targetOf(route, path));
    if (typeof route !== 'object' || route === null || !('kind' in route)) {
      refuse(path, "must be 'provider/model', primary, target({…}), or what a combinator gives");
    }
    if (above.includes(route)) refuse(path, 'contains itself');
    if (above.length >= MAX_DEPTH) refuse(path, `is nested deeper than ${MAX_DEPTH}`);
    // Its members are checked below, kind by kind.
    return this.#node(route as Exclude<Route, string>, path, [...above, route]);
  }

  #node(node: Exclude<Route, string>, path: string, above: readonly unknown[]): CompiledRoute {
    const inside = (route: unknown, name: string) => this.compile(route, `${path}.${name}`, above);
    switch (node.kind) {
      case 'primary':
        return PRIMARY;
      case 'target':
        return leaf(this.#options.targetOf(node.options, path));
      case 'fallback':
        return this.#fallback(node, path, above);
      case 'balance':
        return balance(this.#children(node.children, path, above), node.strategy, this.#options);
      case 'when':
        return when(node.predicate, inside(node.then, 'then'), inside(node.otherwise, 'otherwise'));
      case 'sticky':
        return sticky(node.key, this.#children(node.children, path, above), this.#options);
      case 'canary':
        if (!(node.share >= 0 && node.share <= 1)) refuse(`${path}.share`, 'must be from 0 to 1');
        return canary(
          node,
          inside(node.canary, 'canary'),
          inside(node.stable, 'otherwise'),
          this.#options,
        );
      default:
        refuse(path, 'is no kind of route');
    }
  }

  #children(children: readonly Route[], path: string, above: readonly unknown[]): CompiledRoute[] {
    if (!Array.isArray(children) || children.length === 0) refuse(path, 'has no targets');
    return children.map((child, index) => this.compile(child, `${path}[${index}]`, above));
  }

  #fallback(
    { children, options }: Extract<RouteNode, { kind: 'fallback' }>,
    path: string,
    above: readonly unknown[],
  ): CompiledRoute {
    const chains = new Map<LeaveReason, CompiledRoute>();
    const chain = (reason: LeaveReason, name: keyof typeof options) => {
      const route = options[name];
      if (route !== undefined) chains.set(reason, this.compile(route, `${path}.${name}`, above));
    };
    chain('context_window', 'onContextWindow');
    chain('content_policy', 'onContentPolicy');
    chain('quota', 'onQuota');
    return fallback(this.#children(children, path, above), chains, options.leaveOn);
  }
}

const PRIMARY: CompiledRoute = {
  *candidates({ primary }) {
    return yield { target: primary, hasSibling: false };
  },
};

function leaf(target: RouteTarget): CompiledRoute {
  return {
    *candidates() {
      return yield { target, hasSibling: false };
    },
  };
}

function fallback(
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
      const { target, hasSibling } = step.value;
      step = candidates.next(yield { target, hasSibling: hasSibling || !isLast });
    }
    left = step.value ?? left;
    if (left !== undefined && !goesOn(left)) return left;
  }
  return left;
}

function balance(
  children: readonly CompiledRoute[],
  strategy: BalanceStrategy,
  { random, now }: CompileOptions,
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

function when(
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

function sticky(
  key: (call: RouteCall) => string | undefined,
  children: readonly CompiledRoute[],
  { random, now }: CompileOptions,
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

function canary(
  { share, key }: Extract<RouteNode, { kind: 'canary' }>,
  to: CompiledRoute,
  stable: CompiledRoute,
  { random }: CompileOptions,
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
