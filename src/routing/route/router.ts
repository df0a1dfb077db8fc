import type { Clock } from '../../pipeline/clock.js';
import type { Logger } from '../../pipeline/contract.js';
import { GatewayError } from '../../pipeline/errors.js';
import { refuse } from '../../pipeline/option-checks.js';
import type { Target } from '../../pipeline/target.js';
import { type ClientSource, givenClient, providerClient } from '../../sdk/client-source.js';
import type { CloneOptions } from '../../sdk/clone-client.js';
import { openForeign } from '../../sdk/open-foreign.js';
import type { BreakerOptions, BreakerState } from '../breaker.js';
import type { OwnProviders } from '../own-providers.js';
import { providerNamed, resolveTargetName } from '../provider-table.js';
import type { Candidates, CompiledRoute, PlannedCall } from './candidates.js';
import { compileRoute } from './compile-route.js';
import { RouteHealth } from './route-health.js';
import type { RouteTarget } from './route-target.js';
import type { Route, RouteCall, TargetOptions } from './route-types.js';

/** What a router is made with. */
export interface RouterOptions {
  readonly route: Route;
  readonly providers: OwnProviders | undefined;
  readonly breaker: BreakerOptions | undefined;
  readonly clone: CloneOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A target as it does. */
export interface TargetStatus {
  readonly name: string;
  readonly weight: number;
  readonly region?: string | undefined;
  readonly keyLabel?: string | undefined;
  readonly state: BreakerState | 'disabled';
  readonly inFlight: number;
  /** Averages of the last half minute or so, in ms. */
  readonly firstContentMs?: number | undefined;
  readonly msPerToken?: number | undefined;
  /** Share of recent calls that were answered, from 0 to 1. */
  readonly successRatio: number;
  /** Least share that is left of the provider's limits, from 0 to 1. */
  readonly headroom: number;
}

/** The targets of a gateway, to look at and to change while it runs. */
export interface GatewayTargets {
  list(): readonly TargetStatus[];
  /** Asks it no more, until it is enabled. @throws {@link GatewayError} `zerohop_config` for a name that is none */
  disable(name: string): void;
  enable(name: string): void;
  /** Its share in a balanced group. */
  setWeight(name: string, weight: number): void;
}

const PRIMARY = 'primary';

/** The targets of a gateway, and the route that plans them. */
export class Router implements GatewayTargets {
  readonly #options: RouterOptions;
  readonly #targets = new Map<string, RouteTarget>();
  /** What `primary` stands for, by the name of the client that calls. */
  readonly #primaries = new Map<string, RouteTarget>();
  readonly #route: CompiledRoute;

  constructor(options: RouterOptions, path: string) {
    this.#options = options;
    const { clock } = options;
    this.#route = compileRoute(
      options.route,
      {
        targetOf: (named, at) => this.#targetOf(named, at),
        random: () => clock.random(),
        now: () => clock.now(),
      },
      path,
    );
  }

  /** The targets for a call, one at a time: by the gateway's route, or by another of its own. */
  candidates(call: RouteCall, caller: Target, route = this.#route): Candidates {
    return route.candidates(this.#planned(call, caller));
  }

  #planned(call: RouteCall, caller: Target): PlannedCall {
    const primaryOf = () => this.#primaryOf(caller);
    // Not every route has it.
    return {
      ...call,
      get primary() {
        return primaryOf();
      },
    };
  }

  /** Whether the route would ask this target first, or one that is as good. */
  wouldChoose(name: string, call: RouteCall, caller: Target): boolean {
    const now = this.#options.clock.now();
    const candidates = this.candidates(call, caller);
    for (let step = candidates.next(); !step.done; ) {
      const { target, hasSibling, hedge } = step.value;
      if (target.name === name) return true;
      // What a hedge asks stands in for what it is slow for.
      if (!hasSibling && !hedge && target.health.isAvailable(now)) return false;
      step = candidates.next({ reason: 'unavailable' });
    }
    return false;
  }

