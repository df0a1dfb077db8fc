import type { CacheCounters } from '../cache/shelf.js';
import type { BudgetEvent, GatewayBudgets } from '../pipeline/budget-types.js';
import type { CallOptions } from '../pipeline/contract.js';
import type { Settlement } from '../pipeline/settlement.js';
import type { GatewayTargets, TargetChange } from '../routing/route/target-book.js';
import type { NamedOperation } from '../sdk/rehearse-call.js';
import type { GatewayStats } from '../stats/stats.js';
import type { Fetch } from '../transport/transport.js';
import type { ExplainRequest, Explanation } from './explain-types.js';

/** What can be listened to. */
export interface GatewayEvents {
  /** A call has settled; once for each. */
  readonly settled: Settlement;
  /** A target was switched or weighted, or its breaker has changed. */
  readonly 'target-changed': TargetChange;
  /** A budget has come to a share of its limit, a call went over it, or its store cannot be had. */
  readonly budget: BudgetEvent;
}

/** How long `close()` waits. */
export interface CloseOptions {
  /** Calls still running after this are aborted, and what is not flushed a moment later is given up. In ms. @defaultValue 30000 */
  readonly timeoutMs?: number | undefined;
}

/** An AI gateway inside this process: shared by as many clients as there are. */
export interface Gateway extends AsyncDisposable {
  /**
   * A client of the same class and type as `client`, whose calls go through this gateway. `client` itself is not touched.
   *
   * @throws {@link GatewayError} `zerohop_client` where the client cannot be cloned by its own `withOptions()`
   */
  wrap<Client extends object>(client: Client): Client & { readonly gateway: Gateway };
  /**
   * The same gateway for whatever takes a `fetch` (Vercel AI SDK, LangChain). The URL's origin is the target; see `origins`.
   * Give that SDK `maxRetries: 0`: the gateway retries. A final error response says `x-should-retry: false`.
   */
  readonly fetch: Fetch;
  /** Runs `work` with options for every call made in it, however deep and however late. */
  run<Result>(options: CallOptions, work: () => Result): Result;
  /** Calls `listener` for every event of that name; returns what stops it. */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (event: GatewayEvents[Name]) => unknown,
  ): () => void;
  /**
   * Says what a call would meet now: which targets in which order, what of its request each would get, its cache
   * key, its limits in time and number, what rate limits and budgets would do with it, and about what it would cost.
   * Nothing is sent, counted or changed. The functions of the route and of rate limits are asked; interceptors,
   * `request` functions of targets, client functions and those of budgets (but `by`) are not.
   *
   * @throws {@link GatewayError} `zerohop_config` where the client is not of this gateway or has no such operation; what the SDK's own method throws
   */
  explain<Client extends object, Name extends NamedOperation>(
    request: ExplainRequest<Client, Name>,
  ): Promise<Explanation>;
  /** `true` leaves all calls to the bare SDK until it is set to `false`. Also: the environment variable `ZEROHOP_DISABLED=1`. */
  bypass(on: boolean): void;
  /**
   * The calls of the last minutes, in all and by target and model; and how the limits and budgets do now.
   *
   * @throws {@link GatewayError} `zerohop_config` unless `stats: true` is set
   */
  stats(): GatewayStats;
  /** What is stored of answers: to delete it, and to see how it does. */
  readonly cache: GatewayCache;
  /**
   * The targets of the route: how they do, and to switch them while running.
   *
   * @throws {@link GatewayError} `zerohop_config` where neither `fallbacks` nor `route` is set
   */
  readonly targets: GatewayTargets;
  /**
   * What is spent of the budgets, to look at and to put right.
   *
   * @throws {@link GatewayError} `zerohop_config` where `budgets` is not set
   */
  readonly budgets: GatewayBudgets;
  /** Rows that the request log could not keep. */
  readonly droppedRows: number;
  /** Resolves when everything that settled calls set going (listeners, callbacks) is done. */
  flush(): Promise<void>;
  /** Refuses new calls, waits for those that run, aborts those that take too long, and flushes. */
  close(options?: CloseOptions): Promise<void>;
}

/** The stored answers of a gateway. */
export interface GatewayCache {
  /** Deletes an answer by its key (`x-zerohop-cache-key`, `settlement.cache.key`). Resolves with whether there was one. */
  delete(key: string): Promise<boolean>;
  /** Makes all answers with this tag unfindable, those under way included. Resolves with whether the store took it. */
  deleteByTag(tag: string): Promise<boolean>;
  /** Empties the store: a Keyv of your own as far as its namespace goes. Resolves with whether it could be done. */
  clear(): Promise<boolean>;
  readonly counters: CacheCounters;
}
