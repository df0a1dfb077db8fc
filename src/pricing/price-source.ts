/** What is used of the module `@pydantic/genai-prices`. */
export interface PriceSource {
  calcPrice(
    usage: Record<string, number | undefined>,
    model: string,
    options: { readonly providerId: string; readonly timestamp: Date },
  ): PriceMatch | null;
}

/** What the price data has under a name. */
export interface PriceMatch {
  readonly provider: { readonly id: string };
  readonly model: MatchedModel;
  /** The prices that hold at the time that was asked for, by the data's own names. */
  readonly model_price: Readonly<Record<string, DataPrice | undefined>>;
}

/** A model of the price data. */
export interface MatchedModel {
  readonly id: string;
  readonly match: MatchClause;
  readonly prices: object;
}

/** A price, or prices by size of the whole input. */
export type DataPrice =
  | number
  | {
      readonly base: number;
      readonly tiers: readonly { readonly start: number; readonly price: number }[];
    };

/** Which names a model goes by. */
export type MatchClause =
  | { readonly or: readonly MatchClause[] }
  | { readonly and: readonly MatchClause[] }
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string };

/** Loads the price data from the package. Throws where that is missing. It downloads nothing. */
export function loadPriceSource(): PriceSource {
  // The package is CommonJS to `require`: no promise stands between a call's end and its price.
  const { createRequire } = process.getBuiltinModule('node:module');
  // In the CommonJS build there is no `import.meta`, in the other one no `__filename`.
  const here = typeof __filename === 'string' ? __filename : import.meta.url;
  const loaded: unknown = createRequire(here)('@pydantic/genai-prices');
  if (!isPriceSource(loaded)) throw new TypeError('it is not the package it should be');
  return loaded;
}

/** Whether `value` can stand in for the module. */
export function isPriceSource(value: unknown): value is PriceSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    'calcPrice' in value &&
    typeof value.calcPrice === 'function'
  );
}
