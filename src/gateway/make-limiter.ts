import { RateLimiter } from '../limits/rate-limiter.js';
import type { Clock } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import type { Pricer } from '../pipeline/pricer.js';
import { modelOf } from './call-parts.js';
import type { GatewayOptions } from './gateway-options.js';

/** What limits work with. */
export interface LimiterParts {
  readonly clock: Clock;
  readonly pricer: Pricer | undefined;
  readonly logger: Logger;
}

/** The limits of all that is sent; nothing where none are set. */
export function makeLimiter(
  { rateLimit }: GatewayOptions,
  { clock, pricer, logger }: LimiterParts,
): RateLimiter | undefined {
  if (rateLimit === undefined) return undefined;
  return new RateLimiter(rateLimit, {
    clock,
    logger,
    priceOf: (usage, { request, provider, target }) => {
      const model = modelOf(request.body);
      return pricer?.price({ usage, provider, target, model, at: clock.wallNow() }).cost?.amount;
    },
  });
}
