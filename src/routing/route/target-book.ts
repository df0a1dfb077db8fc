import type { Admission } from '../../pipeline/admission.js';
import type { Clock } from '../../pipeline/clock.js';
import type { Logger } from '../../pipeline/contract.js';
import { GatewayError } from '../../pipeline/errors.js';
import { ownerOf } from '../../pipeline/known-providers.js';
import type { RateLimitOptions } from '../../pipeline/limit-types.js';
import { type Check, refuse } from '../../pipeline/option-checks.js';
import type { ModelPrices, PriceFunction } from '../../pipeline/prices.js';
import { addressOf, type Target } from '../../pipeline/target.js';
import { type ClientSource, givenClient, providerClient } from '../../sdk/client-source.js';
import { isSdkClient } from '../../sdk/client-types.js';
import type { CloneOptions } from '../../sdk/clone-client.js';
import { placeOf } from '../../sdk/place.js';
import type { ProviderEndpoint } from '../../sdk/provider-endpoint.js';
import { Breaker, type BreakerChange, type BreakerOptions, type BreakerState } from '../breaker.js';
import type { OwnProviders } from '../own-providers.js';
import { providerNamed, resolveTargetName, spokenAt } from '../provider-table.js';
import { targetCheck } from './check-route.js';
import { configuredTarget, primaryTarget, type TargetParts } from './configured-target.js';
import { RecentKeys } from './recent-keys.js';
import { RouteHealth } from './route-health.js';
import { type RouteTarget, stateOf } from './route-target.js';
import type { RouteCall, TargetOptions } from './route-types.js';

/** What targets are made with. */
export interface TargetBookOptions {
  readonly providers: OwnProviders | undefined;
  readonly breaker: BreakerOptions | undefined;
  readonly clone: CloneOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly checkPrice: Check;
  readonly checkLimit: Check;
  /** Makes the limits of a target. */
  readonly limiterOf: (options: RateLimitOptions, target: LimitedTarget) => Admission;
  /** Told of every change; does not throw. */
  readonly onChange: (change: TargetChange) => void;
}

/** A target that has limits. */
export interface LimitedTarget {
  readonly name: string;
  /** All calls are made with the same key, so that what is left of its quota says something of the next one. */
  readonly hasOneKey: boolean;
}

/** A target as it does. Wrapped clients with different keys are told apart, under one name. */
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

/** A change of a target: of its user's making, or of its breaker's. */
export type TargetChange =
  | { readonly name: string; readonly change: 'disabled' | 'enabled' | 'half_open' | 'closed' }
  | { readonly name: string; readonly change: 'weight'; readonly weight: number }
  /** It is left alone for `openMs`, for what its last failure was. */
  | {
      readonly name: string;
      readonly change: 'opened';
      readonly reason: string;
      readonly openMs: number;
    };

/** The targets of a gateway, to look at and to change while it runs. */
export interface GatewayTargets {
  list(): readonly TargetStatus[];
  /** Asks it no more, until it is enabled. @throws {@link GatewayError} `zerohop_config` for a name that is none */
  disable(name: string): void;
  enable(name: string): void;
  /** Its share in a balanced group. */
  setWeight(name: string, weight: number): void;
}

/** All targets of a gateway by name: those of its route, and the clients that call. */
export class TargetBook implements GatewayTargets {
  readonly #options: TargetBookOptions;
  readonly #check: Check;
  readonly #targets = new Map<string, RouteTarget>();
  /** What `primary` stands for, by the name of the client that calls, and by its key. */
  readonly #primaries = new Map<string, RecentKeys<RouteTarget>>();
  /** What was set for all of a name. */
  readonly #set = new Map<string, { disabled?: boolean; weight?: number }>();
  readonly #prices = new Map<string, ModelPrices | PriceFunction>();

  constructor(options: TargetBookOptions) {
    this.#options = options;
    this.#check = targetCheck(options);
  }

  /** What targets cost that have a price of their own, by name. */
  get prices(): ReadonlyMap<string, ModelPrices | PriceFunction> {
    return this.#prices;
  }

  primaryOf(caller: Target): RouteTarget {
    const { name } = caller;
    let known = this.#primaries.get(name);
    if (known === undefined) {
      known = new RecentKeys(() => this.#newPrimary(name));
      this.#primaries.set(name, known);
    }
    // Whose money is spent says nothing of anybody else's.
    return known.of(caller.identity().credential);
  }

  #newPrimary(name: string): RouteTarget {
    const target = primaryTarget(name, this.#newHealth(name));
    const { disabled = false, weight = 1 } = this.#set.get(name) ?? {};
    target.health.breaker.disabled = disabled;
    target.weight = weight;
    return target;
  }

  /** The target for `'provider/model'` or for a target's options; the same name in two places is the same target. */
  targetOf(named: string | TargetOptions, path: string): RouteTarget {
    const target =
      typeof named === 'string' ? this.#fromName(named, path) : this.#from(named, path);
    const known = this.#targets.get(target.name);
    if (known && typeof named === 'string') return known;
    if (known) refuse(path, `the name ${target.name} is taken; give it another by \`name\``);
    this.#targets.set(target.name, target);
    return target;
  }

  #fromName(text: string, path: string): RouteTarget {
    const { provider, model } = resolveTargetName(text, this.#options.providers, path);
    return this.#make(text, { model }, this.#providers(provider));
  }

  #from(options: TargetOptions, path: string): RouteTarget {
    this.#check(options, path);
    const { client, provider, model, keyLabel, price, dialect } = options;
    if ((client === undefined) === (provider === undefined)) {
      refuse(path, 'must have either `client` or `provider`');
    }
    const { providers, clone } = this.#options;
    const origin: Origin =
      client === undefined
        ? this.#providers(providerNamed(provider ?? '', providers, path))
        : givenOrigin(givenClient<RouteCall>(client, clone), client);
    const speaks = origin.source.dialects;
    if (dialect !== undefined && speaks?.has(dialect) === false) {
      refuse(`${path}.dialect`, `is none that it speaks: ${[...speaks].join(', ')}`);
    }
    const label = keyLabel === undefined ? '' : `#${keyLabel}`;
    const name = options.name ?? `${provider ?? hostOf(client)}${model ? `/${model}` : ''}${label}`;
    if (price !== undefined) this.#prices.set(name, price);
    return this.#make(name, options, origin);
  }

