import type {
  BalanceStrategy,
  FallbackOptions,
  HedgeOptions,
  PrimaryRef,
  Route,
  RouteCall,
  RouteNode,
  TargetOptions,
  TargetRef,
} from './route-types.js';

/** Stands for the wrapped client itself in a route. */
export const primary: PrimaryRef = Object.freeze({ kind: 'primary' });

/** A target: a client of any provider SDK, or a provider by its name, and what to ask of it. */
export function target(options: TargetOptions): TargetRef {
  return { kind: 'target', options };
}

/**
 * Asks the first; where it fails in a way that another may not, the next, and so on. Only what fails before
 * anything of an answer reached the caller is asked for elsewhere.
 *
 * @param routes in order; at the end there may be options
 */
export function fallback(...routes: readonly (Route | FallbackOptions)[]): RouteNode {
  const last = routes.at(-1);
  const options = isOptions(last) ? last : {};
  const children = routes.filter((route): route is Route => !isOptions(route));
  return { kind: 'fallback', children, options };
}

function isOptions(route: Route | FallbackOptions | undefined): route is FallbackOptions {
  return typeof route === 'object' && !('kind' in route);
}

/** Spreads calls over targets that are as good as each other; one that fails is left for another at once. */
export function loadBalance(
  routes: readonly Route[],
  { strategy = 'latency' }: { readonly strategy?: BalanceStrategy | undefined } = {},
): RouteNode {
  return { kind: 'balance', children: [...routes], strategy };
}

/** One route where the predicate holds, another where not. A predicate that throws does not hold. */
export function when(
  predicate: (call: RouteCall) => boolean,
  then: Route,
  otherwise: Route = primary,
): RouteNode {
  return { kind: 'when', predicate, then, otherwise };
}

/**
 * Sends calls with the same key to the same target (rendezvous hashing), so that its prompt cache stays warm;
 * to another only where that one cannot be asked. Calls without a key go anywhere.
 */
export function sticky(
  key: (call: RouteCall) => string | undefined,
  routes: readonly Route[],
): RouteNode {
  return { kind: 'sticky', key, children: [...routes] };
}

/**
 * Asks the second as well where the first is slow. The first content counts, or, of an answer in one piece, the
 * first answer; the other request is given up at once, and stays in the call's attempts with what it cost. A
 * stream is handed over with its first content. Where the first fails, the second is asked as by {@link fallback}.
 *
 * @throws {@link GatewayError} `zerohop_config` at `createGateway()` for a hedge within a hedge
 */
export function hedge(first: Route, second: Route, options: HedgeOptions = {}): RouteNode {
  return { kind: 'hedge', first, second, options };
}

/**
 * Sends a copy of the calls, or of a share of them (0 to 1), to `shadow` as well. What comes of it is read to its
 * end and thrown away: the caller neither sees it nor waits for it. It is a call of its own in spans, rows and
 * settlements, where the decision `mirror` tells which call it copies.
 *
 * @throws {@link GatewayError} `zerohop_config` at `createGateway()` where the share is none
 */
export function mirror(
  route: Route,
  shadow: Route,
  { share = 1 }: { readonly share?: number | undefined } = {},
): RouteNode {
  return { kind: 'mirror', route, shadow, share };
}

/**
 * Sends a share of the calls (0 to 1) elsewhere, the same ones each time where they have a key.
 *
 * @throws {@link GatewayError} `zerohop_config` at `createGateway()` where the share is none
 */
export function canary(
  share: number,
  to: Route,
  {
    key,
    otherwise = primary,
  }: {
    readonly key?: ((call: RouteCall) => string | undefined) | undefined;
    readonly otherwise?: Route | undefined;
  } = {},
): RouteNode {
  return { kind: 'canary', share, key, canary: to, stable: otherwise };
}
