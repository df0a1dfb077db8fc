/** Most keys a call may carry; more are left out, the last ones first. */
export const MAX_METADATA_KEYS = 100;
/** Longest value, in characters of its text or JSON; a longer one is cut, or replaced where it is no text. */
export const MAX_METADATA_CHARS = 1_024;

type Values = Readonly<Record<string, unknown>>;

/** What a call is tagged with, and whether something had to be left out of it. */
export interface MergedMetadata {
  readonly values: Values;
  readonly truncated: boolean;
}

const NONE: MergedMetadata = { values: Object.freeze({}), truncated: false };

/** Merges metadata, later over earlier, and holds it to the limits. The result is frozen. */
export function mergeMetadata(sources: readonly (object | undefined)[]): MergedMetadata {
  if (!sources.some((source) => source !== undefined)) return NONE;
  // Entries, which make a key named `__proto__` data.
  const merged = Object.fromEntries(sources.flatMap((source) => Object.entries(source ?? {})));
  const entries = Object.entries(merged).filter(([, value]) => value !== undefined);
  let truncated = entries.length > MAX_METADATA_KEYS;
  const held = entries.slice(0, MAX_METADATA_KEYS).map(([key, value]): [string, unknown] => {
    const fitting = within(value);
    truncated ||= fitting !== value;
    return [key, fitting];
  });
  return { values: Object.freeze(Object.fromEntries(held)), truncated };
}

function within(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.length > MAX_METADATA_CHARS ? value.slice(0, MAX_METADATA_CHARS) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const json = jsonOf(value);
  return json !== undefined && json.length <= MAX_METADATA_CHARS ? value : '[too large]';
}

function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
