import { GatewayError } from '../pipeline/errors.js';
import { isPriceSource } from './price-source.js';
import { type PricingOptions, RATE_NAMES } from './pricing-options.js';

const OPTIONS = ['models', 'targets', 'approximate', 'serviceTiers', 'source'];
const TIER = ['above', ...RATE_NAMES];
const PRICES = [...RATE_NAMES, 'tiers', 'serviceTiers'];
/** Dollars, or multiples: no price of a model is larger. */
const MAX_FIGURE = 1e9;

/** Checks the option `pricing`; names the first bad one by its path and never its value, unless that is a number. */
export function checkPricing(
  value: unknown,
  path: string,
): asserts value is boolean | PricingOptions {
  if (typeof value === 'boolean') return;
  const options = membersOf(value, path, OPTIONS);
  const { approximate, source, serviceTiers } = options;
  if (approximate !== undefined && typeof approximate !== 'boolean') {
    refuse(`${path}.approximate`, 'must be true or false');
  }
  if (source !== undefined && !isPriceSource(source)) {
    refuse(`${path}.source`, 'must be the module @pydantic/genai-prices');
  }
  checkEach(options.models, `${path}.models`, checkPrices);
  checkEach(options.targets, `${path}.targets`, checkPrices);
  checkEach(serviceTiers, `${path}.serviceTiers`, (factor, at) => {
    if (typeof factor === 'number') checkFigure(factor, at);
    else checkEach(factor, at, checkFigure);
  });
}

type Check = (value: unknown, path: string) => void;

/** Checks the prices of a model, or of a target. */
export function checkPrices(value: unknown, path: string): void {
  if (typeof value === 'function') return;
  const prices = membersOf(value, path, PRICES);
  checkRates(prices, path);
  checkEach(prices.serviceTiers, `${path}.serviceTiers`, checkFigure);
  const { tiers } = prices;
  if (tiers === undefined) return;
  if (!Array.isArray(tiers)) refuse(`${path}.tiers`, 'must be an array');
  for (const [index, tier] of tiers.entries()) {
    const at = `${path}.tiers[${index}]`;
    const rates = membersOf(tier, at, TIER);
    checkFigure(rates.above, `${at}.above`);
    checkRates(rates, at);
  }
}

function checkRates(rates: Readonly<Record<string, unknown>>, path: string): void {
  for (const name of RATE_NAMES) {
    if (rates[name] !== undefined) checkFigure(rates[name], `${path}.${name}`);
  }
}

function checkFigure(value: unknown, path: string): void {
  if (typeof value === 'number' && value >= 0 && value <= MAX_FIGURE) return;
  const shown = typeof value === 'number' ? ` (got ${value})` : '';
  refuse(path, `must be a number from 0 to ${MAX_FIGURE}${shown}`);
}

function checkEach(value: unknown, path: string, check: Check): void {
  if (value === undefined) return;
  for (const [name, member] of Object.entries(objectOf(value, path))) {
    if (member !== undefined) check(member, `${path}.${name}`);
  }
}

function membersOf(
  value: unknown,
  path: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const members = objectOf(value, path);
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    refuse(`${path}.${unknown}`, `unknown option; known are ${known.join(', ')}`);
  }
  return members;
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(path, 'must be an object');
  }
  return Object.fromEntries(Object.entries(value));
}

function refuse(path: string, what: string): never {
  throw new GatewayError(`${path}: ${what}`, { code: 'zerohop_config' });
}
