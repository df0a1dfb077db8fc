import { once } from 'node:events';
import { createServer } from 'node:net';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import { expect, vi } from 'vitest';
import type { CacheOptions } from 'zerohop';
import { startRedis, type TestRedis } from '../../../support/redis.js';
import { endings, pricing, statuses, UNHURRIED } from '../harness/cache-cases.js';
import type { FaultCase, Stage } from '../harness/fault-case.js';
import { keepLogs, type Told } from '../harness/kept-logs.js';
import { emptyRedis, type RespReplier, startResp } from '../harness/resp-server.js';
import type { Result, Scene } from '../harness/scene.js';
import { at } from '../harness/sdks.js';

/** How a Redis is handed over. Users listen to the errors of their own, or do not. */
const ways = {
  adapter: (adapter) => adapter,
  'keyv 5': (store) => new Keyv({ store }),
  // What it wants of an adapter is the same, in types of its own.
  'keyv 6': (store) => new Keyv6({ store: store as never }),
} as const satisfies Record<string, (adapter: KeyvRedis<string>) => object>;

type Way = keyof typeof ways;
const allWays: readonly Way[] = ['adapter', 'keyv 5', 'keyv 6'];
/** What a Keyv does is the same under each SDK. */
const sdksFor = (way: Way): Pick<FaultCase, 'sdks'> =>
  way === 'adapter' ? {} : { sdks: ['openai 7'] };

/** What an act has at hand. */
interface Rig {
  readonly adapter: KeyvRedis<string>;
  readonly store: object;
  readonly told: readonly Told[];
}

interface RedisCase<Server> {
  readonly start: () => Promise<Server & { readonly url: string }>;
  readonly stop: (server: Server) => Promise<unknown>;
  readonly cache?: CacheOptions;
  readonly act: (scene: Scene, server: Server, rig: Rig) => Promise<void>;
}

/** A gateway whose cache is in what answers at a URL, or does not. */
function redisStage<Server>(way: Way, { start, stop, cache, act }: RedisCase<Server>) {
  return async (): Promise<Stage> => {
    const server = await start();
    const adapter = new KeyvRedis<string>(server.url);
    const store = ways[way](adapter);
    const logger = keepLogs();
    return {
      gateway: { pricing, logger, cache: { ...cache, store } },
      act: (scene) => act(scene, server, { adapter, store, told: logger.told }),
      async close() {
        // There may be no connection to end.
        await adapter.disconnect(true).catch(() => undefined);
        await stop(server);
      },
    };
  };
}

function withRedis(
  about: Omit<FaultCase, 'stage'>,
  act: RedisCase<TestRedis>['act'],
  given = allWays,
): readonly FaultCase[] {
  return given.map((way) => ({
    ...about,
    ...sdksFor(way),
    variant: [about.variant, way].filter((part) => part !== undefined).join(', '),
    stage: redisStage(way, { start: startRedis, stop: (redis) => redis.kill(), act }),
  }));
}

const warnings = ({ told }: Rig): readonly Told[] => told.filter(({ level }) => level === 'warn');
/** Each kind of trouble is told of, and once. */
function judgeWarnings(rig: Rig): void {
  const reasons = warnings(rig).map(({ reason }) => reason);
  expect(reasons.length, 'warnings').toBeGreaterThan(0);
  expect([...new Set(reasons)]).toEqual(reasons);
}

const troubles = ({ gateway }: Scene): number => {
  const { failures, timeouts } = gateway.cache.counters;
  return failures + timeouts;
};

/** The first `count` calls, one after the other; each asks for something else. */
async function ask(scene: Scene, count: number, from = 0): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let index = 0; index < count; index += 1) {
    results.push(await scene.call({ extra: { user: `u${from + index}` } }));
  }
  return results;
}

function judgeAnswered(results: readonly Result[]): void {
  expect(results.map(({ error, text }) => error ?? text)).toEqual(results.map(() => 'hello world'));
}

/** Somewhere nobody listens. */
async function startNowhere(): Promise<{ readonly url: string }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  server.close();
  await once(server, 'close');
  return { url: `redis://127.0.0.1:${port}` };
}

/** What the first calls wait for; what comes after them does not touch the store. */
const CALLS = 12;

async function judgeLeftAlone(scene: Scene, from: number): Promise<void> {
  const before = { troubles: troubles(scene), ...scene.gateway.cache.counters };
  judgeAnswered(await ask(scene, CALLS, from));
  await scene.gateway.flush();
  const { skipped, stored } = scene.gateway.cache.counters;
  expect(troubles(scene), 'operations that were tried').toBe(before.troubles);
  expect(skipped - before.skipped, 'operations that were not').toBe(2 * CALLS);
  expect(stored).toBe(before.stored);
}

