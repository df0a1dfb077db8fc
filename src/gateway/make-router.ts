import type { Clock } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import { fallback, primary } from '../routing/route/combinators.js';
import { Router } from '../routing/route/router.js';
import type { CloneOptions } from '../sdk/clone-client.js';
import type { GatewayOptions } from './gateway-options.js';

interface RouterParts {
  readonly clone: CloneOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The router of a gateway; none where no route is set, so that it costs nothing. */
export function makeRouter(
  { route, fallbacks, providers, breaker }: GatewayOptions,
  parts: RouterParts,
): Router | undefined {
  if (route !== undefined) {
    return new Router({ ...parts, route, providers, breaker }, 'gateway.route');
  }
  if (fallbacks === undefined || fallbacks.length === 0) return undefined;
  const tree = fallback(primary, ...fallbacks);
  return new Router({ ...parts, route: tree, providers, breaker }, 'gateway.fallbacks');
}
