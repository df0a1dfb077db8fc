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

/** The cheapest first; what has no cost comes last, and of what costs the same the quicker one is first. */
export function costOrder<
  T extends Choice & { readonly cost: number | undefined; readonly score: number },
>(items: readonly T[]): T[] {
  return ordered(
    ordered(items, ({ score }) => score),
    ({ cost }) => cost ?? Infinity,
  );
}

/**
 * An order that is always the same for the same key and spreads keys by weight. When a target comes or
 * goes, or another weight is given to it, only its own share of the keys moves. (Rendezvous hashing.)
 */
export function rendezvousOrder<T extends Choice & { readonly name: string }>(
  key: string,
  items: readonly T[],
): T[] {
  const seed = numberOf(key);
  return ordered(items, ({ name, weight }) => exponential(mixed(seed, saltOf(name)), weight));
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
  const sorted: Ranked<T>[] = [];
  for (const item of items) {
    const ranked = { item, rank: rank(item), key: keyOf(item) };
    let place = sorted.push(ranked) - 1;
    // By insertion, from behind: groups are small.
    for (let before = sorted[place - 1]; before && isBefore(ranked, before); ) {
      sorted[place] = before;
      place -= 1;
      before = sorted[place - 1];
    }
    sorted[place] = ranked;
  }
  return sorted.map(({ item }) => item);
}

interface Ranked<T> {
  readonly item: T;
  readonly rank: number;
  readonly key: number;
}

function isBefore<T>(one: Ranked<T>, other: Ranked<T>): boolean {
  return (one.rank - other.rank || compare(one.key, other.key)) < 0;
}

/** Salts of targets, by their names: there are few. */
const salts = new Map<string, number>();

function saltOf(name: string): number {
  let salt = salts.get(name);
  if (salt === undefined) {
    salt = numberOf(name);
    if (salts.size < MAX_SALTS) salts.set(name, salt);
  }
  return salt;
}

const MAX_SALTS = 10_000;

/** 32 bits that are always the same for a text. */
function numberOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) | 0;
}

/** A number in [0, 1) out of two others: one digest for a key serves all targets. (The finalizer of MurmurHash3.) */
function mixed(seed: number, salt: number): number {
  let bits = seed ^ Math.imul(salt, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

/** Not by a difference: that of two infinities is no number. */
function compare(one: number, other: number): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