  #primaryOf(caller: Target): RouteTarget {
    let target = this.#primaries.get(caller.name);
    if (target === undefined) {
      target = {
        name: caller.name,
        region: undefined,
        keyLabel: PRIMARY,
        weight: 1,
        health: this.#newHealth(caller.name),
        speaks: () => true,
        open: ({ request }, calling) => ({ target: calling, request, removed: [] }),
      };
      this.#primaries.set(caller.name, target);
    }
    return target;
  }

  #newHealth(name: string): RouteHealth {
    const { clock, breaker, logger } = this.#options;
    return new RouteHealth(clock, breaker, (change) => {
      try {
        logger.warn?.(`target ${name}: ${change.kind}`, { target: name, ...change });
      } catch {
        // A logger that fails must not fail a call.
      }
    });
  }

  #targetOf(named: string | TargetOptions, path: string): RouteTarget {
    const target =
      typeof named === 'string' ? this.#fromName(named, path) : this.#from(named, path);
    const known = this.#targets.get(target.name);
    // The same name in two places is the same target.
    if (known && typeof named === 'string') return known;
    if (known) refuse(path, `the name ${target.name} is taken; give it another by \`name\``);
    this.#targets.set(target.name, target);
    return target;
  }

  #fromName(text: string, path: string): RouteTarget {
    const { provider, model } = resolveTargetName(text, this.#options.providers, path);
    return this.#make(text, { model }, providerClient(provider, this.#options.clone));
  }

  #from(options: TargetOptions, path: string): RouteTarget {
    const { client, provider, model, keyLabel } = options;
    if ((client === undefined) === (provider === undefined)) {
      refuse(path, 'must have either `client` or `provider`');
    }
    const { providers, clone } = this.#options;
    const source: ClientSource<RouteCall> =
      client === undefined
        ? providerClient(providerNamed(provider ?? '', providers, path), clone)
        : givenClient<RouteCall>(client, clone);
    const label = keyLabel === undefined ? '' : `#${keyLabel}`;
    const name = options.name ?? `${provider ?? hostOf(client)}${model ? `/${model}` : ''}${label}`;
    return this.#make(name, options, source);
  }

  #make(name: string, options: TargetOptions, source: ClientSource<RouteCall>): RouteTarget {
    const { weight = 1, region, keyLabel, timeouts, maxRetries, model, request, headers } = options;
    const spec = { name, source, model, request, headers, maxRetries };
    return {
      name,
      region,
      keyLabel,
      weight,
      health: this.#newHealth(name),
      speaks: (dialect) => source.dialects?.has(dialect) ?? true,
      open: async (call, caller) => ({
        ...(await openForeign(spec, call, caller)),
        timeouts,
        maxRetries,
      }),
    };
  }

  list(): readonly TargetStatus[] {
    const now = this.#options.clock.now();
    return this.#all().map(({ name, weight, region, keyLabel, health }) => ({
      name,
      weight,
      region,
      keyLabel,
      state: health.breaker.disabled ? 'disabled' : health.breaker.state,
      inFlight: health.stats.inFlight,
      firstContentMs: health.stats.firstContentMs,
      msPerToken: health.stats.msPerToken,
      successRatio: health.stats.successRatio(now),
      headroom: health.stats.headroom(now),
    }));
  }

  disable(name: string): void {
    this.#find(name).health.breaker.disabled = true;
    this.#options.logger.debug?.('target disabled', { target: name });
  }

  enable(name: string): void {
    this.#find(name).health.breaker.disabled = false;
    this.#options.logger.debug?.('target enabled', { target: name });
  }

  setWeight(name: string, weight: number): void {
    if (!(weight >= 0 && Number.isFinite(weight))) {
      refuse('gateway.targets.setWeight', 'the weight must be a number from 0');
    }
    this.#find(name).weight = weight;
    this.#options.logger.debug?.('target weighted', { target: name, weight });
  }

  #all(): readonly RouteTarget[] {
    return [...this.#primaries.values(), ...this.#targets.values()];
  }

  #find(name: string): RouteTarget {
    const found = this.#all().find((target) => target.name === name);
    if (found) return found;
    const known = this.#all().map((target) => target.name);
    throw new GatewayError(`gateway.targets: no target ${name}; there are ${known.join(', ')}`, {
      code: 'zerohop_config',
    });
  }
}

function hostOf(client: TargetOptions['client']): string {
  const baseURL: unknown = typeof client === 'object' ? Reflect.get(client, 'baseURL') : undefined;
  return (typeof baseURL === 'string' ? URL.parse(baseURL)?.host : undefined) ?? 'client';
}
