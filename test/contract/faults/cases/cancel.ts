import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { startFlow } from '../harness/flow-server.js';
import { judge } from '../harness/judge.js';
import { startReplies, until } from '../harness/origin.js';
import type { Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import { at } from '../harness/sdks.js';
import type { Shape } from '../harness/shapes.js';

const aborted = { outcome: 'aborted', error: { is: 'APIUserAbortError' } } as const;
const CALLS = 300;

const slowly = ({ opening, hello, finish, closing }: Shape) =>
  startFlow({
    opening: opening.map((event) => `${event}\n\n`),
    piece: `${hello}\n\n`,
    pieces: 400,
    gapMs: 50,
    closing: [...finish, ...closing].map((event) => `${event}\n\n`),
  });

/** Callers that give up. */
export const cancelCases: readonly FaultCase[] = [
  {
    id: 'X01',
    priority: 'P0',
    title: 'aborted before the call',
    act: abortBefore,
  },
  ...(['auto', 'fetch'] as const).map(
    (transport): FaultCase => ({
      id: 'X02',
      ...(transport === 'fetch' && { variant: 'global fetch' }),
      priority: 'P0',
      title: 'aborted while waiting for the headers',
      gateway: { transport },
      attempts: () => [[wire.hang()]],
      act: abortWaiting,
    }),
  ),
  {
    id: 'X02',
    variant: 'while waiting to try again',
    priority: 'P0',
    title: 'aborted while waiting for the headers',
    attempts: ({ error }) => [[json(429, error('rate_limit_error'), { 'retry-after': '5' })]],
    act: abortBackoff,
  },
  ...(['auto', 'fetch'] as const).map(
    (transport): FaultCase => ({
      id: 'X03',
      ...(transport === 'fetch' && { variant: 'global fetch' }),
      priority: 'P0',
      title: 'aborted in the middle of a stream',
      isShared: transport === 'auto',
      gateway: { transport },
      stream: true,
      origin: slowly,
      act: (scene) =>
        leave(scene, () => {
          scene.controller.abort();
          return undefined;
        }),
    }),
  ),
  {
    id: 'X04',
    priority: 'P0',
    title: 'break out of the loop',
    isShared: true,
    stream: true,
    origin: slowly,
    act: (scene) => leave(scene, () => 'break'),
  },
  {
    id: 'X07',
    priority: 'P0',
    title: `one signal for ${CALLS} calls`,
    origin: async ({ ok, error, opening, hello, world, finish, closing }) =>
      startReplies(({ json: body, headers }) => {
        const kind = at(body, 'user');
        const isFirst = headers['x-stainless-retry-count'] === '0';
        if (kind === 'error') return { wire: [json(400, error('invalid_request_error'))] };
        if (kind === 'retry' && isFirst) return { wire: [json(500, error('server_error'))] };
        const isStream = at(body, 'stream') === true;
        const events = [...opening, hello, world, ...finish, ...closing];
        return { wire: isStream ? stream(events) : [json(200, ok)] };
      }),
    act: manyCalls,
  },
];

async function abortBefore(scene: Scene): Promise<void> {
  scene.controller.abort();

  const result = await scene.call();

  await judge(scene, result, { ...aborted, hits: 0 });
  expect(scene.settled[0]?.failure?.kind).toBe('aborted');
}

async function abortWaiting(scene: Scene): Promise<void> {
  const calling = scene.call();
  await until(() => scene.origin.hits === 1);

  scene.controller.abort();

  await judge(scene, await calling, { ...aborted, kinds: ['aborted'] });
  await scene.origin.lastClosed();
}

async function abortBackoff(scene: Scene): Promise<void> {
  const held = scene.clock.held();
  const calling = scene.call();
  await held;

  scene.controller.abort();

  await judge(scene, await calling, { ...aborted, waits: [[5_000, 5_500]] });
  expect(scene.settled[0]?.failure?.kind).toBe('aborted');
}

/** Leaves at the first content, and looks at what the upstream still sends. */
async function leave(scene: Scene, how: () => 'break' | undefined): Promise<void> {
  const { origin, sdk } = scene;
  const sent = () => Number(at(origin, 'sent') ?? 0);
  let sentBefore = 0;

  const result = await scene.call({
    onEvent(event) {
      if (sdk.textOfEvent(event) === '') return undefined;
      sentBefore = sent();
      return how();
    },
  });

  await judge(scene, result, { outcome: 'aborted', text: 'hello', kinds: ['aborted'] });
  await origin.lastClosed();
  expect(sent() - sentBefore, 'events sent after that').toBeLessThanOrEqual(3);
  expect(scene.settled[0]?.text).toMatch(/^(hello)+$/);
  expect(scene.settled[0]?.complete).toBe(false);
}

const kinds = ['json', 'stream', 'error', 'retry', 'break'] as const;

async function manyCalls(scene: Scene): Promise<void> {
  const { signal } = scene.controller;
  for (let index = 0; index < CALLS; index += 1) {
    const kind = kinds[index % kinds.length] ?? 'json';
    await scene.call({
      stream: kind === 'stream' || kind === 'break',
      extra: { user: kind },
      onEvent: () => (kind === 'break' ? 'break' : undefined),
    });
    expect(getEventListeners(signal, 'abort'), `listeners after call ${index}`).toEqual([]);
  }

  const outcomes = scene.settled.map(({ outcome }) => outcome);
  const share = CALLS / kinds.length;
  expect(outcomes.filter((outcome) => outcome === 'success')).toHaveLength(3 * share);
  expect(outcomes.filter((outcome) => outcome === 'error')).toHaveLength(share);
  expect(outcomes.filter((outcome) => outcome === 'aborted')).toHaveLength(share);
}
