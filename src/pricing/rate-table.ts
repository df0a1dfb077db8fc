import { type Decimal, type Exact, multiplyDecimals, narrow, scale, toDecimal } from './money.js';
import { type ModelPrices, RATE_NAMES, type RateName, type Rates } from './pricing-options.js';

/** Rates in one unit: picodollars × 10^-`decimals` for a token, a request or a search. */
export interface RateTable {
  readonly decimals: number;
  /** By size of the input, smallest first. The first one starts at nothing. */
  readonly bands: readonly [RateBand, ...RateBand[]];
  readonly approximate: true | undefined;
}

/** The rates of inputs of more than `above` tokens. */
export interface RateBand {
  readonly above: number;
  readonly rates: ExactRates;
}

export type ExactRates = Readonly<Record<RateName, Exact | undefined>>;

/** Changes to the rates as they are listed. */
export interface TableOptions {
  /** What the tokens cost as a multiple of what is listed; fees are not multiplied. */
  readonly multiplier?: Decimal | undefined;
  readonly approximate?: boolean | undefined;
}

const ONE: Decimal = { digits: 1n, decimals: 0 };
/** Powers of ten between dollars for a million tokens, or for one of them, and picodollars for one. */
const TOKEN_SHIFT = 6;
const FEE_SHIFT = 12;

/** Turns listed prices into whole numbers, once for many usages. */
export function buildRateTable(prices: ModelPrices, options: TableOptions = {}): RateTable {
  const { multiplier = ONE, approximate = false } = options;
  const levels = [
    { above: -1, rates: decimalRates(prices, multiplier) },
    ...[...(prices.tiers ?? [])]
      .sort((one, other) => one.above - other.above)
      .map((tier) => ({ above: tier.above, rates: decimalRates(tier, multiplier) })),
  ];
  const decimals = Math.max(
    0,
    ...levels.flatMap(({ rates }) =>
      [...rates].map(([name, rate]) => rate.decimals - shiftOf(name)),
    ),
  );
  let current = new Map<RateName, Decimal>();
  const [base, ...tiers] = levels.map(({ above, rates }) => {
    current = new Map([...current, ...rates]);
    return { above, rates: exactRates(current, decimals) };
  });
  return {
    decimals,
    approximate: approximate || undefined,
    bands: base === undefined ? [EMPTY] : [base, ...tiers],
  };
}

/** The rates that hold for an input of this size. */
export function ratesFor({ bands }: RateTable, inputTokens: number): ExactRates {
  let { rates } = bands[0];
  for (let index = 1; index < bands.length; index += 1) {
    const band = bands[index];
    if (band === undefined || inputTokens <= band.above) break;
    rates = band.rates;
  }
  return rates;
}

function decimalRates(rates: Rates, multiplier: Decimal): Map<RateName, Decimal> {
  const found = new Map<RateName, Decimal>();
  for (const name of RATE_NAMES) {
    const value = rates[name];
    if (value === undefined) continue;
    const listed = toDecimal(value);
    found.set(name, isFee(name) ? listed : multiplyDecimals(listed, multiplier));
  }
  return found;
}

function exactRates(rates: ReadonlyMap<RateName, Decimal>, decimals: number): ExactRates {
  const exact = (name: RateName): Exact | undefined => {
    const rate = rates.get(name);
    return rate && narrow(scale(rate.digits, shiftOf(name) + decimals - rate.decimals));
  };
  return {
    input: exact('input'),
    output: exact('output'),
    cacheRead: exact('cacheRead'),
    cacheWrite: exact('cacheWrite'),
    cacheWrite1h: exact('cacheWrite1h'),
    audioInput: exact('audioInput'),
    audioOutput: exact('audioOutput'),
    audioCacheRead: exact('audioCacheRead'),
    imageInput: exact('imageInput'),
    imageCacheRead: exact('imageCacheRead'),
    imageOutput: exact('imageOutput'),
    reasoning: exact('reasoning'),
    request: exact('request'),
    webSearch: exact('webSearch'),
  };
}

const EMPTY: RateBand = { above: -1, rates: exactRates(new Map(), 0) };

function isFee(name: RateName): boolean {
  return name === 'request' || name === 'webSearch';
}

function shiftOf(name: RateName): number {
  return isFee(name) ? FEE_SHIFT : TOKEN_SHIFT;
}
