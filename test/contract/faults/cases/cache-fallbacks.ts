import { expect } from 'vitest';
import {
  asking,
  type CacheCase,
  cacheCases,
  judgeStore,
  statuses,
} from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import { OTHER, type Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import type { Shape } from '../harness/shapes.js';
import { textAnswer } from '../harness/tool-answers.js';

const modes = [
  ['JSON', false],
  ['a stream', true],
] as const;

/** So many failures, and then answers. */
const first = (count: number, isStream: boolean) => {
  return (shape: Shape) => [
    ...Array.from({ length: count }, () => [json(500, shape.error('server_error'))]),
    answer(shape, isStream),
  ];
};
const answer = (shape: Shape, isStream: boolean) =>
  isStream ? stream(textAnswer(shape).events) : [json(200, shape.ok)];

/** Who each answer is from. */
function producers({ settled }: Scene): readonly (string | undefined)[] {
  const own = settled[0]?.attempts[0]?.target;
  return settled.map(({ cache, attempts }) => {
    const name = cache?.producer ?? attempts.at(-1)?.target;
    return name === own ? 'own' : name;
  });
}

const cases = modes.flatMap(([mode, isStream]): readonly CacheCase[] => {
  const about = {
    id: 'C19',
    priority: 'P1',
    title: 'the answer of a stand-in',
    stream: isStream,
    client: { maxRetries: 0 },
    attempts: first(1, isStream),
    other: (shape: Shape) => [answer(shape, isStream)],
  } as const;
  return [
    {
      ...about,
      variant: `with a fallback, ${mode}`,
      async act(scene, adapter) {
        for (let call = 0; call < 3; call += 1) {
          await scene.call();
          await scene.gateway.flush();
        }

        expect(producers(scene)).toEqual([OTHER, 'own', 'own']);
        expect(statuses(scene)).toEqual(['MISS', 'MISS', 'HIT']);
        expect([scene.origin.hits, scene.other?.hits]).toEqual([2, 1]);
        expect(scene.ledger.rows.map(({ target }) => target)).toMatchObject([OTHER, {}, {}]);
        await judgeStore(scene, adapter, { stored: 2, keys: 1 });
      },
    },
    {
      ...about,
      variant: `with a fallback, taken and named, ${mode}`,
      async act(scene, adapter) {
        await scene.call();
        await scene.gateway.flush();
        await scene.call(asking({ cache: { acceptFallback: true } }));

        expect(producers(scene)).toEqual([OTHER, OTHER]);
        expect(statuses(scene)).toEqual(['MISS', 'HIT']);
        expect([scene.origin.hits, scene.other?.hits]).toEqual([1, 1]);
        await judgeStore(scene, adapter, { stored: 1 });
      },
    },
    {
      ...about,
      variant: `with a fallback that would be asked, ${mode}`,
      attempts: first(5, isStream),
      async act(scene, adapter) {
        for (const user of ['a', 'b', 'c', 'd', 'e', 'e']) {
          await scene.call({ extra: { user } });
          await scene.gateway.flush();
        }

        expect(producers(scene)).toEqual(Array(6).fill(OTHER));
        expect(statuses(scene)).toEqual([...Array(5).fill('MISS'), 'HIT']);
        expect([scene.origin.hits, scene.other?.hits]).toEqual([5, 5]);
        await judgeStore(scene, adapter, { stored: 5 });
      },
    },
  ];
});

/** Answers of the other target in the cache. */
export const cacheFallbackCases: readonly FaultCase[] = cacheCases(cases);
