import type { Logger } from '../pipeline/contract.js';
import type { PricedUsage, Pricer } from '../pipeline/pricer.js';
import type { CostResult, UnpricedReason, Usage, UsageIteration } from '../pipeline/settlement.js';
import { addCharges, type Charges, chargeCall, chargeFees, chargeTokens } from './charge-usage.js';
import { reportedDollars, sumCosts, toCost, unpriced } from './costs.js';
import { fromDollars } from './money.js';
import { loadPriceSource, type PriceSource } from './price-source.js';
import type { PriceFunction, PricingOptions } from './pricing-options.js';
import { type Entry, RateBook, type RateQuery } from './rate-book.js';
import type { RateTable } from './rate-table.js';
import { serviceLevelOf } from './service-tiers.js';

/** Most models that are warned of, and most characters of their names. */
const MAX_WARNINGS = 500;
const MAX_NAME = 100;
/** What the options can put right. */
const WARNED_OF: ReadonlySet<UnpricedReason> = new Set([
  'unknown_model',
  'unknown_rate',
  'price_function',
]);

/** What a pricer works with. */
export interface PricerDependencies {
  readonly logger: Logger;
  /** Loads the price data. @defaultValue the package, when first needed */
  readonly load?: (() => PriceSource) | undefined;
}

/**
 * Makes what prices calls: as the provider reported it, else by the prices of the options, else by the
 * price data, else not at all and says why. Loads the price data when the first call needs it.
 */
export function createPricer(options: PricingOptions = {}, deps: PricerDependencies): Pricer {
  return new RatePricer(options, deps);
}

class RatePricer implements Pricer {
  readonly #book: RateBook;
  readonly #logger: Logger;
  readonly #load: () => PriceSource;
  readonly #warned = new Set<string>();
  /** `null` once it could not be loaded. */
  #source: PriceSource | null | undefined;

  constructor(options: PricingOptions, { logger, load = loadPriceSource }: PricerDependencies) {
    this.#logger = logger;
    this.#load = load;
    this.#source = options.source;
    this.#book = new RateBook(options, () => this.#loaded());
  }

  prepare(): void {
    this.#loaded();
  }

  price(priced: PricedUsage): CostResult {
    const { usage } = priced;
    if (usage === undefined) return unpriced('no_usage');
    const reported = reportedDollars(usage);
    if (reported !== undefined) {
      return toCost({ total: fromDollars(reported) }, 'provider');
    }
    if (usage.invalid) return unpriced('invalid_usage');
    const { provider, target, model, requestModel, at } = priced;
    const level = serviceLevelOf(priced);
    const query: RateQuery = { provider, target, model, requestModel, at, level };
    const entry = this.#book.find(query);
    const charges = this.#ask(entry, priced) ?? this.#charge(query, entry, usage);
    if (typeof charges !== 'string') return toCost(charges, 'local');
    this.#warn(charges, priced);
    return unpriced(charges);
  }

  sum(costs: readonly CostResult[]): CostResult {
    return sumCosts(costs);
  }

  /** Asks the functions of the options, as long as none has an answer. */
  #ask({ functions }: Entry, priced: PricedUsage): Charges | UnpricedReason | undefined {
    for (const price of functions) {
      const charges = callPriceFunction(price, priced);
      if (charges !== undefined) return charges;
    }
    return undefined;
  }

  #charge(query: RateQuery, { rates }: Entry, usage: Usage): Charges | UnpricedReason {
    if (typeof rates === 'string') return rates;
    const { iterations = [] } = usage;
    if (iterations.length === 0) return chargeCall(rates, usage);
    let sum = chargeFees(rates, usage);
    for (const iteration of iterations) {
      if (typeof sum === 'string') return sum;
      const charges = this.#chargeIteration(query, rates, iteration);
      if (typeof charges === 'string') return charges;
      sum = addCharges(sum, charges);
    }
    return sum;
  }

  /** An iteration may have run on another model than the call. */
  #chargeIteration(
    query: RateQuery,
    rates: RateTable,
    usage: UsageIteration,
  ): Charges | UnpricedReason {
    const { model = query.model } = usage;
    if (model === query.model) return chargeTokens(rates, usage);
    const own = { ...query, model, requestModel: undefined };
    const entry = this.#book.find(own);
    const asked = this.#ask(entry, { ...own, usage });
    if (asked !== undefined) return asked;
    return typeof entry.rates === 'string' ? entry.rates : chargeTokens(entry.rates, usage);
  }

  #loaded(): PriceSource | undefined {
    if (this.#source === undefined) {
      try {
        this.#source = this.#load();
      } catch (error) {
        this.#source = null;
        const reason = error instanceof Error ? error.message.split('\n', 1)[0] : undefined;
        this.#say('the price data @pydantic/genai-prices cannot be loaded: no price is known', {
          reason,
        });
      }
    }
    return this.#source ?? undefined;
  }

  /** Once for each model, and for so many of them. */
  #warn(reason: UnpricedReason, { provider, target, model, requestModel }: PricedUsage): void {
    const name = (model ?? requestModel ?? 'unknown').slice(0, MAX_NAME);
    if (!WARNED_OF.has(reason) || this.#warned.has(name)) return;
    if (this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(name);
    this.#say(`no cost for the model ${name}: ${reason}`, {
      reason,
      provider,
      target,
      model: name,
    });
  }

  #say(message: string, detail: Readonly<Record<string, unknown>>): void {
    try {
      this.#logger.warn?.(message, detail);
    } catch {
      // A logger that fails must not fail a call.
    }
  }
}

function callPriceFunction(
  price: PriceFunction,
  priced: PricedUsage,
): Charges | UnpricedReason | undefined {
  try {
    const dollars: unknown = price(priced);
    if (dollars === undefined) return undefined;
    const isPrice = typeof dollars === 'number' && Number.isFinite(dollars) && dollars >= 0;
    return isPrice ? { total: fromDollars(dollars) } : 'price_function';
  } catch {
    return 'price_function';
  }
}
