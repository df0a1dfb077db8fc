import type { CacheCounters } from '../cache/shelf.js';
import type { CallOptions } from '../pipeline/contract.js';
import type { Settlement } from '../pipeline/settlement.js';
import type { GatewayTargets } from '../routing/route/router.js';
import type { GatewayStats } from '../stats/stats.js';
import type { Fetch } from '../transport/transport.js';

/** What can be listened to. */
export interface GatewayEvents {
  /** A call has settled; once for each. */
  readonly settled: Settlement;
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
  /** Calls `listener` for every settlement; returns what stops it. */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (event: GatewayEvents[Name]) => unknown,
  ): () => void;
  /** `true` leaves all calls to the bare SDK until it is set to `false`. Also: the environment variable `ZEROHOP_DISABLED=1`. */
  bypass(on: boolean): void;
  /**
   * The calls of the last minutes, in all and by target and model.
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
