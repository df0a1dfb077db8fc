import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import type { RateLimitOptions } from 'zerohop';
import { startRedis, type TestRedis } from '../../../support/redis.js';
import { judgeNothingHeld } from '../harness/by-hand.js';
import { startChild } from '../harness/child.js';
import type { FaultCase, Stage } from '../harness/fault-case.js';
import { type GatedOrigin, startGated } from '../harness/gated-server.js';
import { keepLogs, type Told } from '../harness/kept-logs.js';
import { type RespReplier, startResp } from '../harness/resp-server.js';
import type { Scene } from '../harness/scene.js';

/** What an act has at hand. */
interface Rig<Server> {
  readonly server: Server;
  readonly told: readonly Told[];
}

interface LimitCase<Server> {
  readonly start: () => Promise<Server & { readonly url: string }>;
  readonly stop: (server: Server) => Promise<unknown>;
  readonly limits?: RateLimitOptions;
  /** What the limits are shared over. @defaultValue its URL */
  readonly redis?: (url: string) => Redis;
  readonly act: (scene: Scene, rig: Rig<Server>) => Promise<void>;
}

const PLENTY: RateLimitOptions = { requestsPerSecond: 10_000, tokensPerMinute: 1e9, burst: 1 };

/** A gateway whose limits are shared in what answers at a URL, or does not. */
function sharedStage<Server>({ start, stop, limits = PLENTY, redis, act }: LimitCase<Server>) {
  return async (): Promise<Stage> => {
    const server = await start();
    const logger = keepLogs();
    const client = redis?.(server.url);
    return {
      gateway: {
        ...{ logger, pricing: false, stats: true },
        rateLimit: { ...limits, redis: client ?? server.url },
      },
      async act(scene) {
        try {
          await act(scene, { server, told: logger.told });
          judgeNothingHeld(scene);
        } finally {
          await scene.gateway.close();
          client?.disconnect();
        }
      },
      close: () => stop(server),
    };
  };
}

const overRedis = (
  act: LimitCase<TestRedis>['act'],
  more: Pick<LimitCase<TestRedis>, 'limits' | 'redis'> = {},
) => ({ stage: sharedStage({ start: startRedis, stop: (redis) => redis.kill(), ...more, act }) });

const warnings = (told: readonly Told[]) => told.filter(({ level }) => level !== 'debug');

async function ask(scene: Scene, count: number): Promise<void> {
  for (let call = 0; call < count; call += 1) {
    const { error, text } = await scene.call();
    expect(error ?? text).toBe('hello world');
  }
}

/** Asks until Redis has been asked, and knows something of a limit. */
async function isShared(scene: Scene, redis: TestRedis): Promise<void> {
  await vi.waitFor(
    async () => {
      await ask(scene, 1);
      expect(await redis.command('KEYS', '*requestsPerSecond*_settings')).not.toBe('*0');
    },
    { timeout: 15_000, interval: 20 },
  );
}

const inFlight: readonly FaultCase[] = [
  {
    id: 'L07',
    priority: 'P0',
    title: 'Redis dies while a call is under way',
    origin: startGated,
    ...overRedis(
      async (scene, { server, told }) => {
        // What `startGated` gave the case.
        const origin = scene.origin as GatedOrigin;
        const calling = scene.call();
        const answer = await origin.request(0);
        await server.kill();
        answer.json(200, scene.sdk.shape.ok);
        const { error, text } = await calling;
        const next = scene.call();
        (await origin.request(1)).json(200, scene.sdk.shape.ok);

        expect(error ?? text).toBe('hello world');
        // Its only slot is free again.
        expect((await next).text).toBe('hello world');
        expect(origin.hits).toBe(2);
        expect(warnings(told)).toHaveLength(1);
      },
      { limits: { ...PLENTY, concurrency: 1 } },
    ),
  },
];

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

/** Ten calls at once and ten in turn are answered, and one warning is written. */
async function goOnAlone(scene: Scene, told: readonly Told[]): Promise<void> {
  const before = scene.origin.hits;
  const results = await Promise.all(Array.from({ length: 10 }, () => scene.call()));
  await ask(scene, 10);

  expect(results.map(({ error, text }) => error ?? text)).toEqual(Array(10).fill('hello world'));
  expect(scene.origin.hits - before).toBe(20);
  expect(warnings(told), 'warnings').toHaveLength(1);
}

