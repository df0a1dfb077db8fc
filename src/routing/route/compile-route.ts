import { refuse } from '../../pipeline/option-checks.js';
import type { LeaveReason } from '../leave-policy.js';
import type { CompiledRoute } from './candidates.js';
import { checkStrategy } from './check-route.js';
import { balance, type Chance, sticky } from './group-nodes.js';
import { HedgePolicy, hedge } from './hedge.js';
import { beside, canary, fallback, leaf, mirror, PRIMARY, when } from './route-nodes.js';
import type { RouteTarget } from './route-target.js';
import type { Route, RouteNode, TargetOptions } from './route-types.js';

/** What a route is compiled with. */
export interface CompileOptions extends Chance {
  /** The target for `'provider/model'`, or for a target's options; throws where there is none. */
  readonly targetOf: (named: string | TargetOptions, path: string) => RouteTarget;
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
        checkStrategy(node.strategy, `${path}.strategy`);
        return balance(this.#children(node.children, path, above), node.strategy, this.#options);
      case 'when':
        return when(node.predicate, inside(node.then, 'then'), inside(node.otherwise, 'otherwise'));
      case 'sticky':
        return sticky(node.key, this.#children(node.children, path, above), this.#options);
      case 'hedge':
        return this.#hedge(node, path, above);
      case 'mirror':
        checkShare(node.share, path);
        return mirror(inside(node.route, 'route'), inside(node.shadow, 'shadow'), {
          share: node.share,
          random: this.#options.random,
        });
      case 'canary':
        checkShare(node.share, path);
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

  #hedge(
    { first, second, options }: Extract<RouteNode, { kind: 'hedge' }>,
    path: string,
    above: readonly unknown[],
  ): CompiledRoute {
    if (above.slice(0, -1).some((outer) => isHedge(outer))) {
      refuse(path, 'is a hedge within a hedge');
    }
    const policy = new HedgePolicy(options, `${path}.options`);
    return hedge(
      this.compile(first, `${path}.first`, above),
      beside(this.compile(second, `${path}.second`, above), policy.after),
      policy,
    );
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

function checkShare(share: unknown, path: string): void {
  if (!(typeof share === 'number' && share >= 0 && share <= 1)) {
    refuse(`${path}.share`, 'must be from 0 to 1');
  }
}

function isHedge(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'hedge';
}
