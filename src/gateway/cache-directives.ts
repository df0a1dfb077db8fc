import type { CacheDirectives } from '../pipeline/cache-types.js';

/**
 * Reads a `Cache-Control` request header (RFC 9111 §5.2.1). What is not known is passed over, as the RFC
 * asks; a `max-age` that is no number counts as 0, so that it never gives more than was asked for.
 */
export function readCacheDirectives(header: string): CacheDirectives {
  let directives: CacheDirectives = { noCache: false, noStore: false };
  for (const directive of header.toLowerCase().split(',')) {
    const [name = '', value = ''] = directive.split('=').map((part) => part.trim());
    if (name === 'no-cache') directives = { ...directives, noCache: true };
    else if (name === 'no-store') directives = { ...directives, noStore: true };
    else if (name === 'max-age') {
      const seconds = /^"?(\d{1,12})"?$/.exec(value)?.[1] ?? '0';
      // Of several the least: it never gives more than was asked for.
      const maxAgeMs = Math.min(
        Number(seconds) * 1_000,
        directives.maxAgeMs ?? Number.POSITIVE_INFINITY,
      );
      directives = { ...directives, maxAgeMs };
    }
  }
  return directives;
}