async function downAtConstruction(scene: Scene, _: unknown, rig: Rig): Promise<void> {
  judgeAnswered(await ask(scene, 5));
  await scene.gateway.flush();
  const { stored } = scene.gateway.cache.counters;
  await judgeLeftAlone(scene, 5);

  expect(stored).toBe(0);
  expect(troubles(scene), 'operations that were tried in all').toBe(5);
  expect(statuses(scene)).toEqual(Array(5 + CALLS).fill('MISS'));
  expect(scene.origin.hits).toBe(5 + CALLS);
  expect(warnings(rig)).toHaveLength(1);
}

const down = allWays.map(
  (way): FaultCase => ({
    id: 'D01',
    ...sdksFor(way),
    variant: way,
    priority: 'P0',
    title: 'Redis is down when the gateway is made',
    stage: redisStage(way, {
      start: startNowhere,
      stop: () => Promise.resolve(),
      act: downAtConstruction,
    }),
  }),
);

/** It goes away in one way or another between two calls. */
function goesAway(how: (redis: TestRedis) => unknown) {
  return async (scene: Scene, redis: TestRedis, rig: Rig): Promise<void> => {
    const first = await scene.call();
    await scene.gateway.flush();
    const second = await scene.call();
    const { stored } = scene.gateway.cache.counters;
    const before = troubles(scene);

    await how(redis);
    const third = await scene.call();
    await scene.gateway.flush();
    const after = troubles(scene);
    judgeAnswered([first, second, third, ...(await ask(scene, 5))]);
    await scene.gateway.flush();
    await judgeLeftAlone(scene, 5);
    redis.thaw();

    expect(stored).toBe(1);
    // On a busy machine a Redis may be late once that is well.
    expect(after - before, 'troubles of the next call').toBeGreaterThanOrEqual(1);
    expect(scene.gateway.cache.counters.stored, 'stored without a Redis').toBe(1);
    expect(endings(scene).slice(0, 3)).toEqual(['success MISS', 'success HIT', 'success MISS']);
    expect(scene.origin.hits).toBe(2 + 5 + CALLS);
    judgeWarnings(rig);
  };
}

const STEP_MS = 500;
const MAX_RECOVERY_MS = 5_000;

/** The clock is put forward by hand, so that only the client's own reconnecting takes its time. */
const comesBack =
  (outageMs: number) =>
  async (scene: Scene, redis: TestRedis, rig: Rig): Promise<void> => {
    // Waits are as long as chance can make them.
    scene.clock.chance = 0.999;
    await scene.call();
    await scene.gateway.flush();
    await redis.kill();
    for (let ms = 0; ms < outageMs; ms += STEP_MS) {
      scene.clock.skip(STEP_MS);
      judgeAnswered([await scene.call()]);
      await scene.gateway.flush();
    }
    const during = scene.ledger.rows.length;

    await redis.restart();
    await vi.waitUntil(() => at(rig.adapter.client, 'isReady') === true, { timeout: 10_000 });
    let recoveryMs = 0;
    while (statuses(scene).at(-1) !== 'HIT' && recoveryMs <= 60_000) {
      scene.clock.skip(STEP_MS);
      recoveryMs += STEP_MS;
      judgeAnswered([await scene.call()]);
      await scene.gateway.flush();
    }

    expect(statuses(scene).slice(1, during)).not.toContain('HIT');
    expect(statuses(scene).at(-1)).toBe('HIT');
    const recovered = rig.told.filter(({ message }) => message === 'the cache store answers again');
    expect(recovered, 'recovery is told').toHaveLength(1);
    expect(recoveryMs, 'until it is used again').toBeLessThanOrEqual(MAX_RECOVERY_MS);
  };

const outages: readonly FaultCase[] = [
  ...down,
  ...withRedis(
    { id: 'D02', variant: 'killed', priority: 'P0', title: 'Redis goes away between two calls' },
    goesAway((redis) => redis.kill()),
  ),
  ...withRedis(
    { id: 'D02', variant: 'frozen', priority: 'P0', title: 'Redis goes away between two calls' },
    goesAway((redis) => redis.freeze()),
  ),
  ...withRedis({ id: 'D04', priority: 'P1', title: 'Redis comes back' }, comesBack(10_000)),
  ...withRedis(
    {
      id: 'D04',
      variant: 'after a minute',
      priority: 'P1',
      title: 'Redis comes back',
      sdks: ['openai 7'],
    },
    comesBack(60_000),
    ['adapter'],
  ),
];

const kinds = [
  ['READONLY', "READONLY You can't write against a read only replica."],
  ['LOADING', 'LOADING Redis is loading the dataset in memory'],
  ['MOVED', 'MOVED 3999 127.0.0.1:6381'],
  ['NOAUTH', 'NOAUTH Authentication required.'],
] as const;

const refusing =
  (message: string): RespReplier =>
  () =>
    `-${message}\r\n`;

const outOfMemory: RespReplier = (command, words) =>
  command === 'SET'
    ? "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
    : emptyRedis(command, words);

