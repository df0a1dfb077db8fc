import { expect } from 'vitest';
import { createGateway } from 'zerohop';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { judge } from '../harness/judge.js';
import { startReplies, until } from '../harness/origin.js';
import type { Scene } from '../harness/scene.js';
import { end, json, openStream, shortBody } from '../harness/script.js';

const answered = { outcome: 'success', text: 'hello world', usage: 'reported' } as const;
const IN_FLIGHT = 20;

/** Time that runs out, or must not; and closing. */
export const timeoutCases: readonly FaultCase[] = [
  {
    id: 'X08',
    priority: 'P0',
    title: 'no headers within the timeout',
    client: { timeout: 150 },
    attempts: ({ ok }) => [[wire.hang()], [json(200, ok)]],
    expect: { ...answered, hits: 2, kinds: ['timeout', undefined] },
  },
  {
    id: 'X08',
    variant: 'for ever',
    priority: 'P0',
    title: 'no headers within the timeout',
    client: { timeout: 100, maxRetries: 1 },
    attempts: () => [[wire.hang()]],
    expect: {
      outcome: 'error',
      hits: 2,
      kinds: ['timeout', 'timeout'],
      error: { is: 'APIConnectionTimeoutError' },
      check: (_, { origin }) => origin.lastClosed(),
    },
  },
  {
    id: 'X08',
    variant: 'the whole call',
    priority: 'P0',
    title: 'no headers within the timeout',
    gateway: { timeouts: { total: 100 } },
    attempts: () => [[wire.hang()]],
    expect: {
      outcome: 'error',
      kinds: ['deadline'],
      error: { is: 'APIConnectionTimeoutError', message: /timeouts\.total/ },
      check: (_, { origin }) => origin.lastClosed(),
    },
  },
  ...(['auto', 'fetch'] as const).map(
    (transport): FaultCase => ({
      id: 'X09',
      ...(transport === 'fetch' && { variant: 'global fetch' }),
      priority: 'P0',
      title: 'silence inside a JSON body',
      client: { timeout: 150 },
      gateway: { transport },
      attempts: ({ ok }) => [shortBody(ok, [wire.hang()]), [json(200, ok)]],
      expect: { ...answered, hits: 2, kinds: ['timeout', undefined] },
    }),
  ),
  {
    id: 'X10',
    priority: 'P1',
    title: "timeouts longer than the dispatcher's own",
    client: { timeout: 5_000 },
    pool: { headersTimeout: 100, bodyTimeout: 100 },
    attempts: ({ ok }) => [[wire.sleep(300), json(200, ok)]],
    expect: answered,
  },
  {
    id: 'X10',
    variant: 'in a stream',
    priority: 'P1',
    title: "timeouts longer than the dispatcher's own",
    client: { timeout: 5_000 },
    pool: { headersTimeout: 100, bodyTimeout: 100 },
    stream: true,
    attempts: ({ opening, hello, world, finish, closing }) => [
      [
        ...openStream([...opening, hello]),
        wire.sleep(300),
        ...openStream([world, ...finish, ...closing]).slice(1),
        end(),
      ],
    ],
    expect: answered,
  },
  {
    id: 'X11',
    priority: 'P1',
    title: 'timeout: Infinity',
    attempts: ({ ok }) => [[wire.sleep(100), json(200, ok)]],
    act: endlessTimeouts,
  },
  {
    id: 'X14',
    priority: 'P0',
    title: 'close() waits for what runs and refuses the rest',
    origin: async ({ ok }) => {
      const gate = Promise.withResolvers<void>();
      const origin = await startReplies(async () => {
        await gate.promise;
        return { wire: [json(200, ok)] };
      });
      return Object.assign(origin, { open: gate.resolve });
    },
    act: closeGracefully,
  },
  {
    id: 'X14',
    variant: 'what takes too long',
    priority: 'P0',
    title: 'close() waits for what runs and refuses the rest',
    attempts: () => [[wire.hang()]],
    act: closeByForce,
  },
];

async function endlessTimeouts(scene: Scene): Promise<void> {
  const endless = scene.connect({ timeout: Number.POSITIVE_INFINITY });

  const byClient = await scene.call({}, endless);
  await judge(scene, byClient, answered);
  const byCall = await scene.call({ timeout: Number.POSITIVE_INFINITY });
  await judge(scene, byCall, { ...answered, hits: 2, attempts: 1, waits: [] });

  expect(() => createGateway({ timeouts: { total: Number.POSITIVE_INFINITY } })).toThrow(
    /gateway\.timeouts\.total/,
  );
}

const refused = {
  outcome: 'error',
  attempts: 0,
  waits: [],
  error: { is: 'APIError', status: 503, message: /closed/ },
} as const;

async function closeGracefully(scene: Scene): Promise<void> {
  const running = Array.from({ length: IN_FLIGHT }, () => scene.call());
  await until(() => scene.origin.hits === IN_FLIGHT);
  const flushed: string[] = [];
  scene.gateway.on('settled', async ({ callId }) => {
    await new Promise((resolve) => setImmediate(resolve));
    flushed.push(callId);
  });

  const closing = scene.gateway.close({ timeoutMs: 5_000 });
  const late = await scene.call();
  if ('open' in scene.origin && typeof scene.origin.open === 'function') scene.origin.open();
  const results = await Promise.all(running);
  await closing;

  expect(results.map(({ text }) => text)).toEqual(Array(IN_FLIGHT).fill('hello world'));
  expect(flushed, 'settlements that were awaited').toHaveLength(IN_FLIGHT + 1);
  scene.settled.sort((one, other) => other.attempts.length - one.attempts.length);
  await judge(scene, late, { ...refused, hits: IN_FLIGHT });
}

async function closeByForce(scene: Scene): Promise<void> {
  const running = scene.call();
  await until(() => scene.origin.hits === 1);

  await scene.gateway.close({ timeoutMs: 50 });

  await judge(scene, await running, { ...refused, attempts: 1 });
  await scene.origin.lastClosed();
}
