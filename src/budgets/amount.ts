/** A sum that is exact: millionths of a millionth of a dollar, or of a token. */
export type Amount = bigint;

const DECIMALS = 12;
const PER_ONE = 1e12;
const ONE: Amount = 10n ** BigInt(DECIMALS);

/** The amount nearest to a finite number: of the cost of a call, the very one it was made of. */
export function toAmount(value: number): Amount {
  const whole = Math.trunc(value);
  return BigInt(whole) * ONE + BigInt(Math.round((value - whole) * PER_ONE));
}

/** The number nearest to an amount. */
export function toNumber(amount: Amount): number {
  const number = Number(amount);
  // Both are exact, so that the quotient is the nearest number there is.
  if (Number.isSafeInteger(number)) return number / PER_ONE;
  const digits = (amount < 0n ? -amount : amount).toString();
  const text = `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
  return Number(amount < 0n ? `-${text}` : text);
}

/** An amount in two numbers that are safe for any sensible one: whole units, and from 0 of the parts of one. */
export interface Parts {
  readonly whole: number;
  readonly parts: number;
}

export function toParts(amount: Amount): Parts {
  const parts = ((amount % ONE) + ONE) % ONE;
  return { whole: Number((amount - parts) / ONE), parts: Number(parts) };
}

export function fromParts({ whole, parts }: Parts): Amount {
  return BigInt(whole) * ONE + BigInt(parts);
}