function withReplies(
  about: Omit<FaultCase, 'stage'>,
  reply: RespReplier,
  act: RedisCase<Awaited<ReturnType<typeof startResp>>>['act'],
): readonly FaultCase[] {
  return allWays.map((way) => ({
    ...about,
    ...sdksFor(way),
    variant: [about.variant, way].filter((part) => part !== undefined).join(', '),
    stage: redisStage(way, {
      start: () => startResp(reply),
      stop: (server) => server.close(),
      cache: { storeTimeout: UNHURRIED },
      act,
    }),
  }));
}

const replies: readonly FaultCase[] = [
  ...withReplies(
    { id: 'D06', priority: 'P1', title: 'Redis has no memory left' },
    outOfMemory,
    async (scene, server) => {
      for (let index = 0; index < 3; index += 1) {
        judgeAnswered(await ask(scene, 1, index));
        await scene.gateway.flush();
      }

      expect(scene.origin.hits).toBe(3);
      expect(statuses(scene)).toEqual(['MISS', 'MISS', 'MISS']);
      expect(server.commands).toEqual(['GET', 'SET', 'GET', 'SET', 'GET', 'SET']);
      const counters = { stored: 0, failures: 3, timeouts: 0, skipped: 0, corrupt: 0 };
      expect(scene.gateway.cache.counters).toMatchObject(counters);
    },
  ),
  ...kinds.flatMap(([kind, message]) =>
    withReplies(
      { id: 'D07', variant: kind, priority: 'P1', title: 'Redis refuses' },
      refusing(message),
      async (scene, server, rig) => {
        judgeAnswered(await ask(scene, 5));
        await scene.gateway.flush();
        const asked = server.commands.length;
        await judgeLeftAlone(scene, 5);

        expect(scene.origin.hits).toBe(5 + CALLS);
        expect(statuses(scene)).toEqual(Array(5 + CALLS).fill('MISS'));
        expect(scene.gateway.cache.counters).toMatchObject({ stored: 0, failures: 5, timeouts: 0 });
        expect([asked, server.commands.length]).toEqual([5, 5]);
        expect(warnings(rig).map(({ reason }) => reason)).toEqual([kind]);
      },
    ),
  ),
  ...withReplies(
    { id: 'D07', variant: 'READONLY, writes only', priority: 'P1', title: 'Redis refuses' },
    (command, words) => (command === 'SET' ? `-${kinds[0][1]}\r\n` : emptyRedis(command, words)),
    async (scene, _, rig) => {
      for (let index = 0; index < 8; index += 1) {
        judgeAnswered(await ask(scene, 1, index));
        await scene.gateway.flush();
      }

      expect(scene.gateway.cache.counters).toMatchObject({ stored: 0, failures: 8 });
      expect(warnings(rig).map(({ reason }) => reason)).toEqual(['READONLY']);
    },
  ),
  ...withReplies(
    { id: 'D07', variant: 'one after the other', priority: 'P1', title: 'Redis refuses' },
    emptyRedis,
    async (scene, server, rig) => {
      for (const [, message] of kinds) {
        server.reply = refusing(message);
        judgeAnswered(await ask(scene, 5));
        await scene.gateway.flush();
        scene.clock.skip(60_000);
      }

      expect(warnings(rig).map(({ reason }) => reason)).toEqual(kinds.map(([kind]) => kind));
    },
  ),
];

/** Errors that come by themselves, when nobody waits for anything. */
const emitted = allWays.map(
  (way): FaultCase => ({
    id: 'D15',
    ...sdksFor(way),
    variant: way,
    priority: 'P0',
    title: 'errors that a client of the user’s emits',
    stage: redisStage(way, {
      start: () => startResp(emptyRedis),
      stop: (server) => server.close(),
      cache: { storeTimeout: UNHURRIED },
      async act(scene, _, { adapter, store }) {
        judgeAnswered([await scene.call()]);
        await scene.gateway.flush();
        const error = new Error('Socket closed unexpectedly');
        const emitters = [store, adapter, adapter.client] as readonly {
          emit(name: 'error', error: Error): unknown;
        }[];
        // What `emit` throws, a socket's handler would throw where nobody catches it.
        for (const emitter of emitters) {
          expect(() => emitter.emit('error', error)).not.toThrow();
        }
        judgeAnswered(await ask(scene, 3));
        await scene.gateway.flush();

        expect(scene.origin.hits).toBe(4);
        expect(statuses(scene)).toEqual(['MISS', 'MISS', 'MISS', 'MISS']);
        expect(scene.gateway.cache.counters).toMatchObject({ stored: 4, skipped: 0 });
      },
    }),
  }),
);

/** What a cache does when its Redis does not do well. */
export const redisCases: readonly FaultCase[] = outages;
/** The same with a Redis of our own, which says what it likes. */
export const storeReplyCases: readonly FaultCase[] = [...replies, ...emitted];
