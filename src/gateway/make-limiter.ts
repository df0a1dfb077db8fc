import { RateLimiter } from '../limits/rate-limiter.js';
import type { Clock } from '../pipeline/clock.js';
import type { Logger } from '../pipeline/contract.js';
import type { RateLimitOptions } from '../pipeline/limit-types.js';
import type { Pricer } from '../pipeline/pricer.js';
import { modelOf } from './call-parts.js';

/** What limits work with. */
export interface LimiterParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The limiters of a gateway: of all that is sent, and of single targets. */
export class Limiters {
  readonly #parts: LimiterParts;
  readonly #all: RateLimiter[] = [];
  /** Known once the targets are. */
  pricer: Pricer | undefined;

  constructor(parts: LimiterParts) {
    this.#parts = parts;
  }

  /** @param name of the target that they are for; the application's own without */
  make(options: RateLimitOptions, name?: string): RateLimiter {
    const { clock, logger } = this.#parts;
    const limiter = new RateLimiter(options, {
      clock,
      logger,
      // Apart from the application's own, whatever the target's name is.
      name: name && `target ${name}`,
      priceOf: (usage, { request, provider, target }) => {
        const asked = { usage, provider, target, model: modelOf(request.body) };
        return this.pricer?.price({ ...asked, at: clock.wallNow() }).cost?.amount;
      },
    });
    this.#all.push(limiter);
    return limiter;
  }

  async flush(): Promise<void> {
    await Promise.all(this.#all.map((limiter) => limiter.flush()));
  }

  close(): void {
    for (const limiter of this.#all) limiter.close();
  }
}
