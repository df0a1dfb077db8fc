import type { Clock } from '../../pipeline/clock.js';
import type { Logger } from '../../pipeline/contract.js';
import type { RateLimitOptions, RedisClient } from '../../pipeline/limit-types.js';
import type { RateSpec } from '../key-limits.js';
import { RedisLink } from './link.js';
import { SharedLimits } from './shared-limits.js';

/** What keys are shared with. */
export interface SharedKeysOptions {
  readonly options: RateLimitOptions & { readonly redis: RedisClient | string };
  readonly rates: readonly RateSpec[];
  readonly burst: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells limiters apart that share a Redis. */
  readonly name: string;
  /** Redis has come, or gone. */
  readonly onChange: () => void;
}

const DEFAULT_KEY_PREFIX = 'zerohop';

/** The keys that a limiter shares with those of other processes, over one way to Redis. */
export class SharedKeys {
  readonly #options: SharedKeysOptions;
  readonly #link: RedisLink;

  constructor(options: SharedKeysOptions) {
    const { clock, logger, onChange } = options;
    const { redis, keyPrefix = DEFAULT_KEY_PREFIX, onRedisDown = 'local' } = options.options;
    this.#options = options;
    this.#link = new RedisLink({ redis, keyPrefix, onRedisDown, clock, logger, onChange });
  }

  limitsOf(key: string): SharedLimits {
    const { rates, burst, clock, name } = this.#options;
    const { keyPrefix = DEFAULT_KEY_PREFIX, onRedisDown = 'local' } = this.#options.options;
    const { processes = 1, concurrency } = this.#options.options;
    return new SharedLimits({
      ...{ key, rates, burst, concurrency, processes, onRedisDown, clock },
      keyPrefix: `${keyPrefix}:${name}`,
      link: this.#link,
    });
  }

  /** Until Redis is tried again, in ms. */
  get retryAfterMs(): number {
    return this.#link.retryAfterMs;
  }

  close(): void {
    this.#link.close();
  }
}
