import type { UnpricedReason } from '../pipeline/settlement.js';
import { isQualified, isSnapshotOf } from './match-name.js';
import { type Listing, lookUp } from './price-data.js';
import type { PriceSource } from './price-source.js';
import type { ModelPrices, PriceFunction, PricingOptions } from './pricing-options.js';
import { buildRateTable, type RateTable } from './rate-table.js';
import { RecentMap } from './recent-map.js';
import { multiplierFor, type ServiceLevel } from './service-tiers.js';
import { hourAround, isWithin, type Validity } from './validity.js';

/** Most models whose rates are kept, and for each of them most ways of asking for it. */
const MAX_MODELS = 500;
const MAX_ENTRIES = 32;

/** What a usage is priced with, for as long as it holds. */
export interface Entry extends Validity {
  /** Asked in turn, before the rates. */
  readonly functions: readonly PriceFunction[];
  readonly rates: RateTable | UnpricedReason;
  readonly query: RateQuery;
}

/** What the price data gives an entry. */
type Found = Validity & Pick<Entry, 'rates'>;

/** What the rates depend on, beside the size of the input. */
export interface RateQuery {
  readonly provider: string;
  readonly target: string;
  readonly model: string | undefined;
  readonly requestModel: string | undefined;
  readonly at: number;
  readonly level: ServiceLevel;
}

/** Finds the rates of a call and remembers them for the hour. */
export class RateBook {
  readonly #options: PricingOptions;
  readonly #source: () => PriceSource | undefined;
  readonly #entries = new RecentMap<Entry[]>(MAX_MODELS);

  constructor(options: PricingOptions, source: () => PriceSource | undefined) {
    this.#options = options;
    this.#source = source;
  }

  find(query: RateQuery): Entry {
    const name = query.model ?? '';
    // One key of all the parts would cost more than the rest of the price.
    const known = this.#entries.get(name) ?? [];
    const index = known.findIndex((entry) => isSame(entry.query, query));
    const found = known[index];
    if (found !== undefined && isWithin(found, query.at)) return found;
    const entry = this.#resolve(query);
    if (index === -1) this.#entries.set(name, [...known.slice(1 - MAX_ENTRIES), entry]);
    else known[index] = entry;
    return entry;
  }

  #resolve(query: RateQuery): Entry {
    const functions: PriceFunction[] = [];
    for (const given of this.#overrides(query)) {
      if (typeof given !== 'function') {
        const listing = { prices: given, approximate: false };
        return { query, functions, rates: this.#tableOf(listing, query), ...hourAround(query.at) };
      }
      functions.push(given);
    }
    return { query, functions, ...this.#fromData(query) };
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

  #fromData(query: RateQuery): Found {
    const { provider, at } = query;
    const source = this.#source();
    if (source === undefined) return { rates: 'no_prices', ...hourAround(at) };
    let likeness: Found | undefined;
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

function isSame(one: RateQuery, other: RateQuery): boolean {
  return (
    one.provider === other.provider &&
    one.target === other.target &&
    one.model === other.model &&
    one.requestModel === other.requestModel &&
    one.level.tier === other.level.tier &&
    one.level.speed === other.level.speed &&
    one.level.geo === other.level.geo
  );
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
