import type { PricedUsage } from './pricer.js';

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
