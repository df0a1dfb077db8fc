import type { Attributes, Span } from '@opentelemetry/api';
import type { CacheFacts } from '../pipeline/cache-types.js';
import type { Decision } from '../pipeline/settlement.js';
import { type AttributeBag, cut, MAX_ATTRIBUTES } from './attribute-bag.js';
import { OWN_EVENTS, ZEROHOP } from './names.js';

/** Room that is left for what processors and resources of the application add. */
const SPARE = 8;
const MAX_KEY_CHARS = 128;

/** The application's tags; added last, so that they are what there is no room for. */
export function addMetadata(bag: AttributeBag, metadata: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(metadata)) {
    const tag = metadataValue(value);
    if (tag === undefined) continue;
    if (bag.size >= MAX_ATTRIBUTES - SPARE || key.length > MAX_KEY_CHARS) {
      bag.set(ZEROHOP.metadataTruncated, true);
      return;
    }
    bag.set(ZEROHOP.metadata + key, tag);
  }
}

/** A tag as an attribute: text, numbers and booleans as they are, anything else as JSON. */
export function metadataValue(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
    return undefined;
  if (typeof value === 'bigint') return String(value);
  try {
    return cut(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** What came of the call at the cache. Times in seconds. */
export function addCache(bag: AttributeBag, cache: CacheFacts): void {
  bag.set(ZEROHOP.cacheStatus, cache.status);
  bag.text(ZEROHOP.cacheReason, cache.reason);
  bag.text(ZEROHOP.cacheKey, cache.key);
  if (cache.ageMs !== undefined) bag.number(ZEROHOP.cacheAge, cache.ageMs / 1_000);
  if (cache.ttlMs !== undefined) bag.number(ZEROHOP.cacheTtl, cache.ttlMs / 1_000);
  bag.whole(ZEROHOP.savedInputTokens, cache.savedInputTokens);
  bag.whole(ZEROHOP.savedOutputTokens, cache.savedOutputTokens);
  bag.number(ZEROHOP.savedCost, cache.savedCost);
}

/** How long the requests of the call waited for rate limits, in seconds. */
export function addLimitWait(bag: AttributeBag, decisions: readonly Decision[]): void {
  let waitedMs: number | undefined;
  for (const { kind, detail } of decisions) {
    if (kind !== 'limit-waited' && kind !== 'limit-left') continue;
    waitedMs = (waitedMs ?? 0) + Number(detail?.waitedMs);
  }
  if (waitedMs !== undefined) bag.number(ZEROHOP.limitWait, waitedMs / 1_000);
}

const MAX_DECISIONS = 32;

/** The trail of the call, as events. Retries have events of their own. */
export function addDecisions(span: Span, decisions: readonly Decision[]): void {
  const told = decisions.filter(({ kind }) => kind !== 'retry').slice(0, MAX_DECISIONS);
  for (const { kind, detail } of told) {
    const attributes: Attributes = { [OWN_EVENTS.decision]: kind };
    for (const [key, value] of Object.entries(detail ?? {})) {
      attributes[`${OWN_EVENTS.decision}.${key}`] = typeof value === 'string' ? cut(value) : value;
    }
    span.addEvent(OWN_EVENTS.decision, attributes);
  }
}
