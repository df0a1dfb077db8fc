import { checkBudgets } from '../budgets/budget-options.js';
import { type CacheOptions, checkCache, checkCacheCall } from '../cache/cache-options.js';
import { checkRateLimit } from '../limits/limit-options.js';
import type { LogOptions } from '../logs/log.js';
import type { BudgetOptions } from '../pipeline/budget-types.js';
import { type Clock, MAX_TIMER_MS } from '../pipeline/clock.js';
import type { CallOptions, Interceptor, Logger, Metadata, Timeouts } from '../pipeline/contract.js';
import type { ForwardMetadataOptions } from '../pipeline/forward-metadata.js';
import type { RateLimitOptions } from '../pipeline/limit-types.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isFunction,
  isListOf,
  isNumber,
  isOneOf,
  isPlainObject,
  isText,
  refuse,
} from '../pipeline/option-checks.js';
import { checkPricing } from '../pricing/check-pricing.js';
import type { PricingOptions } from '../pricing/pricing-options.js';
import type { BreakerOptions } from '../routing/breaker.js';
import { checkProviders, type OwnProviders } from '../routing/own-providers.js';
import { checkBreaker, checkRoute } from '../routing/route/check-route.js';
import type { Route } from '../routing/route/route-types.js';
import { checkTelemetryOptions, type TelemetryOptions } from '../telemetry/telemetry-options.js';

/** What a gateway is made with. */
export interface GatewayOptions extends Omit<CallOptions, 'bypass' | 'cache'> {
  /** The call ring: run once for a call, around retries. The first one is the outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** The attempt ring: run for every request that is sent. The first one is the outermost. */
  readonly attemptInterceptors?: readonly Interceptor[] | undefined;
  /** Tags for every call. */
  readonly metadata?: Metadata | undefined;
  readonly timeouts?: Timeouts | undefined;
  readonly limits?: SizeLimits | undefined;
  /** Whether a stream's usage is asked for where the caller did not ask (`stream_options.include_usage`); what comes of it is not shown to the caller. `'auto'`: when somebody listens to settlements. @defaultValue 'auto' */
  readonly streamUsage?: 'auto' | 'always' | 'never' | undefined;
  /** How bytes leave: `'auto'` sends on the runtime's dispatcher directly where nothing is lost, `'fetch'` always uses the global `fetch`. @defaultValue 'auto' */
  readonly transport?: 'auto' | 'fetch' | undefined;
  /** Origins that `gateway.fetch` may send to, such as `https://api.openai.com`. @defaultValue any https origin, and http on loopback */
  readonly origins?: readonly string[] | undefined;
  /** The response cache; `true` is one in this process's memory, with answers that live an hour. @defaultValue off */
  readonly cache?: boolean | CacheOptions | undefined;
  /** Asked in turn where the wrapped client's own provider fails: `'provider/model'`, or `target({…})`. Not beside `route`. @defaultValue none */
  readonly fallbacks?: readonly Route[] | undefined;
  /** Where calls go, as a tree of `fallback`, `loadBalance`, `when`, `sticky` and `canary`. @defaultValue `primary` */
  readonly route?: Route | undefined;
  /** Providers of your own, by the name they have in `'provider/model'`. */
  readonly providers?: OwnProviders | undefined;
  /** When a target of the route is left alone, and for how long. */
  readonly breaker?: (BreakerOptions & BreakerPolicy) | undefined;
  /** Limits of the requests that this application sends, whichever target they go to. @defaultValue none */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Limits of what calls may spend, in money or tokens, over a period. @defaultValue none */
  readonly budgets?: readonly BudgetOptions[] | undefined;
  /** The request log: one row for every call, to a function or to a file of JSON lines. @defaultValue off */
  readonly log?: LogOptions | undefined;
  /** OpenTelemetry spans and metrics, to whatever providers the application registers; costs next to nothing as long as there are none. @defaultValue true */
  readonly telemetry?: boolean | TelemetryOptions | undefined;
  /** Counts the calls of the last quarter of an hour, for `gateway.stats()`. @defaultValue false */
  readonly stats?: boolean | undefined;
  /** How calls are priced; `false` is not at all, and loads nothing. @defaultValue true */
  readonly pricing?: boolean | PricingOptions | undefined;
  /** What of the metadata is sent to providers. @defaultValue nothing */
  readonly forwardMetadata?: ForwardMetadataOptions | undefined;
  /** Where the gateway reports what must not fail a call. @defaultValue silent */
  readonly logger?: Logger | undefined;
  /** Keeps a serverless function alive until the work handed to it is done (`ctx.waitUntil`). */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Time and chance. For tests. @defaultValue the machine's */
  readonly clock?: Clock | undefined;
}

