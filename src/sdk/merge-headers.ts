/** A header; `null` removes it. */
export type HeaderRow = readonly [name: string, value: unknown];

/**
 * Headers in any form the SDKs take, with ours in their place: `null` removes one. The SDKs join what
 * one list holds twice, so a name is in the result once.
 */
export function mergeHeaders(
  given: unknown,
  changes: Readonly<Record<string, string | null>>,
): HeaderRow[] {
  const changed = new Set(Object.keys(changes).map((name) => name.toLowerCase()));
  const kept = rowsOf(given).filter(([name]) => !changed.has(name.toLowerCase()));
  return [...kept, ...Object.entries(changes)];
}

/** Headers in any form the SDKs take, one after another. */
export function rowsOf(given: unknown): HeaderRow[] {
  if (typeof given !== 'object' || given === null) return [];
  // `Headers`, or rows; the SDKs check what is in them.
  if (Symbol.iterator in given) return [...(given as Iterable<HeaderRow>)];
  if ('values' in given && given.values instanceof Headers && 'nulls' in given) {
    const nulls = given.nulls instanceof Set ? [...given.nulls] : [];
    return [...given.values, ...nulls.map((name): HeaderRow => [String(name), null])];
  }
  return Object.entries(given);
}
