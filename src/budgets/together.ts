/** What several are together: at once, where none of them is a promise. */
export function together<Value>(
  all: readonly (Value | Promise<Value>)[],
): readonly Value[] | Promise<readonly Value[]> {
  const now = all.filter((one): one is Value => !(one instanceof Promise));
  return now.length === all.length ? now : Promise.all(all);
}