/** What is done where no breaker lets a call through. */
export interface BreakerPolicy {
  /** `'refuse'`: an error at once that lists the targets, with why and until when; `'least-bad'`: the one that would be asked again first is asked now, unless it asked to be left alone. @defaultValue 'refuse' */
  readonly allOpen?: 'refuse' | 'least-bad' | undefined;
}

/** Limits that keep a hostile or broken upstream from filling the memory. */
export interface SizeLimits {
  /** Largest body that is collected, in bytes after decompression. @defaultValue 268435456 (256 MiB) */
  readonly maxBodyBytes?: number | undefined;
  /** Largest single event of a stream, in bytes. @defaultValue 67108864 (64 MiB) */
  readonly maxEventBytes?: number | undefined;
}

export const DEFAULT_MAX_BODY_BYTES = 256 * 1024 * 1024;
export const DEFAULT_MAX_EVENT_BYTES = 64 * 1024 * 1024;
/** Most attempts a call may make over all its targets. */
export const MAX_ATTEMPTS = 12;

const isOrigin: Check = (value, path) => {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || url.origin !== String(value).replace(/\/$/, '')) {
    refuse(path, "must be an origin such as 'https://api.openai.com'");
  }
};

const milliseconds = isNumber(1, MAX_TIMER_MS, false);
const isTimeouts = hasShape({
  connect: milliseconds,
  firstByte: milliseconds,
  idle: milliseconds,
  total: milliseconds,
});
const bytes = isNumber(1, Number.MAX_SAFE_INTEGER, true);
const isOnInterrupted: Check = (value, path) => {
  if (value === 'error' || value === 'continue' || typeof value === 'function') return;
  refuse(path, "must be 'error', 'continue' or a function");
};
const callChecks = {
  metadata: isPlainObject as Check,
  timeouts: isTimeouts,
  maxAttempts: isNumber(1, MAX_ATTEMPTS, true),
  onInterrupted: isOnInterrupted,
  tenant: isText,
};
const isCallOptions = hasShape({ ...callChecks, bypass: isBoolean, cache: checkCacheCall });
const logContent = {
  bodies: isBoolean,
  maxBodyBytes: isNumber(0, MAX_TIMER_MS, true),
  redact: isFunction,
};
const isSinkLog = hasShape({ ...logContent, sink: isFunction });
const isFileLog = hasShape({
  ...logContent,
  file: isText,
  maxBytes: isNumber(1, Number.MAX_SAFE_INTEGER, true),
  maxFiles: isNumber(0, 1_000, true),
  maxBuffered: isNumber(1, 10_000_000, true),
  intervalMs: isNumber(0, MAX_TIMER_MS, false),
});
const isLog: Check = (value, path) => {
  if (typeof value === 'function') return;
  isPlainObject(value, path);
  if ('sink' in value) isSinkLog(value, path);
  else if ('file' in value) isFileLog(value, path);
  else refuse(path, 'must be a function, or an object with `file` or `sink`');
};
const isGatewayOptions = hasShape({
  ...callChecks,
  interceptors: isListOf(isFunction),
  attemptInterceptors: isListOf(isFunction),
  limits: hasShape({ maxBodyBytes: bytes, maxEventBytes: bytes }),
  streamUsage: isOneOf('auto', 'always', 'never'),
  transport: isOneOf('auto', 'fetch'),
  cache: checkCache,
  fallbacks: isListOf(checkRoute),
  route: checkRoute,
  providers: checkProviders,
  breaker: checkBreaker,
  rateLimit: checkRateLimit,
  budgets: checkBudgets,
  origins: isListOf(isOrigin),
  log: isLog,
  telemetry: checkTelemetryOptions,
  stats: isBoolean,
  pricing: checkPricing,
  forwardMetadata: hasShape({ user: isText, metadata: isListOf(isText) }),
  logger: isPlainObject as Check,
  waitUntil: isFunction,
  clock: isPlainObject as Check,
});

/** Checks a gateway's options; names the first bad one by its path under `gateway`. */
export function checkGatewayOptions(options: unknown): asserts options is GatewayOptions {
  isGatewayOptions(options, 'gateway');
  // Checked just above.
  const { fallbacks, route } = options as GatewayOptions;
  if (fallbacks && route) refuse('gateway.fallbacks', 'not beside `route`: put them into it');
}

/** Checks one call's options. */
export function checkCallOptions(options: unknown, path: string): asserts options is CallOptions {
  isCallOptions(options, path);
}
