import type { SseEvent } from './answer.js';
import type { JsonObject } from './json.js';
import { sealOf } from './strict/seal.js';

/** Every `created` and `created_at` of the fake: 15 June 2025, in seconds. */
export const FIXED_CREATED = 1_750_000_000;
/** The same moment as Anthropic writes it. */
export const FIXED_CREATED_AT = '2025-06-15T15:06:40Z';

/** Something the fake provider keeps between requests: a file, a batch, a stored response. */
export interface StoredItem {
  readonly value: JsonObject;
  /** How often it was retrieved; background work finishes after a number of these. */
  readonly reads: number;
  readonly bytes?: Uint8Array | undefined;
  /** What it becomes when it is finished. */
  readonly finished?: JsonObject | undefined;
  readonly polls?: number | undefined;
  readonly events?: readonly SseEvent[] | undefined;
  readonly input?: readonly unknown[] | undefined;
}

/** What a fake provider remembers, forgotten by `reset()`. */
export interface ProviderState {
  /** The next id with this prefix: `chatcmpl-fake000001`, `chatcmpl-fake000002`, … */
  readonly nextId: (prefix: string) => string;
  /** A named collection of kept things, oldest first. */
  readonly collection: (name: string) => Map<string, StoredItem>;
  /** What reasoning has to come back with; `undefined` where nobody will look at it. */
  readonly seal: (text: string) => string | undefined;
  readonly clear: () => void;
}

/** Creates an empty memory. */
export function createState(isStrict = false): ProviderState {
  const counters = new Map<string, number>();
  const collections = new Map<string, Map<string, StoredItem>>();
  return {
    nextId(prefix) {
      const count = (counters.get(prefix) ?? 0) + 1;
      counters.set(prefix, count);
      return `${prefix}fake${String(count).padStart(6, '0')}`;
    },
    collection(name) {
      const items = collections.get(name) ?? new Map<string, StoredItem>();
      collections.set(name, items);
      return items;
    },
    seal: (text) => (isStrict ? sealOf(text) : undefined),
    clear() {
      counters.clear();
      collections.clear();
    },
  };
}