  #providers(endpoint: ProviderEndpoint): Origin {
    const { provider, baseURL } = endpoint;
    const owner = { provider, owner: ownerOf(provider, addressOf(new URL(baseURL))) };
    return { source: providerClient(endpoint, this.#options.clone), owner };
  }

  #make(name: string, options: TargetOptions, origin: Origin): RouteTarget {
    const { clock, breaker = {} } = this.#options;
    const health = this.#newHealth(name);
    const keys = origin.source.dialects
      ? undefined
      : new RecentKeys(() => new Breaker(breaker, () => clock.random()));
    const { rateLimit } = options;
    const hasOneKey = keys === undefined;
    const admission = rateLimit && this.#options.limiterOf(rateLimit, { name, hasOneKey });
    return configuredTarget({ name, options, ...origin, health, keys, admission });
  }

  #newHealth(name: string): RouteHealth {
    const { clock, breaker } = this.#options;
    return new RouteHealth(clock, breaker, (change) => this.#breakerChanged(name, change));
  }

  #breakerChanged(name: string, change: BreakerChange): void {
    const { clock, logger, onChange } = this.#options;
    try {
      logger.warn?.(`target ${name}: ${change.kind}`, { target: name, ...change });
    } catch {
      // A logger that fails must not fail a call.
    }
    onChange(
      change.kind === 'opened'
        ? { name, change: 'opened', reason: change.reason, openMs: change.until - clock.now() }
        : { name, change: change.kind },
    );
  }

  list(): readonly TargetStatus[] {
    const now = this.#options.clock.now();
    return this.#all().map((target) => {
      const { name, weight, region, keyLabel } = target;
      const { stats } = target.health;
      return {
        name,
        weight,
        region,
        keyLabel,
        state: stateOf(target),
        inFlight: stats.inFlight,
        firstContentMs: stats.firstContentMs,
        msPerToken: stats.msPerToken,
        successRatio: stats.successRatio(now),
        headroom: stats.headroom(now),
      };
    });
  }

  disable(name: string): void {
    this.#switch(name, 'disabled');
  }

  enable(name: string): void {
    this.#switch(name, 'enabled');
  }

  #switch(name: string, change: 'disabled' | 'enabled'): void {
    const disabled = change === 'disabled';
    const changed = this.#find(name).filter(({ health }) => health.breaker.disabled !== disabled);
    this.#set.set(name, { ...this.#set.get(name), disabled });
    if (changed.length === 0) return;
    for (const { health } of changed) health.breaker.disabled = disabled;
    this.#changed({ name, change });
  }

  setWeight(name: string, weight: number): void {
    if (!(weight >= 0 && Number.isFinite(weight))) {
      refuse('gateway.targets.setWeight', 'the weight must be a number from 0');
    }
    const changed = this.#find(name).filter((target) => target.weight !== weight);
    this.#set.set(name, { ...this.#set.get(name), weight });
    if (changed.length === 0) return;
    for (const target of changed) target.weight = weight;
    this.#changed({ name, change: 'weight', weight });
  }

  #changed(change: TargetChange): void {
    this.#options.logger.debug?.(`target ${change.name}: ${change.change}`, { ...change });
    this.#options.onChange(change);
  }

  #all(): readonly RouteTarget[] {
    const primaries = [...this.#primaries.values()].flatMap((keys) => [...keys.values()]);
    return [...primaries, ...this.#targets.values()];
  }

  #find(name: string): readonly RouteTarget[] {
    const found = this.#all().filter((target) => target.name === name);
    if (found.length > 0) return found;
    const known = new Set(this.#all().map((target) => target.name));
    throw new GatewayError(
      `gateway.targets: no target ${name}; there are ${[...known].join(', ')}`,
      {
        code: 'zerohop_config',
      },
    );
  }
}

/** Where a target has its client from, and whose that is. */
type Origin = Pick<TargetParts, 'source' | 'owner'>;

function hostOf(client: TargetOptions['client']): string {
  const baseURL: unknown = typeof client === 'object' ? Reflect.get(client, 'baseURL') : undefined;
  return (typeof baseURL === 'string' ? URL.parse(baseURL)?.host : undefined) ?? 'client';
}

/** A client of the user's, which speaks what is spoken where it is. */
function givenOrigin(source: ClientSource<RouteCall>, client: object): Origin {
  if (!isSdkClient(client)) return { source, owner: undefined };
  const owner = placeOf(client);
  const { dialects } = source;
  return { source: { ...source, dialects: dialects && spokenAt(owner.name, dialects) }, owner };
}