const gone: readonly FaultCase[] = [
  ...(['L08', 'D01'] as const).map(
    (id): FaultCase => ({
      id,
      ...(id === 'D01' && { variant: 'limits' }),
      priority: 'P0',
      title:
        id === 'L08' ? 'Redis is down for new calls' : 'Redis is down when the gateway is made',
      stage: sharedStage({
        start: startNowhere,
        stop: () => Promise.resolve(),
        act: (scene, { told }) => goOnAlone(scene, told),
      }),
    }),
  ),
  ...(['killed', 'frozen'] as const).map(
    (how): FaultCase => ({
      id: 'D02',
      variant: `limits, ${how}`,
      priority: 'P0',
      title: 'Redis goes away between two calls',
      ...overRedis(
        async (scene, { server, told }) => {
          await isShared(scene, server);
          expect(warnings(told)).toEqual([]);
          if (how === 'killed') await server.kill();
          else server.freeze();
          try {
            // What was taken ahead is spent first.
            await ask(scene, 5);
            await goOnAlone(scene, told);
          } finally {
            server.thaw();
          }
        },
        { limits: { requestsPerSecond: 1_000, burst: 0.02 } },
      ),
    }),
  ),
];

const heals: readonly FaultCase[] = [
  ...(['flushed', 'restarted'] as const).map(
    (how): FaultCase => ({
      id: 'L09',
      variant: how,
      priority: 'P0',
      title: 'Redis loses the state of the limits',
      ...overRedis(async (scene, { server }) => {
        await isShared(scene, server);
        if (how === 'flushed') await server.flush();
        else await server.restart();
        await ask(scene, 1);
        // It is known there again, without a restart of ours.
        await isShared(scene, server);
      }),
    }),
  ),
  {
    id: 'D04',
    variant: 'limits',
    priority: 'P1',
    title: 'Redis comes back',
    ...overRedis(async (scene, { server, told }) => {
      await isShared(scene, server);
      await server.kill();
      await ask(scene, 5);
      await server.restart();
      await isShared(scene, server);

      expect(warnings(told).length).toBeLessThanOrEqual(1);
    }),
  },
  {
    id: 'L11',
    priority: 'P1',
    title: 'a process that holds all slots is killed',
    sdks: ['openai 7'],
    ...overRedis(
      async (scene, { server }) => {
        const limits = JSON.stringify({ concurrency: 5, redis: server.url });
        const child = startChild('hold-slots.ts', { args: [limits, '5'] });
        try {
          expect(await child.next()).toBe('holds');
          let isOver = false;
          const calling = scene.call().finally(() => {
            isOver = true;
          });
          await vi.waitUntil(() => scene.gateway.stats().limits[0]?.queued === 1, {
            timeout: 10_000,
          });
          const before = [isOver, scene.origin.hits];
          await child.kill();

          expect(before).toEqual([false, 0]);
          expect((await calling).text).toBe('hello world');
        } finally {
          await child.kill();
        }
      },
      { limits: { concurrency: 5 } },
    ),
  },
];

const refusals = [
  ['READONLY', "READONLY You can't write against a read only replica."],
  ['LOADING', 'LOADING Redis is loading the dataset in memory'],
  ['MOVED', 'MOVED 3999 127.0.0.1:6381'],
  ['NOAUTH', 'NOAUTH Authentication required.'],
  ['OOM', "OOM command not allowed when used memory > 'maxmemory'."],
] as const;

const refusing =
  (message: string): RespReplier =>
  () =>
    `-${message}\r\n`;

/** The limits when their Redis refuses, or a client of the user's is in trouble. No real Redis is needed. */
export const limitReplyCases: readonly FaultCase[] = [
  ...refusals.map(
    ([kind, message]): FaultCase => ({
      id: kind === 'OOM' ? 'D06' : 'D07',
      variant: kind === 'OOM' ? 'limits' : `limits, ${kind}`,
      priority: 'P1',
      title: kind === 'OOM' ? 'Redis has no memory left' : 'Redis refuses',
      stage: sharedStage({
        start: () => startResp(refusing(message)),
        stop: (server) => server.close(),
        async act(scene, { told }) {
          await goOnAlone(scene, told);
          expect(warnings(told).map(({ reason }) => reason)).toEqual([kind]);
        },
      }),
    }),
  ),
  {
    id: 'D15',
    variant: 'limits, ioredis',
    priority: 'P0',
    title: 'errors that a client of the user’s emits',
    ...(() => {
      let client: Redis | undefined;
      return {
        stage: sharedStage({
          start: startNowhere,
          stop: () => Promise.resolve(),
          redis(url) {
            client = new Redis(url, { lazyConnect: true });
            return client;
          },
          async act(scene, { told }) {
            await goOnAlone(scene, told);
            const error = new Error('Socket closed unexpectedly');
            // What `emit` throws, a socket's handler would throw where nobody catches it.
            expect(() => client?.emit('error', error)).not.toThrow();
            await ask(scene, 3);
          },
        }),
      };
    })(),
  },
];

/** The limits that processes share, with a real Redis. */
export const sharedLimitCases: readonly FaultCase[] = [...inFlight, ...gone, ...heals];
