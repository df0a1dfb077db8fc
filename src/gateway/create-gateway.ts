import { AsyncLocalStorage } from 'node:async_hooks';
import { CallLog } from '../logs/log.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { CallPort } from '../pipeline/call-port.js';
import { systemClock } from '../pipeline/clock.js';
import type { CallOptions, Logger } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Feature } from '../pipeline/feature.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { Settlement } from '../pipeline/settlement.js';
import { createPricer } from '../pricing/create-pricer.js';
import { HealthBook } from '../routing/health-book.js';
import { wrapClient } from '../sdk/wrap-client.js';
import { type GatewayStats, Statistics } from '../stats/stats.js';
import { telemetry } from '../telemetry/telemetry.js';
import { createTransport, type Fetch } from '../transport/transport.js';
import { createGatewayFetch } from './gateway-fetch.js';
import { checkCallOptions, checkGatewayOptions, type GatewayOptions } from './gateway-options.js';
import { openCall, type RunnerOptions } from './open-call.js';

/** What can be listened to. */
export interface GatewayEvents {
  /** A call has settled; once for each. */
  readonly settled: Settlement;
}

/** How long `close()` waits. */
export interface CloseOptions {
  /** Calls still running after this are aborted. In ms. @defaultValue 30000 */
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
  /** Rows that the request log could not keep. */
  readonly droppedRows: number;
  /** Resolves when everything that settled calls set going (listeners, callbacks) is done. */
  flush(): Promise<void>;
  /** Refuses new calls, waits for those that run, aborts those that take too long, and flushes. */
  close(options?: CloseOptions): Promise<void>;
}

const DEFAULT_CLOSE_MS = 30_000;

/**
 * Makes a gateway.
 *
 * @throws {@link GatewayError} `zerohop_config` that names the bad option by its path
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  checkGatewayOptions(options);
  return new EmbeddedGateway(options);
}

/** Telemetry, unless it is off. An interceptor of the call ring may answer, repeat or change a call, so such calls have a span of their own. */
function telemetryOf({
  telemetry: asked = true,
  interceptors = [],
}: GatewayOptions): Feature | undefined {
  if (asked === false) return undefined;
  const hasGatewayFeatures = () => interceptors.length > 0;
  return telemetry(asked === true ? {} : asked, { hasGatewayFeatures });
}

