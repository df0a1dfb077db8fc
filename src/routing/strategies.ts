import { hash } from 'node:crypto';

/** What every strategy asks of a target. Strategies give an order of which what is not asked for is not worked out. */
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
export function weightedOrder<T extends Choice>(
  items: readonly T[],
  random: () => number,
): Iterable<T> {
  return ordered(items, ({ weight }) => exponential(random(), weight));
}

/**
 * Takes the better of two targets drawn at random, so that many processes do not all run to the best one;
 * behind it the rest, best first.
 */
export function* latencyOrder<T extends Choice & { readonly score: number }>(
  items: readonly T[],
  random: () => number,
): Generator<T, void> {
  const chosen = betterOfTwo(items, random);
  if (chosen) yield chosen;
  for (const item of ordered(items, ({ score }) => score)) if (item !== chosen) yield item;
}

function betterOfTwo<T extends Choice & { readonly score: number }>(
  items: readonly T[],
  random: () => number,
): T | undefined {
  const count = items.length;
  if (count < 2) return undefined;
  const index = Math.floor(random() * count);
  const step = 1 + Math.floor(random() * (count - 1));
  const [one, other] = [items[index], items[(index + step) % count]];
  if (one === undefined || other === undefined) return undefined;
  if (rank(one) === 0 && rank(other) === 0) return other.score < one.score ? other : one;
  const usable = items.filter((item) => rank(item) === 0);
  return usable.length < count ? betterOfTwo(usable, random) : undefined;
}

/** The cheapest first; what has no cost comes last, and of what costs the same the quicker one is first. */
export function costOrder<
  T extends Choice & { readonly cost: number | undefined; readonly score: number },
>(items: readonly T[]): Iterable<T> {
  const byScore = [...ordered(items, ({ score }) => score)];
  return ordered(byScore, ({ cost }) => cost ?? Infinity);
}

/**
 * An order that is always the same for the same key and spreads keys by weight. When a target comes or
 * goes, or another weight is given to it, only its own share of the keys moves. (Rendezvous hashing.)
 */
export function rendezvousOrder<T extends Choice & { readonly name: string }>(
  key: string,
  items: readonly T[],
): Iterable<T> {
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

/** By rank, then by `keyOf`, then as they were given. The next one is looked for when it is asked for: mostly the first is enough. */
function* ordered<T extends Choice>(
  items: readonly T[],
  keyOf: (item: T) => number,
): Generator<T, void> {
  const rest: Keyed<T>[] = [];
  for (const item of items) rest.push({ item, key: keyOf(item) });
  while (rest.length > 0) {
    let first = 0;
    for (let index = 1; index < rest.length; index += 1) {
      if (isBefore(rest[index], rest[first])) first = index;
    }
    const [next] = rest.splice(first, 1);
    if (next) yield next.item;
  }
}

interface Keyed<T> {
  readonly item: T;
  readonly key: number;
}

function isBefore<T extends Choice>(one?: Keyed<T>, other?: Keyed<T>): boolean {
  if (one === undefined || other === undefined) return false;
  return (rank(one.item) - rank(other.item) || compare(one.key, other.key)) < 0;
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

/** 32 bits that are always the same for a text. (FNV-1a over its UTF-16 units, finished as MurmurHash3 is.) */
function numberOf(text: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  return finished(bits);
}

/** A number in [0, 1) out of two others: one number for a key serves all targets. */
function mixed(seed: number, salt: number): number {
  return (finished(seed ^ Math.imul(salt, 0x9e3779b1)) >>> 0) / 2 ** 32;
}

/** The finalizer of MurmurHash3: every bit of what it is given bears on every bit of what it gives. */
function finished(given: number): number {
  let bits = Math.imul(given ^ (given >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** Not by a difference: that of two infinities is no number. */
function compare(one: number, other: number): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
