import type { DialectName } from '../../dialects/dialect.js';
import type { GatewayRequest } from '../../pipeline/contract.js';
import type { CostResult } from '../../pipeline/settlement.js';
import type { Target } from '../../pipeline/target.js';
import type { Candidates, CompiledRoute, PlannedCall } from './candidates.js';
import { compileRoute } from './compile-route.js';
import type { AskedModel, RouteTarget, TargetRefusal } from './route-target.js';
import type { Route, RouteCall } from './route-types.js';
import { TargetBook, type TargetBookOptions } from './target-book.js';

/** What a router is made with. */
export interface RouterOptions extends TargetBookOptions {
  readonly route: Route;
  readonly estimates: CostEstimator;
}

/** Says what requests would cost, about. */
export interface CostEstimator {
  /** A route goes by costs: loads what that needs, ahead of the first call. */
  prepare(): void;
  /** What a request would cost at a target. Its size is estimated once for all of them. */
  of(request: GatewayRequest): (asked: AskedModel & { readonly target: string }) => CostResult;
}

/** The client that calls, and in which wire format. */
export type PlannedBy = Pick<PlannedCall, 'caller' | 'dialect'>;

/** The route of a gateway, and the targets that it plans. */
export class Router {
  readonly targets: TargetBook;
  readonly #options: RouterOptions;
  readonly #route: CompiledRoute;

  constructor(options: RouterOptions, path: string) {
    const { clock, route, estimates } = options;
    const targets = new TargetBook(options);
    this.targets = targets;
    this.#options = options;
    this.#route = compileRoute(
      route,
      {
        targetOf: (named, at) => targets.targetOf(named, at),
        random: () => clock.random(),
        now: () => clock.now(),
        costs: { prepare: () => estimates.prepare(), of: (call) => this.#costOf(call) },
      },
      path,
    );
  }

  /** The targets for a call, one at a time: by the gateway's route, or by another of its own. */
  candidates(call: RouteCall, by: PlannedBy, route = this.#route): Candidates {
    return route.candidates(this.planned(call, by));
  }

  /** A call as its route plans it. */
  planned(call: RouteCall, by: PlannedBy): PlannedCall {
    return new Planned(call, by, this.targets);
  }

  #costOf({ request, caller }: PlannedCall): (target: RouteTarget) => number | undefined {
    const costOf = this.#options.estimates.of(request);
    return (target) =>
      costOf({ ...target.asks(request, caller), target: target.name }).cost?.amount;
  }

  /** Whether the route would ask this target first, or one that is as good. */
  wouldChoose(name: string, call: RouteCall, by: PlannedBy): boolean {
    const now = this.#options.clock.now();
    const planned = this.planned(call, by);
    const candidates = this.#route.candidates(planned);
    for (let step = candidates.next(); !step.done; ) {
      const { target, hasSibling, hedge } = step.value;
      if (target.name === name) return true;
      // What a hedge asks stands in for what it is slow for.
      const isAsked = target.health.isAvailable(now) && planned.refusal(target) === undefined;
      if (!hasSibling && !hedge && isAsked) return false;
      step = candidates.next({ reason: 'unavailable' });
    }
    return false;
  }
}

/** A call as its route plans it; what not every route needs is found when it is asked for. */
class Planned implements PlannedCall {
  readonly request: RouteCall['request'];
  readonly context: RouteCall['context'];
  readonly caller: Target;
  readonly dialect: DialectName | undefined;
  readonly #targets: TargetBook;

  constructor({ request, context }: RouteCall, by: PlannedBy, targets: TargetBook) {
    this.request = request;
    this.context = context;
    this.caller = by.caller;
    this.dialect = by.dialect;
    this.#targets = targets;
  }

  get primary(): RouteTarget {
    return this.#targets.primaryOf(this.caller);
  }

  refusal(target: RouteTarget): TargetRefusal | undefined {
    const { dialect, request, caller } = this;
    return dialect && target.refusal(dialect, request, caller);
  }
}