class EmbeddedGateway implements Gateway, CallPort {
  readonly fetch: Fetch;
  readonly #options: GatewayOptions;
  readonly #runner: RunnerOptions;
  readonly #logger: Logger;
  readonly #running = new Set<CallContext>();
  readonly #pending = new Set<PromiseLike<unknown>>();
  readonly #listeners = new Set<(settlement: Settlement) => unknown>();
  readonly #idle: (() => void)[] = [];
  readonly #log: CallLog | undefined;
  readonly #stats: Statistics | undefined;
  #scopes: AsyncLocalStorage<CallOptions> | undefined;
  #bypassed = process.env.ZEROHOP_DISABLED === '1';
  #closed = false;
  #prepared = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#logger = options.logger ?? {};
    const clock = options.clock ?? systemClock;
    this.#log = options.log && new CallLog(options.log, this.#logger);
    this.#stats = options.stats ? new Statistics(clock) : undefined;
    this.#runner = {
      options,
      clock,
      logger: this.#logger,
      health: new HealthBook(),
      features: [telemetryOf(options), this.#log, this.#stats].filter(
        (feature) => feature !== undefined,
      ),
      pricer: pricerFor(options.pricing, this.#logger),
      prepare: () => this.#prepare(),
      scope: () => this.#scopes?.getStore(),
      hasListeners: () => this.#listeners.size > 0,
      onOpen: (context) => this.#opened(context),
      onSettled: (context) => this.#settled(context),
    };
    this.fetch = createGatewayFetch(this, {
      transport: createTransport({ mode: options.transport }),
      origins: options.origins,
    });
  }

  get isBypassed(): boolean {
    return this.#bypassed || this.#scopes?.getStore()?.bypass === true;
  }

  open(input: Parameters<CallPort['open']>[0]): ReturnType<CallPort['open']> {
    return openCall(this.#runner, input);
  }

  #prepare(): void {
    if (this.#prepared) return;
    this.#prepared = true;
    // Not now: the first request is to leave first.
    setImmediate(() => this.#runner.pricer?.prepare()).unref();
  }

  #opened(context: CallContext): void {
    if (this.#closed) {
      context.controller.abort(
        new GatewayError('the gateway is closed', { code: 'zerohop_closed' }),
      );
      return;
    }
    context.background = (work) => this.#track(work);
    this.#running.add(context);
  }

  #settled(context: CallContext): void {
    this.#running.delete(context);
    if (this.#listeners.size > 0) {
      const settlement = context.settlement();
      for (const listener of this.#listeners) this.#notify(listener, settlement);
    }
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #notify(listener: (settlement: Settlement) => unknown, settlement: Settlement): void {
    try {
      const result = listener(settlement);
      if (typeof result === 'object' && result !== null && 'then' in result) {
        // An async listener's promise.
        this.#track(result as PromiseLike<unknown>);
      }
    } catch (error) {
      this.#logger.error?.('a settled listener threw', { error: String(error) });
    }
  }

  #track(work: PromiseLike<unknown>): void {
    const tracked = Promise.resolve(work).then(
      () => undefined,
      (error: unknown) =>
        this.#logger.error?.('work after a call failed', { error: String(error) }),
    );
    this.#pending.add(tracked);
    void tracked.then(() => this.#pending.delete(tracked));
    this.#options.waitUntil?.(tracked);
  }

  wrap<Client extends object>(client: Client): Client & { readonly gateway: Gateway } {
    const { transport: mode } = this.#options;
    const wrapped = wrapClient(client, {
      port: this,
      gateway: this,
      transport: (userFetch) => createTransport({ fetch: userFetch as Fetch | undefined, mode }),
      note: (message) => this.#logger.warn?.(message),
      mutesSpans: this.#options.telemetry !== false,
    });
    // wrapClient() defines it.
    return wrapped as Client & { readonly gateway: Gateway };
  }

  run<Result>(options: CallOptions, work: () => Result): Result {
    checkCallOptions(options, 'run');
    this.#scopes ??= new AsyncLocalStorage();
    const outer = this.#scopes.getStore();
    const metadata = { ...outer?.metadata, ...options.metadata };
    const timeouts = { ...outer?.timeouts, ...options.timeouts };
    return this.#scopes.run({ ...outer, ...options, metadata, timeouts }, work);
  }

  on<Name extends keyof GatewayEvents>(
    _name: Name,
    listener: (event: GatewayEvents[Name]) => unknown,
  ): () => void {
    // A function of its own, so that the same listener can be added twice.
    const own = (settlement: Settlement) => listener(settlement);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  bypass(on: boolean): void {
    this.#bypassed = on;
  }

  async flush(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.#log?.flush();
  }

  stats(): GatewayStats {
    if (this.#stats) return this.#stats.read();
    throw new GatewayError('gateway.stats: not counted; make the gateway with `stats: true`', {
      code: 'zerohop_config',
    });
  }

  get droppedRows(): number {
    return this.#log?.dropped ?? 0;
  }

  async close({ timeoutMs = DEFAULT_CLOSE_MS }: CloseOptions = {}): Promise<void> {
    this.#closed = true;
    if (this.#running.size > 0) await this.#drained(timeoutMs);
    await this.flush();
  }

  #drained(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#runner.clock.timer(timeoutMs, () => {
        for (const { controller } of this.#running) {
          controller.abort(new GatewayError('the gateway was closed', { code: 'zerohop_closed' }));
        }
        resolve();
      });
      this.#idle.push(() => {
        stop();
        resolve();
      });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Nothing where pricing is off: then a call has no cost, and the price data is never loaded. */
function pricerFor(pricing: GatewayOptions['pricing'] = true, logger: Logger): Pricer | undefined {
  if (pricing === false) return undefined;
  return createPricer(pricing === true ? {} : pricing, { logger });
}
