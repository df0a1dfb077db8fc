import { Keyv } from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import { expect } from 'vitest';
import {
  type CacheCounters,
  type CacheOptions,
  type CallOptions,
  type Interceptor,
  type LogRow,
  perCall,
} from 'zerohop';
import type { FaultCase } from './fault-case.js';
import { MapAdapter } from './map-adapter.js';
import type { CallChanges, Scene } from './scene.js';

/** A case that is run with the cache in memory, and with a store that is handed over. */
export interface CacheCase extends Omit<FaultCase, 'stage' | 'act' | 'gateway' | 'isShared'> {
  /** @defaultValue both */
  readonly stores?: readonly StoreKind[];
  readonly cache?: CacheOptions;
  /** Whether `entered` tells anything; it takes an interceptor. @defaultValue false */
  readonly isCounted?: boolean;
  readonly act: (
    scene: Scene,
    adapter: MapAdapter | undefined,
    entered: () => number,
  ) => Promise<void>;
}

/** `adapter` is put into a Keyv by the gateway, the others come in one of their user's. */
type StoreKind = 'memory' | 'adapter' | 'keyv 5' | 'keyv 6';

const KINDS: Readonly<Record<StoreKind, (adapter: MapAdapter) => object | undefined>> = {
  memory: () => undefined,
  adapter: (adapter) => adapter,
  'keyv 5': (store) => new Keyv({ store }),
  // What it wants of an adapter is the same, in types of its own.
  'keyv 6': (store) => new Keyv6({ store: store as never }),
};

/** What 5 tokens in and 7 out cost, in US dollars: $1 and $2 a million. */
export const COST = 0.000_019;
/** Prices of the models that the cases ask for. */
export const pricing = {
  models: { 'gpt-x': { input: 1, output: 2 }, 'claude-x': { input: 1, output: 2 } },
};
/** For a store that is to be waited for, however busy the machine is. */
export const UNHURRIED = '30s';

/** Cases with a cache, once for each kind of store. */
export function cacheCases(cases: readonly CacheCase[]): readonly FaultCase[] {
  return cases.flatMap(({ stores = ['memory', 'adapter'], cache, isCounted, act, ...one }) =>
    stores.map(
      (kind): FaultCase => ({
        ...one,
        variant: [one.variant, kind].filter((part) => part !== undefined).join(', '),
        isShared: false,
        stage() {
          const adapter = new MapAdapter();
          let entered = 0;
          const count: Interceptor = (request, next) => {
            entered += 1;
            return next(request);
          };
          return {
            gateway: {
              pricing,
              cache: { storeTimeout: UNHURRIED, ...cache, store: KINDS[kind](adapter) },
              ...(isCounted && { interceptors: [count] }),
            },
            act: (scene) => act(scene, kind === 'memory' ? undefined : adapter, () => entered),
          };
        },
      }),
    ),
  );
}

/** A call with options of the gateway's own. */
export function asking(options: CallOptions, changes: CallChanges = {}): CallChanges {
  return { ...changes, options: perCall(options) };
}

/** What came of each call at the cache, in the order in which they ended. */
export function statuses({ ledger }: Scene): readonly (string | null)[] {
  return ledger.rows.map(({ cacheStatus }) => cacheStatus);
}

/** How each call ended, in short. */
export function endings({ ledger }: Scene): readonly string[] {
  return ledger.rows.map(({ outcome, cacheStatus }) => `${outcome} ${cacheStatus}`);
}

const QUIET: CacheCounters = {
  failures: 0,
  timeouts: 0,
  skipped: 0,
  evicted: 0,
  corrupt: 0,
  stored: 0,
};

/** Asserts how many answers were stored under how many keys, and that nothing went wrong with that. */
export async function judgeStore(
  scene: Scene,
  adapter: MapAdapter | undefined,
  { stored, keys = stored, ...others }: Partial<CacheCounters> & { stored: number; keys?: number },
): Promise<void> {
  await scene.gateway.flush();
  const { counters } = scene.gateway.cache;
  expect(counters, 'counters of the store').toMatchObject({ ...QUIET, ...others, stored });
  if (adapter === undefined) {
    expect(counters.entries, 'entries in memory').toBe(keys);
    return;
  }
  expect(adapter.written, 'writes').toHaveLength(stored);
  expect(new Set(adapter.written).size, 'keys').toBe(keys);
  for (const key of adapter.written) expect(key).toMatch(/^(\w+:)?[0-9a-f]{64}$/);
  scene.noteSaid([...adapter.values]);
}

/** What a row says of a call that was answered from the cache. */
export const hitRow: Partial<LogRow> = {
  outcome: 'success',
  cacheStatus: 'HIT',
  cost: 0,
  usage: null,
  usageMissing: 'cached',
  savedInputTokens: 5,
  savedOutputTokens: 7,
  savedCost: COST,
  attempts: [],
  bytesReceived: 0,
  error: null,
};

/** What a row says of a call that asked the provider, and was answered. */
export const missRow: object = {
  outcome: 'success',
  cacheStatus: 'MISS',
  cost: COST,
  usage: { inputTokens: 5, outputTokens: 7 },
  savedCost: null,
  attempts: [{ index: 0 }],
  error: null,
};
