import { AsyncLocalStorage } from 'node:async_hooks';
import { ResponseCache } from '../cache/response-cache.js';
import { CallLog } from '../logs/log.js';
import type { GatewayBudgets } from '../pipeline/budget-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { CallPort } from '../pipeline/call-port.js';
import { systemClock } from '../pipeline/clock.js';
import type { CallOptions, Logger } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Feature } from '../pipeline/feature.js';
import { HealthBook } from '../routing/health-book.js';
import type { GatewayTargets } from '../routing/route/target-book.js';
import type { CloneOptions } from '../sdk/clone-client.js';
import { wrapClient } from '../sdk/wrap-client.js';
import { type GatewayStats, Statistics } from '../stats/stats.js';
import { telemetry } from '../telemetry/telemetry.js';
import { createTransport, type Fetch } from '../transport/transport.js';
import { sizesOf } from './call-parts.js';
import type { CostEstimates } from './cost-estimates.js';
import { explain } from './explain.js';
import type { AnyExplainRequest, Explanation } from './explain-types.js';
import type { CloseOptions, Gateway, GatewayEvents } from './gateway.js';
import { createGatewayFetch } from './gateway-fetch.js';
import { checkCallOptions, checkGatewayOptions, type GatewayOptions } from './gateway-options.js';
import { Listeners } from './listeners.js';
import { makeBudgets } from './make-budgets.js';
import { Limiters } from './make-limiter.js';
import { makeRouting } from './make-router.js';
import { openCall, type RunnerOptions } from './open-call.js';

const DEFAULT_CLOSE_MS = 30_000;
/** What is left for flushing where the calls have taken all the time. */
const MIN_FLUSH_MS = 1_000;

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
function telemetryOf(options: GatewayOptions, limiters: Limiters): Feature | undefined {
  const { telemetry: asked = true, interceptors = [], fallbacks = [], budgets = [] } = options;
  if (asked === false) return undefined;
  const isOn =
    interceptors.length + fallbacks.length + budgets.length > 0 ||
    options.route !== undefined ||
    options.rateLimit !== undefined;
  const hasGatewayFeatures = ({ usesCache }: CallContext) => isOn || usesCache;
  // A meter lives as long as the process, which a gateway need not.
  const all = new WeakRef(limiters);
  const limits = () => all.deref()?.stats() ?? [];
  return telemetry(asked === true ? {} : asked, { hasGatewayFeatures, limits });
}

class EmbeddedGateway implements Gateway, CallPort {
  readonly fetch: Fetch;
  readonly #options: GatewayOptions;
  readonly #runner: RunnerOptions;
  readonly #logger: Logger;
  readonly #running = new Set<CallContext>();
  readonly #pending = new Set<PromiseLike<unknown>>();
  readonly #background = (work: PromiseLike<unknown>) => this.#track(work);
  readonly #listeners: Listeners;
  readonly #estimates: CostEstimates;
  readonly #idle: (() => void)[] = [];
  readonly #log: CallLog | undefined;
  readonly #stats: Statistics | undefined;
  readonly #limiters: Limiters;
  #cache: ResponseCache | undefined;
  #scopes: AsyncLocalStorage<CallOptions> | undefined;
  #bypassed = process.env.ZEROHOP_DISABLED === '1';
  #closed = false;
  #prepared = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#logger = options.logger ?? {};
    const clock = options.clock ?? systemClock;
    this.#listeners = new Listeners(this.#logger, (work) => this.#track(work));
    this.#limiters = new Limiters({ clock, logger: this.#logger });
    const { router, pricer, estimates } = makeRouting(options, {
      clone: this.#cloneOptions(),
      limiters: this.#limiters,
      clock,
      logger: this.#logger,
      onChange: (change) => this.#listeners.tell('target-changed', change),
    });
    this.#log = options.log && new CallLog(options.log, this.#logger);
    this.#stats = options.stats ? new Statistics(clock) : undefined;
    this.#estimates = estimates;
    this.#runner = {
      options,
      sizes: sizesOf(options),
      clock,
      logger: this.#logger,
      health: new HealthBook(),
      features: [telemetryOf(options, this.#limiters), this.#log, this.#stats].filter(
        (feature) => feature !== undefined,
      ),
      router,
      limiter: options.rateLimit && this.#limiters.make(options.rateLimit),
      limiters: this.#limiters,
      budgets: makeBudgets(options, {
        ...{ clock, pricer, router, logger: this.#logger },
        emit: (event) => this.#listeners.tell('budget', event),
        background: this.#background,
      }),
      cache: () => this.cache,
      pricer,
      prepare: () => this.#prepare(),
      scope: () => this.#scopes?.getStore(),
      hasListeners: () => this.#listeners.has('settled'),
      onOpen: (context) => this.#opened(context),
      onSettled: (context) => this.#settled(context),
    };
    this.fetch = createGatewayFetch(this, {
      transport: createTransport({ mode: options.transport }),
      origins: options.origins,
    });
    // A store that is none is to be known at once.
    if (options.cache) void this.cache;
  }

