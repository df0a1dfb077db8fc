import type { ModelPrices, PriceFunction, Rates } from '../pipeline/prices.js';
import type { PriceSource } from './price-source.js';

export type { ModelPrices, PriceFunction, PriceTier, Rates } from '../pipeline/prices.js';

/** How calls are priced. */
export interface PricingOptions {
  /** Prices by model, under the very id that the provider answers with or that was asked for. They stand before the price data. */
  readonly models?: Readonly<Record<string, ModelPrices | PriceFunction>> | undefined;
  /** Prices by name of the target, whatever its model. They stand before `models`. */
  readonly targets?: Readonly<Record<string, ModelPrices | PriceFunction>> | undefined;
  /** Whether a model that the price data knows by likeness only (`claude-sonnet-5-5` as `claude-sonnet-5`) has the price of what it is like; its costs say `approximate`. @defaultValue false */
  readonly approximate?: boolean | undefined;
  /** What a service tier costs, as a multiple of the standard rates: for every model, or by model. A tier that is neither given here nor documented by its provider has no price. */
  readonly serviceTiers?:
    | Readonly<Record<string, number | Readonly<Record<string, number>>>>
    | undefined;
  /** The module `@pydantic/genai-prices`, where it cannot be found at run time (a bundled application) or its `updatePrices` is used. @defaultValue loaded when first needed */
  readonly source?: PriceSource | undefined;
}

/** Every rate by name. */
export const RATE_NAMES = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'audioInput',
  'audioOutput',
  'audioCacheRead',
  'imageInput',
  'imageCacheRead',
  'imageOutput',
  'reasoning',
  'request',
  'webSearch',
] as const satisfies readonly (keyof Rates)[];

/** The name of a rate. */
export type RateName = (typeof RATE_NAMES)[number];
