import { hash } from 'node:crypto';

/** What every strategy asks of a target. */
export interface Choice {
  /** Whether a call would be let through to it now. One that would not comes last. */
  readonly healthy: boolean;
  /** Its share relative to the others'. At 0 it is a spare: behind all that have a share. */
  readonly weight: number;
}

/**
 * Puts targets in a random order in which each is first with exactly its share of the weights, and each
 * of the rest next with its share of theirs.
 *
 * @param random gives numbers in [0, 1); asked once for each item
 */
export function weightedOrder<T extends Choice>(items: readonly T[], random: () => number): T[] {
  return ordered(items, ({ weight }) => exponential(random(), weight));
}

/**
 * Takes the better of two targets drawn at random, so that many processes do not all run to the best one;
 * behind it the rest, best first.
 */
export function latencyOrder<T extends Choice & { readonly score: number }>(
  items: readonly T[],
  random: () => number,
): T[] {
  const order = ordered(items, ({ score }) => score);
  const candidates = order.filter((item) => rank(item) === 0).length;
  if (candidates < 2) return order;
  const one = Math.floor(random() * candidates);
  const step = 1 + Math.floor(random() * (candidates - 1));
  const other = (one + step) % candidates;
  const isTie = order[one]?.score === order[other]?.score;
  const [chosen] = order.splice(isTie ? one : Math.min(one, other), 1);
  return chosen === undefined ? order : [chosen, ...order];
}

/**
 * An order that is always the same for the same key and spreads keys by weight. When a target comes or
 * goes, or another weight is given to it, only its own share of the keys moves. (Rendezvous hashing.)
 */
export function rendezvousOrder<T extends Choice & { readonly name: string }>(
  key: string,
  items: readonly T[],
): T[] {
  return ordered(items, ({ name, weight }) => exponential(bucketOf(key, name), weight));
}

/**
 * A number in [0, 1) that is always the same for the same key and salt: a key is in a canary of 5 % where
 * it is below 0.05. Another salt draws another 5 %.
 */
export function bucketOf(key: string, salt: string): number {
  const digest = hash('sha256', `${salt.length}:${salt}${key}`, 'hex');
  return Number.parseInt(digest.slice(0, 13), 16) / 2 ** 52;
}

/**
 * Of independent exponential times with rates `weight`, the first to pass is each with its share of the
 * weights: sorting by them draws without putting back.
 */
function exponential(uniform: number, weight: number): number {
  return weight > 0 ? -Math.log(1 - uniform) / weight : Infinity;
}

function rank({ healthy, weight }: Choice): 0 | 1 | 2 {
  if (!healthy) return 2;
  return weight > 0 ? 0 : 1;
}

/** By rank, then by `keyOf`, then as they were given. */
function ordered<T extends Choice>(items: readonly T[], keyOf: (item: T) => number): T[] {
  return items
    .map((item) => ({ item, rank: rank(item), key: keyOf(item) }))
    .sort((one, other) => one.rank - other.rank || compare(one.key, other.key))
    .map(({ item }) => item);
}

/** Not by a difference: that of two infinities is no number. */
function compare(one: number, other: number): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
