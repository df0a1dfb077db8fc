import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'vitest';
import { createGateway, type Gateway } from 'zerohop';
import {
  asking,
  type CacheCase,
  cacheCases,
  hitRow,
  judgeStore,
  missRow,
  statuses,
} from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import type { MapAdapter } from '../harness/map-adapter.js';
import { startReplies } from '../harness/origin.js';
import type { Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import { at } from '../harness/sdks.js';
import { textAnswer } from '../harness/tool-answers.js';

const kept = ['adapter', 'keyv 5', 'keyv 6'] as const;

/** The adapter of a case that is not run in memory. */
function given(adapter: MapAdapter | undefined): MapAdapter {
  if (adapter === undefined) throw new Error('this case needs a store');
  return adapter;
}

/** Changes members of an entry. */
const edited =
  (change: (entry: Record<string, unknown>) => object) =>
  (text: string): string => {
    const entry = JSON.parse(text);
    return JSON.stringify({ ...entry, ...change(entry) });
  };

type Damage = Parameters<MapAdapter['tamper']>[0];

const damages: readonly (readonly [string, Damage])[] = [
  ['half a text', { entry: () => '{"id":"' }],
  ['half an envelope', { raw: '{"id":"' }],
  ['nothing', { entry: () => '' }],
  ['no object', { entry: () => '[]' }],
  ['a number', { entry: () => 7 }],
  ['an object of somebody else', { entry: () => ({ id: 'c1' }) }],
  ['cut off', { entry: (text) => text.slice(0, -20) }],
  ['another version', { entry: edited(() => ({ v: 2 })) }],
  ['of another key', { entry: edited(() => ({ key: 'a'.repeat(64) })) }],
  ['an error', { entry: edited(() => ({ status: 500 })) }],
  ['a changed body', { entry: edited(({ text }) => ({ text: `${String(text)} ` })) }],
  [
    'a body that is not JSON',
    { entry: edited(({ text }) => ({ text: `x${String(text).slice(1)}` })) },
  ],
  ['a header nobody stores', { entry: edited(() => ({ headers: [['set-cookie', 'a=b']] })) }],
];

const corrupt = damages.map(
  ([variant, damage]): CacheCase => ({
    id: 'C17',
    variant,
    priority: 'P0',
    title: 'an entry that is broken',
    stores: kept,
    async act(scene, store) {
      const adapter = given(store);
      await scene.call();
      await scene.gateway.flush();
      adapter.tamper(damage);
      const second = await scene.call();
      await scene.gateway.flush();
      const third = await scene.call();

      expect([second.text, third.text]).toEqual(['hello world', 'hello world']);
      expect(scene.origin.hits).toBe(2);
      expect(statuses(scene)).toEqual(['MISS', 'MISS', 'HIT']);
      expect(new Set(adapter.deleted)).toEqual(new Set(adapter.written));
      await judgeStore(scene, adapter, { stored: 2, keys: 1, corrupt: 1 });
    },
  }),
);

/** A store full of what cannot be read is not a store that fails: what is sound in it is still found. */
const manyCorrupt: CacheCase = {
  id: 'C17',
  variant: 'ten in a row',
  priority: 'P0',
  title: 'an entry that is broken',
  stores: kept,
  async act(scene, store) {
    const adapter = given(store);
    const asks = Array.from({ length: 10 }, (_, index) => ({ extra: { user: `u${index}` } }));
    for (const ask of asks) await scene.call(ask);
    await scene.gateway.flush();
    adapter.tamper({ raw: '{"id":"' });
    await scene.call({ extra: { user: 'sound' } });
    for (const ask of asks) await scene.call(ask);
    await scene.gateway.flush();
    await scene.call({ extra: { user: 'sound' } });

    expect(statuses(scene)).toEqual([...Array(21).fill('MISS'), 'HIT']);
    expect(scene.origin.hits).toBe(21);
    await judgeStore(scene, adapter, { stored: 21, keys: 11, corrupt: 10 });
  },
};

/** An answer that another target gave, when that one stood in. */
const standIns: readonly CacheCase[] = [
  {
    id: 'C19',
    variant: 'is not found',
    priority: 'P1',
    title: 'the answer of a stand-in',
    stores: kept,
    async act(scene, store) {
      const adapter = given(store);
      await scene.call();
      await scene.gateway.flush();
      adapter.tamper({ entry: produced });
      await scene.call();
      await scene.gateway.flush();
      await scene.call();

      expect(scene.origin.hits).toBe(2);
      expect(scene.ledger.rows).toMatchObject([missRow, missRow, hitRow]);
      const target = scene.settled[0]?.attempts[0]?.target;
      expect(scene.settled[2]?.cache?.producer, 'it is its own again').toBe(target);
      expect(adapter.deleted, 'it is not broken').toEqual([]);
      await judgeStore(scene, adapter, { stored: 2, keys: 1 });
    },
  },
  {
    id: 'C19',
    variant: 'is taken and named',
    priority: 'P1',
    title: 'the answer of a stand-in',
    stores: kept,
    async act(scene, store) {
      await scene.call();
      await scene.gateway.flush();
      given(store).tamper({ entry: produced });
      const { options } = asking({ cache: { acceptFallback: true } });
      scene.countCall();
      const response = await scene.caller.response({}, { options });
      await response.text();

      expect(scene.origin.hits).toBe(1);
      expect(scene.ledger.rows).toMatchObject([missRow, { ...hitRow, target: STAND_IN }]);
      expect(scene.settled[1]?.cache).toMatchObject({ status: 'HIT', producer: STAND_IN });
      expect(response.headers.get('x-zerohop-cache')).toBe('HIT');
      expect(response.headers.get('x-zerohop-target')).toBe(STAND_IN);
      await judgeStore(scene, store, { stored: 1 });
    },
  },
];

const STAND_IN = 'stand-in';
const produced = edited(({ producer }) => ({
  producer: { ...Object(producer), target: STAND_IN, provider: 'other' },
}));

const modes = [
  ['JSON', false],
  ['a stream', true],
] as const;

/** Writing takes as long as the case likes. */
const slow = modes.flatMap(([variant, isStream]): readonly CacheCase[] => {
  const about = {
    id: 'C22',
    priority: 'P1',
    title: 'a store that is slow to write',
    stores: kept,
    stream: isStream,
    origin: (shape: Scene['sdk']['shape']) =>
      startReplies(({ json: asked }) => ({
        wire:
          at(asked, 'stream') === true ? stream(textAnswer(shape).events) : [json(200, shape.ok)],
      })),
  } as const;
  return [
    { ...about, variant, act: slowWrite },
    {
      ...about,
      variant: `${variant}, past its deadline`,
      cache: { storeTimeout: 100 },
      act: lateWrite,
    },
  ];
});

async function slowWrite(scene: Scene, store: MapAdapter | undefined): Promise<void> {
  const adapter = given(store);
  const gate = Promise.withResolvers<void>();
  adapter.beforeSet = () => gate.promise;

  const first = await scene.call();
  const second = await scene.call();
  const written = [...adapter.written];
  gate.resolve();
  await scene.gateway.flush();
  const third = await scene.call();

  expect(written, 'written when both had their answer').toEqual([]);
  expect([first.text, second.text, third.text]).toEqual(Array(3).fill('hello world'));
  expect(scene.origin.hits).toBe(1);
  expect(statuses(scene)).toEqual(['MISS', 'HIT', 'HIT']);
  await judgeStore(scene, adapter, { stored: 1 });
}

async function lateWrite(scene: Scene, store: MapAdapter | undefined): Promise<void> {
  const adapter = given(store);
  const gate = Promise.withResolvers<void>();
  adapter.beforeSet = () => gate.promise;

  await scene.call();
  await scene.gateway.flush();
  const { timeouts } = scene.gateway.cache.counters;
  const written = [...adapter.written];
  gate.resolve();
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const second = await scene.call();

  expect([timeouts, written]).toEqual([1, []]);
  expect(second.text).toBe('hello world');
  expect(scene.origin.hits).toBe(1);
  expect(statuses(scene)).toEqual(['MISS', 'HIT']);
  expect(adapter.written, 'written in the end').toHaveLength(1);
  expect(scene.gateway.cache.counters).toMatchObject({ timeouts: 1, failures: 0, corrupt: 0 });
}

const MIB = 2 ** 20;
const BOUND = 4 * MIB;
const ANSWERS = 6_000;
const ANSWER_CHARS = 4_096;
const CONCURRENCY = 32;
const WARM_UP = 400;
/** The memory is looked at after so many. */
const PART = 1_400;
/** For what the engine keeps of so many calls whatever they are: code, shapes, pools. */
const ALLOWANCE = 2 * MIB;

const bounded: FaultCase = {
  id: 'C21',
  priority: 'P0',
  title: `${ANSWERS} answers of 4 KiB in a memory of 4 MiB`,
  act: fillMemory,
};

/** Bytes that are held, after what is not held was taken away. */
function held(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function fillMemory(scene: Scene): Promise<void> {
  const counts = { requests: 0, rows: 0, roots: 0 };
  const gateway = createGateway({
    cache: { maxBytes: BOUND, maxEntries: ANSWERS },
    log() {
      counts.rows += 1;
    },
    telemetry: {
      tracerProvider: countRoots(() => {
        counts.roots += 1;
      }),
    },
  });
  const answers = answersOf(scene, () => (counts.requests += 1));
  const ask = askerOf(scene, gateway, answers);
  // The code is compiled, and everything that is made once is made.
  await askMany(ask, 0, WARM_UP);
  await gateway.cache.clear();
  const before = held();

  const growth: number[] = [];
  for (let from = WARM_UP; from < ANSWERS; from += PART) {
    await askMany(ask, from, from + PART);
    await gateway.flush();
    growth.push(held() - before);
  }
  const { evicted, entries = 0, bytes = 0, stored } = gateway.cache.counters;
  await ask(ANSWERS - 1);
  const afterNewest = counts.requests;
  await ask(WARM_UP);

  expect(Math.max(...growth), 'growth of the memory').toBeLessThanOrEqual(1.5 * BOUND + ALLOWANCE);
  expect(bytes).toBeLessThanOrEqual(BOUND);
  expect(bytes, 'room that is used').toBeGreaterThan(0.9 * BOUND);
  expect(stored).toBe(ANSWERS);
  expect(evicted).toBe(ANSWERS - WARM_UP - entries);
  expect(afterNewest, 'the newest is a hit').toBe(ANSWERS);
  expect(counts).toEqual({ requests: ANSWERS + 1, rows: ANSWERS + 2, roots: ANSWERS + 2 });
}

/** A `fetch` with another answer each time. */
function answersOf({ sdk }: Scene, onRequest: () => number): () => Promise<Response> {
  const [head = '', tail = ''] = sdk.shape.ok.split('hello world');
  const headers = { 'content-type': 'application/json' };
  return async () => {
    const text = String(onRequest()).padEnd(ANSWER_CHARS, 'x');
    return new Response(head + text + tail, { headers });
  };
}

type AskFor = (index: number) => Promise<unknown>;

function askerOf({ sdk }: Scene, gateway: Gateway, fetch: () => Promise<Response>): AskFor {
  const caller = sdk.connect({ url: 'http://provider.test', fetch }, gateway);
  return (index) => caller.answer({ messages: [{ role: 'user', content: `hi ${index}` }] }, {});
}

async function askMany(ask: AskFor, from: number, to: number): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) {
      next += 1;
      await ask(next - 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** Counts spans without a parent, and keeps none. */
function countRoots(onRoot: () => void): BasicTracerProvider {
  const counter: SpanProcessor = {
    onStart: () => undefined,
    onEnd: ({ parentSpanContext }) => {
      if (parentSpanContext === undefined) onRoot();
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return new BasicTracerProvider({ spanProcessors: [counter] });
}

/** What is kept, how much of it, and what becomes of it there. */
export const cacheStoreCases: readonly FaultCase[] = [
  ...cacheCases([...corrupt, manyCorrupt, ...standIns, ...slow]),
  bounded,
];
