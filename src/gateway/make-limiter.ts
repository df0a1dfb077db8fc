import { RateLimiter } from '../limits/rate-limiter.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext, GatewayRequest, Logger } from '../pipeline/contract.js';
import type { ExplainedLimit, LimitStats, RateLimitOptions } from '../pipeline/limit-types.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { ExplainedTarget } from '../routing/route/explain-route.js';
import type { LimitedTarget } from '../routing/route/target-book.js';
import { modelOf } from './call-parts.js';

/** What limits work with. */
export interface LimiterParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The limiters of a gateway: of all that is sent, and of single targets. */
export class Limiters {
  readonly #parts: LimiterParts;
  /** By the name of the target; the application's own without one. */
  readonly #all = new Map<string | undefined, RateLimiter>();
  /** Known once the targets are. */
  pricer: Pricer | undefined;

  constructor(parts: LimiterParts) {
    this.#parts = parts;
  }

  /** @param of the target that they are for; the application's own without */
  make(options: RateLimitOptions, of?: LimitedTarget): RateLimiter {
    const { clock, logger } = this.#parts;
    const limiter = new RateLimiter(options, {
      clock,
      logger,
      target: of?.name,
      learns: of?.hasOneKey,
      priceOf: (usage, { request, provider, target }) => {
        const asked = { usage, provider, target, model: modelOf(request.body) };
        return this.pricer?.price({ ...asked, at: clock.wallNow() }).cost?.amount;
      },
    });
    this.#all.set(of?.name, limiter);
    return limiter;
  }

  /** What a call would meet now: at the application's own as it would go to the first target, then at those of the targets. */
  explain(
    { request, context }: LimitedCall,
    targets: readonly ExplainedTarget[],
  ): readonly ExplainedLimit[] {
    const own = targets
      .slice(0, 1)
      .map((target) => ({ target, limiter: this.#all.get(undefined) }));
    const all = [
      ...own,
      ...targets.map((target) => ({ target, limiter: this.#all.get(target.name) })),
    ];
    return all.flatMap(({ target: { name, provider = 'unknown', model }, limiter }) => {
      if (limiter === undefined) return [];
      const asked =
        model === undefined ? request : { ...request, body: withModel(request.body, model) };
      return [limiter.explain({ request: asked, context, target: name, provider })];
    });
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** Whether two calls are counted under keys of their own. */
  countsApart(one: GatewayContext, other: GatewayContext): boolean {
    return [...this.#all.values()].some((limiter) => limiter.countsApart(one, other));
  }

  /** In the order in which they were made, of the application last. */
  stats(): readonly LimitStats[] {
    return Array.from(this.#all.values(), (limiter) => limiter.stats());
  }

  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#all.values(), (limiter) => limiter.flush()));
  }

  close(): void {
    for (const limiter of this.#all.values()) limiter.close();
  }
}

interface LimitedCall {
  readonly request: GatewayRequest;
  readonly context: GatewayContext;
}

/** A body that asks for another model. */
function withModel(body: unknown, model: string): unknown {
  return typeof body === 'object' && body !== null ? { ...body, model } : body;
}
