import { expect } from 'vitest';
import { loadBalance, primary } from 'zerohop';
import type { FaultCase, OtherTarget } from '../harness/fault-case.js';
import { ask, changes, state } from '../harness/in-turn.js';
import { judge } from '../harness/judge.js';
import { startOwnOrigin } from '../harness/origin.js';
import { answers } from '../harness/other-answers.js';
import { OTHER, type Result } from '../harness/scene.js';
import { json } from '../harness/script.js';
import type { Shape } from '../harness/shapes.js';

const always = (status: number, headers: Readonly<Record<string, string>> = {}) => {
  return ({ error }: Shape) => [[json(status, error('server_error'), headers)]];
};
/** Figures of the breaker by default, in ms; what it adds to a time is up to a quarter of it. */
const DEAD_MS = 300_000;
const JITTER = 1.25;
/** How long a target is believed that asks to be left alone. */
const DEFER_MS = 300_000;

const refused: FaultCase = {
  id: 'T11',
  priority: 'P1',
  title: 'connections that are refused',
  other: answers,
  async act(scene) {
    const closed = scene.connect({ url: await closedPort() });
    const results: Result[] = [];
    for (let call = 0; call < 20; call += 1) results.push(await scene.call({}, closed));

    expect(results.map(({ text }) => text)).toEqual(Array(20).fill('hello world'));
    const own = scene.settled.flatMap(({ attempts }) =>
      attempts.filter(({ target }) => target !== OTHER),
    );
    scene.unseenAttempts = own.length;
    expect(own.map(({ failure }) => failure?.code)).toEqual(Array(5).fill('ECONNREFUSED'));
    // Two back-offs of the first call, one of the second; nobody waits from there on.
    expect(scene.clock.waits).toHaveLength(3);
    expect(changes(scene)).toEqual(['opened']);
  },
};

/** Somewhere on this machine where nobody listens. */
async function closedPort(): Promise<string> {
  const origin = await startOwnOrigin([]);
  await origin.close();
  return origin.url;
}

const inTurn = (other: OtherTarget) => ({
  route: loadBalance([primary, other()], { strategy: (targets) => targets }),
});

/** What a target asks for, or says of its key. */
const leftAlone: readonly FaultCase[] = [
  {
    id: 'H03',
    variant: 'with a fallback',
    isShared: true,
    priority: 'P0',
    title: 'Retry-After far beyond the cap',
    attempts: ({ error, ok }) => [
      [json(429, error('rate_limit_error'), { 'retry-after': '3600' })],
      [json(200, ok)],
    ],
    other: answers,
    async act(scene) {
      const result = await scene.call();
      await judge(scene, result, {
        outcome: 'success',
        text: 'hello world',
        otherHits: 1,
        kinds: ['status', undefined],
      });

      scene.clock.skip(DEFER_MS - 1_000);
      expect(await ask(scene, 2)).toEqual([OTHER, OTHER]);
      expect(scene.origin.hits, 'until the cap').toBe(1);
      scene.clock.skip(2_000);
      expect(await ask(scene, 1)).toEqual(['own']);
    },
  },
  {
    id: 'H07',
    variant: 'with a fallback',
    isShared: true,
    priority: 'P0',
    title: 'a spent quota is no rate limit',
    attempts: ({ error }) => [
      [
        json(
          429,
          error('insufficient_quota', 'You exceeded your current quota', 'insufficient_quota'),
        ),
      ],
    ],
    other: answers,
    async act(scene) {
      const result = await scene.call();
      await judge(scene, result, {
        outcome: 'success',
        text: 'hello world',
        otherHits: 1,
        kinds: ['status', undefined],
      });
      expect(scene.settled[0]?.decisions).toContainEqual({
        kind: 'target-left',
        detail: { target: scene.settled[0]?.attempts[0]?.target, reason: 'quota' },
      });

      expect(state(scene)).toBe('dead');
      scene.clock.skip(DEAD_MS - 1_000);
      expect(await ask(scene, 2)).toEqual([OTHER, OTHER]);
      expect(scene.origin.hits).toBe(1);
      scene.clock.skip(DEAD_MS * JITTER);
      await ask(scene, 1);
      expect(scene.origin.hits).toBe(2);
    },
  },
  {
    id: 'H21',
    isShared: true,
    priority: 'P1',
    title: 'another one of a pool goes before a retry',
    attempts: always(429, { 'retry-after': '5' }),
    other: answers,
    route: inTurn,
    async act(scene) {
      const result = await scene.call();
      await judge(scene, result, {
        outcome: 'success',
        text: 'hello world',
        otherHits: 1,
        kinds: ['status', undefined],
      });

      scene.clock.skip(4_000);
      expect(await ask(scene, 3)).toEqual(Array(3).fill(OTHER));
      expect(scene.origin.hits, 'not before the five seconds are over').toBe(1);
      scene.clock.skip(1_500);
      expect(await ask(scene, 1)).toEqual([OTHER]);
      expect(scene.origin.hits).toBe(2);
    },
  },
];

/** Targets that are not asked for a while, and for how long. */
export const leftAloneCases: readonly FaultCase[] = [refused, ...leftAlone];
