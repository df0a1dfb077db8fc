import { checkRateLimit } from '../limits/limit-options.js';
import type { Clock } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { ModelPrices, PriceFunction } from '../pipeline/prices.js';
import { checkPrices } from '../pricing/check-pricing.js';
import { createPricer } from '../pricing/create-pricer.js';
import { fallback, primary } from '../routing/route/combinators.js';
import { Router, type RouterOptions } from '../routing/route/router.js';
import type { TargetChange } from '../routing/route/target-book.js';
import type { CloneOptions } from '../sdk/clone-client.js';
import { CostEstimates } from './cost-estimates.js';
import type { GatewayOptions } from './gateway-options.js';
import type { Limiters } from './make-limiter.js';

interface RoutingParts {
  readonly clone: CloneOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (change: TargetChange) => void;
  readonly limiters: Limiters;
}

/** Where a gateway's calls go, and what they cost there. */
export interface Routing {
  readonly router: Router | undefined;
  /** Absent where pricing is off. */
  readonly pricer: Pricer | undefined;
  readonly estimates: CostEstimates;
}

/** Makes the router and the pricer of a gateway: targets may have prices of their own, and a route may go by prices. */
export function makeRouting(options: GatewayOptions, parts: RoutingParts): Routing {
  const { logger, clock, limiters } = parts;
  const estimates = new CostEstimates(clock);
  const router = makeRouter(options, {
    ...parts,
    estimates,
    checkPrice: checkPrices,
    checkLimit: checkRateLimit,
    limiterOf: (limit, target) => limiters.make(limit, target),
  });
  const prices = Object.fromEntries(router?.targets.prices ?? []);
  const pricer = makePricer(options.pricing, prices, logger);
  limiters.pricer = pricer;
  estimates.pricer =
    pricer ?? createPricer({ targets: prices, source: { calcPrice: () => null } }, { logger });
  return { router, pricer, estimates };
}

/** The router of a gateway; none where no route is set, so that it costs nothing. */
function makeRouter(
  { route, fallbacks, providers, breaker }: GatewayOptions,
  parts: Omit<RouterOptions, 'route' | 'providers' | 'breaker'>,
): Router | undefined {
  if (route !== undefined) {
    return new Router({ ...parts, route, providers, breaker }, 'gateway.route');
  }
  if (fallbacks === undefined || fallbacks.length === 0) return undefined;
  const tree = fallback(primary, ...fallbacks);
  return new Router({ ...parts, route: tree, providers, breaker }, 'gateway.fallbacks');
}

/** Nothing where pricing is off: then a call has no cost, and the price data is never loaded. */
function makePricer(
  pricing: GatewayOptions['pricing'] = true,
  prices: Readonly<Record<string, ModelPrices | PriceFunction>>,
  logger: Logger,
): Pricer | undefined {
  if (pricing === false) return undefined;
  const options = pricing === true ? {} : pricing;
  return createPricer({ ...options, targets: { ...options.targets, ...prices } }, { logger });
}
