import { isObject, type JsonObject } from '../json.js';
import { type CacheMarker, EFFORTS, type Effort, type Source } from './canonical-request.js';

/** A number, or `undefined`. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A boolean, or `undefined`. */
export function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** A string, an empty one included, or `undefined`. */
export function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Whether a parameter says anything. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A JSON schema, where it is an object. */
export function schemaIn(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** A cache marker, as a member to be spread. */
export function cacheIn(value: unknown): { readonly cache?: CacheMarker } {
  return isObject(value) ? { cache: value } : {};
}

export function effortIn(value: unknown): Effort | undefined {
  return EFFORTS.find((effort) => effort === value);
}

const DATA_URL = /^data:([^;,]+)?((?:;[^;,]+)*?)(;base64)?,/i;

/** Where a URL's bytes come from: itself, or, of a `data:` URL, here. */
export function sourceOf(url: string): Source {
  const match = DATA_URL.exec(url.slice(0, 200));
  if (!match) return { kind: 'url', url };
  const [head, mediaType = 'text/plain', , base64] = match;
  const rest = url.slice(head.length);
  const data = base64 ? rest : Buffer.from(decoded(rest)).toString('base64');
  return { kind: 'base64', mediaType, data };
}

/** The text behind percent signs; as it is where they are none. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A source as one URL. */
export function urlOf(source: Source): string {
  return source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
}

/** An object without the members that are `undefined`. */
export function given<Members extends object>(members: Members): Members {
  for (const value of Object.values(members)) {
    if (value === undefined) {
      // What is left out is only what was not there.
      return Object.fromEntries(
        Object.entries(members).filter(([, member]) => member !== undefined),
      ) as Members;
    }
  }
  return members;
}
