import type { PricedUsage } from '../pipeline/pricer.js';
import type { PriceSource } from './price-source.js';

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

/** Prices in US dollars: of a million tokens, where nothing else is said. A kind of token that is not named costs what its line says; where that is nothing, its cost is unknown. */
export interface Rates {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  /** @defaultValue `input` */
  readonly cacheRead?: number | undefined;
  /** Written for five minutes, or for a time that the provider does not name. @defaultValue `input` */
  readonly cacheWrite?: number | undefined;
  /** Written for an hour. @defaultValue none */
  readonly cacheWrite1h?: number | undefined;
  /** @defaultValue none: audio is never billed as text */
  readonly audioInput?: number | undefined;
  /** @defaultValue none: audio is never billed as text */
  readonly audioOutput?: number | undefined;
  /** Audio read from the cache. @defaultValue none */
  readonly audioCacheRead?: number | undefined;
  /** @defaultValue `input` */
  readonly imageInput?: number | undefined;
  /** Images read from the cache. @defaultValue none */
  readonly imageCacheRead?: number | undefined;
  /** @defaultValue none: images are never billed as text */
  readonly imageOutput?: number | undefined;
  /** @defaultValue `output` */
  readonly reasoning?: number | undefined;
  /** For the request itself. @defaultValue 0 */
  readonly request?: number | undefined;
  /** For one web search that the provider ran and counted. @defaultValue none */
  readonly webSearch?: number | undefined;
}

/** What a model costs. */
export interface ModelPrices extends Rates {
  /** Other rates for long inputs. */
  readonly tiers?: readonly PriceTier[] | undefined;
  /** What a service tier costs, as a multiple of these rates. */
  readonly serviceTiers?: Readonly<Record<string, number>> | undefined;
}

/** Rates for inputs of more than `above` tokens, cached ones included. A rate it does not name stays. */
export interface PriceTier extends Rates {
  readonly above: number;
}

/** Says what a usage cost in US dollars; `undefined` leaves it to the next source of prices. */
export type PriceFunction = (priced: PricedUsage) => number | undefined;

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