  get cache(): ResponseCache {
    const { cache } = this.#options;
    this.#cache ??= new ResponseCache(typeof cache === 'object' ? cache : {}, {
      clock: this.#runner.clock,
      logger: this.#logger,
      background: this.#background,
    });
    return this.#cache;
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
    context.background = this.#background;
    this.#running.add(context);
  }

  #settled(context: CallContext): void {
    this.#running.delete(context);
    this.#runner.budgets?.settled(context);
    if (this.#listeners.has('settled')) this.#listeners.tell('settled', context.settlement());
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
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

  #cloneOptions(): CloneOptions {
    const { transport: mode, telemetry: spans } = this.#options;
    return {
      transport: (userFetch) => createTransport({ fetch: userFetch as Fetch | undefined, mode }),
      note: (message) => this.#logger.warn?.(message),
      mutesSpans: spans !== false,
    };
  }

  get targets(): GatewayTargets {
    if (this.#runner.router) return this.#runner.router.targets;
    throw new GatewayError('gateway.targets: there are none; set `fallbacks` or `route`', {
      code: 'zerohop_config',
    });
  }

  get budgets(): GatewayBudgets {
    if (this.#runner.budgets) return this.#runner.budgets;
    throw new GatewayError('gateway.budgets: there are none; set `budgets`', {
      code: 'zerohop_config',
    });
  }

  wrap<Client extends object>(client: Client): Client & { readonly gateway: Gateway } {
    const wrapped = wrapClient(client, { ...this.#cloneOptions(), port: this, gateway: this });
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
    name: Name,
    listener: (event: GatewayEvents[Name]) => unknown,
  ): () => void {
    return this.#listeners.add(name, listener);
  }

  explain(request: AnyExplainRequest): Promise<Explanation> {
    const { isBypassed: bypassed } = this;
    const explaining = {
      gateway: this,
      runner: this.#runner,
      estimates: this.#estimates,
      limiters: this.#limiters,
      bypassed,
    };
    return explain(explaining, request);
  }

  bypass(on: boolean): void {
    this.#bypassed = on;
  }

  async flush(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    const { budgets } = this.#runner;
    await Promise.all([budgets?.flush(), this.#limiters.flush(), this.#log?.flush()]);
  }

  stats(): GatewayStats {
    if (this.#stats) {
      const budgets = this.#runner.budgets?.stats() ?? [];
      return { ...this.#stats.read(), limits: this.#limiters.stats(), budgets };
    }
    throw new GatewayError('gateway.stats: not counted; make the gateway with `stats: true`', {
      code: 'zerohop_config',
    });
  }

  get droppedRows(): number {
    return this.#log?.dropped ?? 0;
  }

  async close({ timeoutMs = DEFAULT_CLOSE_MS }: CloseOptions = {}): Promise<void> {
    this.#closed = true;
    const { clock } = this.#runner;
    const until = clock.now() + timeoutMs;
    if (this.#running.size > 0) await this.#drained(timeoutMs);
    const flushed = this.flush().then(() => this.#log?.close());
    // A sink of the user's may never be done.
    const late = Promise.withResolvers<void>();
    const stop = clock.timer(Math.max(until - clock.now(), MIN_FLUSH_MS), late.resolve);
    await Promise.race([flushed, late.promise]).finally(stop);
    this.#limiters.close();
  }

  #drained(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#runner;
      let stop = clock.timer(timeoutMs, () => {
        for (const { controller } of this.#running) {
          controller.abort(new GatewayError('the gateway was closed', { code: 'zerohop_closed' }));
        }
        // They settle by themselves, unless nobody reads them: their rows are to be written, too.
        stop = clock.timer(MIN_FLUSH_MS, resolve);
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
