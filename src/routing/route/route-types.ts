/** What a route is written with: targets, and what plans them. Plain data; nothing here does anything. */
import type { Capability } from '../../dialects/request-needs.js';
import type { TranslatedDialect } from '../../dialects/translation/canonical-request.js';
import type { GatewayContext, GatewayRequest, Timeouts } from '../../pipeline/contract.js';
import type { RateLimitOptions } from '../../pipeline/limit-types.js';
import type { ModelPrices, PriceFunction } from '../../pipeline/prices.js';
import type { OnUnsupported } from '../../sdk/shape-request.js';
import type { LeaveReason } from '../leave-policy.js';

/** A call, as the functions of a route see it. */
export interface RouteCall {
  readonly request: GatewayRequest;
  readonly context: GatewayContext;
}

/** Where a call can be sent beside the wrapped client itself. */
export interface TargetOptions {
  /** Unique in a gateway; in spans, rows and headers. @defaultValue the provider and the model, or the client's host */
  readonly name?: string | undefined;
  /** A known provider, or one of `gateway.providers`. Not beside `client`. */
  readonly provider?: string | undefined;
  /** A client of a provider's SDK, or what gives one for a call (a key for each tenant). Not beside `provider`. */
  readonly client?: object | ((call: RouteCall) => object | Promise<object>) | undefined;
  /** Asked for instead of the caller's model. @defaultValue the caller's */
  readonly model?: string | undefined;
  /** Laid over the body (`undefined` removes a member), or a function that gives another. */
  readonly request?:
    | Readonly<Record<string, unknown>>
    | ((body: unknown, call: RouteCall) => unknown)
    | undefined;
  /** Sent beside those of its client. The caller's own headers never go to another target. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Over those of the gateway and the call. */
  readonly timeouts?: Omit<Timeouts, 'total'> | undefined;
  /** Retries at this target. @defaultValue those of the caller's client */
  readonly maxRetries?: number | undefined;
  /** Limits of what is sent to it, beside those of the gateway; each attempt counts. `onLimit: 'next-target'` goes on in the route. @defaultValue none */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Its share in a balanced group; with 0 it only stands in. @defaultValue 1 */
  readonly weight?: number | undefined;
  /** What it costs, for the calls it answers and for the strategy `'cost'`; over `pricing.targets`. @defaultValue the prices of `gateway.pricing` */
  readonly price?: ModelPrices | PriceFunction | undefined;
  /** What it can do. A request that needs what is `false` here is not sent to it. @defaultValue everything */
  readonly capabilities?: Capabilities | undefined;
  /** Parameters (members of the body) that it does not take, beside those that are known to be the caller's provider's own. @defaultValue none */
  readonly unsupported?: readonly string[] | undefined;
  /**
   * What is done about a request with one of them: `'drop'` asks without it, `'error'` passes the target over.
   * A function decides for each. What is in messages (reasoning, cache markers) is always taken out. Where the request
   * is translated, it is told what gets lost, by the names in `docs/translation.md`; what is refused there passes the
   * target over, whatever a function says.
   * @defaultValue 'drop'
   */
  readonly onUnsupported?: OnUnsupported | undefined;
  /**
   * The wire format it is asked in. A call made in another is translated, and so is its answer. @defaultValue the
   * caller's where the target speaks that, else chat completions, or messages where that is all it speaks
   */
  readonly dialect?: TranslatedDialect | undefined;
  /** Bound of an answer, in tokens, where the target's wire format requires one and the call has none (Anthropic). @defaultValue 4096 */
  readonly maxTokens?: number | undefined;
  /** For your own use, in predicates and functions. */
  readonly region?: string | undefined;
  /** Tells several keys of one provider apart, in the name and in `gateway.targets`. */
  readonly keyLabel?: string | undefined;
}

/**
 * What a target can do; what is not named it can. `hostedTools` are those that a provider defines (web search,
 * code execution), `structuredOutput` is an answer held to a JSON schema, `multipleChoices` an `n` above 1.
 */
export type Capabilities = { readonly [Name in Capability]?: boolean | undefined };

/** What a combinator takes: `'provider/model'`, a target, {@link primary}, or what another combinator gave. */
export type Route = string | TargetRef | PrimaryRef | RouteNode;

/** The wrapped client itself, whichever it is. */
export interface PrimaryRef {
  readonly kind: 'primary';
}

/** A target, with its options. */
export interface TargetRef {
  readonly kind: 'target';
  readonly options: TargetOptions;
}

/** What {@link fallback} may do for reasons of its own. */
export interface FallbackOptions {
  /** Asked where the request does not fit the model's context. */
  readonly onContextWindow?: Route | undefined;
  /** Asked where the provider refuses the content. */
  readonly onContentPolicy?: Route | undefined;
  /** Asked where the money or the quota of a key is spent. @defaultValue the next one */
  readonly onQuota?: Route | undefined;
  /** Decides by itself whether the next one is asked; `undefined` leaves it to the rules. */
  readonly leaveOn?: ((reason: LeaveReason) => boolean | undefined) | undefined;
}

/** When {@link hedge} asks the second way, too. */
export interface HedgeOptions {
  /**
   * How long the first may take until its first content, or, of an answer in one piece, until its end: in ms,
   * or `'p95'`: as long as 95 % of its last answers took. Nothing is hedged before 20 of them are known.
   * @defaultValue 'p95'
   */
  readonly after?: number | 'p95' | undefined;
  /** The largest share of the calls that may be asked twice, from 0 to 1. @defaultValue 0.05 */
  readonly share?: number | undefined;
}

/** How a balanced group chooses. */
export type BalanceStrategy =
  /** By weight, at random. */
  | 'weighted'
  /** Of two at random the quicker one: time to first content, time for a token, calls under way, quota left. */
  | 'latency'
  /** The cheapest for this call first, by its estimated size; what has no price comes last. */
  | 'cost'
  /** Best first. */
  | ((targets: readonly TargetView[], call: RouteCall) => readonly TargetView[]);

/** A target as a strategy of the user's sees it. */
export interface TargetView {
  readonly name: string;
  readonly weight: number;
  readonly region: string | undefined;
  readonly keyLabel: string | undefined;
  readonly inFlight: number;
  readonly firstContentMs: number | undefined;
  readonly isAvailable: boolean;
}

/** What plans targets. Made by the combinators. */
export type RouteNode =
  | {
      readonly kind: 'fallback';
      readonly children: readonly Route[];
      readonly options: FallbackOptions;
    }
  | {
      readonly kind: 'balance';
      readonly children: readonly Route[];
      readonly strategy: BalanceStrategy;
    }
  | {
      readonly kind: 'when';
      readonly predicate: (call: RouteCall) => boolean;
      readonly then: Route;
      readonly otherwise: Route;
    }
  | {
      readonly kind: 'sticky';
      readonly key: (call: RouteCall) => string | undefined;
      readonly children: readonly Route[];
    }
  | {
      readonly kind: 'hedge';
      readonly first: Route;
      readonly second: Route;
      readonly options: HedgeOptions;
    }
  | {
      readonly kind: 'mirror';
      readonly route: Route;
      readonly shadow: Route;
      readonly share: number;
    }
  | {
      readonly kind: 'canary';
      readonly share: number;
      readonly key: ((call: RouteCall) => string | undefined) | undefined;
      readonly canary: Route;
      readonly stable: Route;
    };
