import { expect, vi } from 'vitest';
import type { FaultCase } from '../harness/fault-case.js';
import { startFlow } from '../harness/flow-server.js';
import { judge } from '../harness/judge.js';
import { cpuTime, peakMemory } from '../harness/memory.js';
import type { Scene } from '../harness/scene.js';
import { at } from '../harness/sdks.js';
import type { Shape } from '../harness/shapes.js';
import { startSink } from '../harness/sink-server.js';

const MIB = 2 ** 20;
const MAX_EVENT = 8 * MIB;
const PIECE = 64 * 1024;
const SLOW_TEXT = 8_000;

const blank = (event: string) => `${event}\n\n`;
const around = ({ opening, finish, closing }: Shape) => ({
  opening: opening.map(blank),
  closing: [...finish, ...closing].map(blank),
});

/** Events, streams and requests of any size. */
export const sizeCases: readonly FaultCase[] = [
  {
    id: 'S31',
    priority: 'P1',
    title: 'one event of 16 MiB',
    isShared: false,
    stream: true,
    origin: (shape) =>
      startFlow({
        ...around(shape),
        piece: blank(shape.content('x'.repeat(16 * MIB))),
        pieces: 1,
      }),
    act: bigEvent,
  },
  {
    id: 'S32',
    priority: 'P0',
    title: 'an event that never ends',
    isShared: true,
    stream: true,
    gateway: { limits: { maxEventBytes: MAX_EVENT } },
    origin: () =>
      startFlow({ opening: [], closing: [], piece: 'x'.repeat(PIECE), pieces: 1_000_000 }),
    act: endlessEvent,
  },
  {
    id: 'S42',
    priority: 'P0',
    title: 'a slow consumer of 200 MiB',
    isShared: true,
    stream: true,
    origin: (shape) =>
      startFlow({
        ...around(shape),
        piece: blank(shape.content('x'.repeat(SLOW_TEXT))),
        pieces: (200 * MIB) / SLOW_TEXT,
      }),
    act: slowConsumer,
  },
  {
    id: 'B07',
    priority: 'P1',
    title: 'a request of 50 MiB',
    origin: ({ ok }) => startSink(ok),
    act: bigRequest,
  },
];

async function bigEvent(scene: Scene): Promise<void> {
  const { sdk, origin } = scene;
  let text = '';

  const cpu = await cpuTime(async () => {
    const result = await scene.call();
    await judge(scene, result, { outcome: 'success', usage: 'reported' });
    text = result.text;
  });

  expect(text.length).toBe(16 * MIB);
  expect(text.replaceAll('x', '')).toBe('');
  // Major 6 is quadratic by itself, so it is no measure.
  if (sdk.name === 'openai 6') return;
  const hits = origin.hits;
  const bare = await cpuTime(async () => {
    for await (const _ of await sdk.connect({ url: origin.url }, undefined).events({}, {}));
  });
  scene.unseenAttempts -= origin.hits - hits;
  expect(cpu, `CPU time beside the bare SDK's ${bare} ms`).toBeLessThanOrEqual(2 * bare + 250);
}

async function endlessEvent(scene: Scene): Promise<void> {
  const peak = await peakMemory(async () => {
    await judge(scene, await scene.call(), {
      outcome: 'error',
      kinds: ['limit'],
      error: { is: 'APIConnectionError', message: /maxEventBytes/ },
    });
  });

  await scene.origin.lastClosed();
  expect(peak, 'growth of the memory').toBeLessThanOrEqual(4 * MAX_EVENT);
}

const READS = 150;

async function slowConsumer(scene: Scene): Promise<void> {
  let reads = 0;
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  const peak = await peakMemory(async () => {
    const result = await scene.call({
      async onEvent() {
        reads += 1;
        await turns();
        return reads >= READS ? 'break' : undefined;
      },
    });
    await judge(scene, result, { outcome: 'aborted' });
  });

  await scene.origin.lastClosed();
  const sent = Number(at(scene.origin, 'sent') ?? 0);
  expect(sent * SLOW_TEXT, 'bytes the upstream got rid of').toBeLessThanOrEqual(16 * MIB);
  expect(peak, 'growth of the memory').toBeLessThanOrEqual(32 * MIB);
}

async function bigRequest(scene: Scene): Promise<void> {
  const { sdk, origin } = scene;
  const image = `data:image/png;base64,${'A'.repeat(50 * MIB)}`;
  const extra = {
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] }],
  };
  const stringify = vi.spyOn(JSON, 'stringify');
  const bare = await peakMemory(() =>
    sdk.connect({ url: origin.url }, undefined).answer(extra, {}),
  );
  scene.unseenAttempts -= 1;
  stringify.mockClear();

  const peak = await peakMemory(async () => {
    const result = await scene.call({ extra });
    await judge(scene, result, { outcome: 'success', hits: 2, attempts: 1, waits: [] });
  });

  expect(at(origin, 'received'), 'bytes at the upstream').toBeGreaterThan(100 * MIB);
  const big = stringify.mock.results.filter(({ value }) => String(value).length > MIB);
  expect(big, 'times the body was serialised').toHaveLength(1);
  expect(peak, 'growth of the memory').toBeLessThanOrEqual(bare + 64 * MIB);
}
