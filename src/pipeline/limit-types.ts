import type { GatewayContext } from './contract.js';

/** What is done with a request that a limit does not let through at once. */
export type OnLimit =
  /** It waits its turn. */
  | 'wait'
  /** It is refused: an error of the SDK's 429 class, `code: 'zerohop_rate_limited'`. */
  | 'reject'
  /** The route's next target is asked; where there is none, it is refused. */
  | 'next-target';

/** A request that a limit does not let through at once. */
export interface LimitedRequest {
  readonly context: GatewayContext;
  /** The limit that is used up, as the option names it. */
  readonly limit: LimitName;
  /** The key that it is counted under. */
  readonly key: string;
  /** Until it would be let through, about, behind those who wait already, in ms. */
  readonly waitMs: number;
  /** Requests that wait already. */
  readonly queued: number;
}

/** RequestRates. Each must be greater than zero; several hold at once. */
export interface RequestRates {
  readonly requestsPerSecond?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  /** Input and output together. */
  readonly tokensPerMinute?: number | undefined;
  readonly tokensPerDay?: number | undefined;
  readonly inputTokensPerMinute?: number | undefined;
  readonly outputTokensPerMinute?: number | undefined;
  /** US dollars, of requests whose price is known. */
  readonly costPerMinute?: number | undefined;
}

/** Limits of requests that are sent: of the application, or of one target. */
export interface RateLimitOptions extends RequestRates {
  /** Requests under way at the same time; a stream until its end. */
  readonly concurrency?: number | undefined;
  /** Share of each rate that may be used at once, before it goes on evenly: from 0 to 1. @defaultValue 0.1 */
  readonly burst?: number | undefined;
  /** Counts apart by what it gives: a tenant, a user. Calls without it share the key `default`. @defaultValue one key for all */
  readonly by?: ((context: GatewayContext) => string | undefined) | undefined;
  /** Counts the models apart. @defaultValue false */
  readonly perModel?: boolean | undefined;
  /** Keys that are told apart at once; others share the key `other`. @defaultValue 10_000 */
  readonly maxKeys?: number | undefined;
  /** @defaultValue 'wait' */
  readonly onLimit?: OnLimit | ((limited: LimitedRequest) => OnLimit) | undefined;
  /** Requests that may wait, for each key. @defaultValue 1_000 */
  readonly maxQueue?: number | undefined;
  /** Longest wait, in ms; then it is refused. @defaultValue as long as the call may take */
  readonly maxWaitMs?: number | undefined;
  /** From 0 (first) to 9; in turn within one. @defaultValue 5 */
  readonly priority?: ((context: GatewayContext) => number) | undefined;
  /** Counts the tokens of a text; called with at most 100,000 characters at a time. @defaultValue by characters */
  readonly countTokens?: ((text: string) => number) | undefined;
  /** Shares the limits among all processes that give the same figures: a client of `ioredis` (5.4 or later, 6), of which connections of our own are made, or a URL. @defaultValue each process has the limits to itself */
  readonly redis?: RedisClient | string | undefined;
  /** How many processes there are: while Redis cannot be reached, each has this share of the limits. @defaultValue 1 */
  readonly processes?: number | undefined;
  /** While Redis cannot be reached: `'local'`, each process has its share of the limits to itself; `'closed'`, requests are refused. @defaultValue 'local' */
  readonly onRedisDown?: 'local' | 'closed' | undefined;
  /** What the names of the keys in Redis begin with; applications that share limits give the same. @defaultValue 'zerohop' */
  readonly keyPrefix?: string | undefined;
}

/** A client of the package `ioredis`, or a cluster of it; known by what it can do. */
export interface RedisClient {
  readonly status: string;
  duplicate(...args: never[]): unknown;
  defineCommand(name: string, definition: { readonly lua: string }): unknown;
}

/** The name of one limit. `'provider'`: what a provider's answers say is left of its own. */
export type LimitName = keyof RequestRates | 'concurrency' | 'provider';

/** What a limit counts. */
export type LimitUnit = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens' | 'cost';

/** How a rate limit does. */
export interface LimitStats {
  /** Name of the target that it is for; absent for the application's own. */
  readonly target?: string | undefined;
  /** Requests under way, over all keys. */
  readonly running: number;
  /** Requests that wait. */
  readonly queued: number;
  /** Keys that are told apart. */
  readonly keys: number;
  /** What became of requests that were held up, since the gateway was made, by the limit that did so first. */
  readonly heldUp: Readonly<Partial<Record<LimitName, HeldUpCounts>>>;
}

/** What became of the requests that a limit held up. */
export interface HeldUpCounts {
  /** They waited and were let through. */
  readonly waited: number;
  /** They waited until their call was over: an abort, a deadline. */
  readonly left: number;
  readonly refused: number;
  /** How long all of them waited together, in ms. */
  readonly waitedMs: number;
}

/** A rate limit as a request would meet it. */
export interface ExplainedLimit {
  /** Name of the target that it is for; absent for the application's own. */
  readonly target?: string | undefined;
  /** What the request would be counted under. */
  readonly key: string;
  /** Requests under way and waiting, of that key. */
  readonly running: number;
  readonly queued: number;
  /** Which limit would hold it up; absent where it would be let through at once. */
  readonly heldUpBy?: LimitName | undefined;
  /** For how long, about, in ms; absent where only the end of another request helps. */
  readonly waitMs?: number | undefined;
  /** What would be done with it then. */
  readonly does?: OnLimit | undefined;
}
