import type { PricedUsage } from '../pipeline/pricer.js';
import type { UnpricedReason } from '../pipeline/settlement.js';
import { isQualified, isSnapshotOf } from './match-name.js';
import { type Listing, lookUp } from './price-data.js';
import type { PriceSource } from './price-source.js';
import type { ModelPrices, PriceFunction, PricingOptions } from './pricing-options.js';
import { buildRateTable, type RateTable } from './rate-table.js';
import { RecentMap } from './recent-map.js';
import { multiplierFor, type ServiceLevel } from './service-tiers.js';
import { hourAround, isWithin, type Validity } from './validity.js';

/** Most combinations of target, model and tier whose rates are kept. */
const MAX_ENTRIES = 500;

/** What a usage is priced with, for as long as it holds. */
export interface Entry extends Validity {
  /** Asked in turn, before the rates. */
  readonly functions: readonly PriceFunction[];
  readonly rates: RateTable | UnpricedReason;
}

/** What the rates depend on, beside the size of the input. */
export interface RateQuery
  extends Pick<PricedUsage, 'provider' | 'target' | 'model' | 'requestModel' | 'at'> {
  readonly level: ServiceLevel;
}

/** Finds the rates of a call and remembers them for the hour. */
export class RateBook {
  readonly #options: PricingOptions;
  readonly #source: () => PriceSource | undefined;
  readonly #entries = new RecentMap<Entry>(MAX_ENTRIES);

  constructor(options: PricingOptions, source: () => PriceSource | undefined) {
    this.#options = options;
    this.#source = source;
  }

  find(query: RateQuery): Entry {
    const { provider, target, model, requestModel, at, level } = query;
    const key = `${model}\n${provider}\n${target}\n${requestModel}\n${level.tier}\n${level.speed}\n${level.geo}`;
    const known = this.#entries.get(key);
    if (known !== undefined && isWithin(known, at)) return known;
    const entry = this.#resolve(query);
    this.#entries.set(key, entry);
    return entry;
  }

  #resolve(query: RateQuery): Entry {
    const functions: PriceFunction[] = [];
    for (const given of this.#overrides(query)) {
      if (typeof given !== 'function') {
        const listing = { prices: given, approximate: false };
        return { functions, rates: this.#tableOf(listing, query), ...hourAround(query.at) };
      }
      functions.push(given);
    }
    return { functions, ...this.#fromData(query) };
  }

  #overrides(query: RateQuery): (ModelPrices | PriceFunction)[] {
    const { targets = {}, models = {} } = this.#options;
    const { target } = query;
    const model = namesOf(query).find((name) => Object.hasOwn(models, name));
    return [
      Object.hasOwn(targets, target) ? targets[target] : undefined,
      model === undefined ? undefined : models[model],
    ].filter((given) => given !== undefined);
  }

  #fromData(query: RateQuery): Omit<Entry, 'functions'> {
    const { provider, at } = query;
    const source = this.#source();
    if (source === undefined) return { rates: 'no_prices', ...hourAround(at) };
    let likeness: Omit<Entry, 'functions'> | undefined;
    for (const model of listedNamesOf(query)) {
      const found = lookUp(source, { provider, model, at });
      if (found === undefined) continue;
      const { listing, match } = found;
      const entry = { rates: this.#tableOf(listing, query), ...hourAround(at, match.model) };
      if (!listing.approximate) return entry;
      likeness ??= entry;
    }
    if (likeness !== undefined && this.#options.approximate === true) return likeness;
    return { rates: 'unknown_model', ...hourAround(at) };
  }

  #tableOf({ prices, approximate }: Listing, query: RateQuery): RateTable | UnpricedReason {
    const { provider, level } = query;
    const models = namesOf(query);
    const multiplier = multiplierFor(level, { provider, models, prices, options: this.#options });
    if (multiplier === undefined) return 'unknown_rate';
    return buildRateTable(prices, { multiplier, approximate });
  }
}

/** The names a model may have been given a price under. */
function namesOf({ model, requestModel }: RateQuery): readonly string[] {
  return [model, requestModel].filter((name) => name !== undefined);
}

/** The names to look up in the price data, best first. What was asked for counts where it is the same model. */
function listedNamesOf({ model: answered, requestModel: asked }: RateQuery): readonly string[] {
  if (answered === undefined || asked === undefined) {
    return [answered ?? asked].filter((name) => name !== undefined);
  }
  // Bedrock answers without the region, on which the price depends.
  if (isQualified(asked, answered)) return [asked, answered];
  return isSnapshotOf(answered, asked) ? [answered, asked] : [answered];
}
