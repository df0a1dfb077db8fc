import type { PricedUsage } from '../pipeline/pricer.js';
import { type Decimal, multiplyDecimals, toDecimal } from './money.js';
import type { ModelPrices, PricingOptions } from './pricing-options.js';

/** What providers call the service that their listed prices are for. */
const STANDARD: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  '',
  'auto',
  'default',
  'global',
  'not_available',
  'on_demand',
  'standard',
  'standard_only',
]);

/**
 * Multiples of the listed prices, as the providers document them for all their models. OpenAI's
 * `priority` and Anthropic's `fast` differ by model; provisioned tiers have no price for a token.
 */
const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  openai: { batch: 0.5, flex: 0.5 },
  'azure.ai.openai': { flex: 0.5 },
  anthropic: { batch: 0.5, us: 1.1 },
  groq: { flex: 1 },
};

/** What of a call changes the listed prices: its tier, and Anthropic's `speed` and `inference_geo`. */
export interface ServiceLevel {
  readonly tier: unknown;
  readonly speed: unknown;
  readonly geo: unknown;
}

/** Reads it off a call. */
export function serviceLevelOf({ serviceTier, usage }: PricedUsage): ServiceLevel {
  const reported = usage?.reported;
  return { tier: serviceTier, speed: reported?.speed, geo: reported?.inference_geo };
}

/** Who is asked what a service level costs. */
export interface LevelPrices {
  readonly provider: string;
  /** Names of the model. */
  readonly models: readonly string[];
  readonly prices: ModelPrices;
  readonly options: PricingOptions;
}

/** The multiple of the listed prices; nothing where it is not known. */
export function multiplierFor(level: ServiceLevel, prices: LevelPrices): Decimal | undefined {
  let product: Decimal = toDecimal(1);
  for (const name of [level.tier, level.speed, level.geo]) {
    if (STANDARD.has(name)) continue;
    const factor = typeof name === 'string' ? factorOf(name, prices) : undefined;
    if (factor === undefined) return undefined;
    product = multiplyDecimals(product, toDecimal(factor));
  }
  return product;
}

function factorOf(
  name: string,
  { provider, models, prices, options }: LevelPrices,
): number | undefined {
  const given = own(options.serviceTiers, name);
  const documented = own(DOCUMENTED, provider);
  return (
    own(prices.serviceTiers, name) ??
    (typeof given === 'object'
      ? models.map((model) => own(given, model)).find((factor) => factor !== undefined)
      : given) ??
    own(documented, name)
  );
}

/** A member of a record whose keys came over the wire. */
function own<Value>(
  record: Readonly<Record<string, Value>> | undefined,
  key: string,
): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
