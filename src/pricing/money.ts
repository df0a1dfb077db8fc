/** Decimal-exact arithmetic: whole numbers of a small unit, a `bigint` where they outgrow the safe integers. */
export type Exact = number | bigint;

const PICO_DECIMALS = 12;
const PICO_PER_DOLLAR = 1e12;
/** Up to here a picodollar is more than twice the distance between two numbers, so that rounding finds it again. */
const ROUNDS_TRUE_BELOW = 1000;
/** From here on `toFixed` says nothing useful any more. */
const TO_FIXED_BELOW = 1e21;
/** What a number says reliably in decimal; digits behind are noise of the arithmetic that made it. */
const RELIABLE_DIGITS = 15;

/** `digits` × 10^-`decimals`. */
export interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

export function plus(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}

export function times(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // Rounding is monotonous: a product that is not a safe integer never looks like one.
    if (Number.isSafeInteger(product)) return product;
  }
  return BigInt(a) * BigInt(b);
}

/** Divides by a power of ten and rounds to the nearest whole number, halves up. */
export function shrink(value: Exact, decimals: number): Exact {
  if (decimals === 0) return value;
  const divisor = 10n ** BigInt(decimals);
  return narrow((BigInt(value) * 2n + divisor) / (divisor * 2n));
}

/** The number, where it is a safe integer. */
export function narrow(value: bigint): Exact {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The number of dollars nearest to a number of picodollars. */
export function toDollars(pico: Exact): number {
  // Both are exact, so that the quotient is the nearest number there is.
  if (typeof pico === 'number') return pico / PICO_PER_DOLLAR;
  const digits = pico.toString().padStart(PICO_DECIMALS + 1, '0');
  return Number(`${digits.slice(0, -PICO_DECIMALS)}.${digits.slice(-PICO_DECIMALS)}`);
}

/** The picodollars nearest to a finite number of dollars: the very ones it was made of. */
export function fromDollars(dollars: number): Exact {
  if (dollars < ROUNDS_TRUE_BELOW) return Math.round(dollars * PICO_PER_DOLLAR);
  if (dollars < TO_FIXED_BELOW) {
    return narrow(BigInt(dollars.toFixed(PICO_DECIMALS).replace('.', '')));
  }
  return BigInt(dollars) * BigInt(PICO_PER_DOLLAR);
}

/** Reads a finite number that is not negative as the decimal it was written as. */
export function toDecimal(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(Number(value.toPrecision(RELIABLE_DIGITS))).split(
    'e',
  );
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const digits = BigInt(whole + fraction);
  const decimals = fraction.length - Number(exponent);
  return decimals >= 0 ? { digits, decimals } : { digits: scale(digits, -decimals), decimals: 0 };
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, decimals: a.decimals + b.decimals };
}

/** `digits` × 10^`power`. */
export function scale(digits: bigint, power: number): bigint {
  return digits * 10n ** BigInt(power);
}
