import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { ask, changes, state } from '../harness/in-turn.js';
import { judgeError } from '../harness/judge.js';
import { until } from '../harness/origin.js';
import { answers } from '../harness/other-answers.js';
import { OTHER, type Scene } from '../harness/scene.js';
import { json } from '../harness/script.js';
import { at } from '../harness/sdks.js';
import type { Shape } from '../harness/shapes.js';

const always = (status: number, headers: Readonly<Record<string, string>> = {}) => {
  return ({ error }: Shape) => [[json(status, error('server_error'), headers)]];
};
/** So many failures, and then answers. */
const first = (count: number) => {
  return ({ error, ok }: Shape) => [
    ...Array.from({ length: count }, () => [json(500, error('server_error'))]),
    [json(200, ok)],
  ];
};

/** Figures of the breaker by default, in ms; what it adds to a time is up to a quarter of it. */
const OPEN_MS = 30_000;
const JITTER = 1.25;

const cycle: readonly FaultCase[] = [
  {
    id: 'R11',
    priority: 'P0',
    title: 'a breaker opens, tries and closes',
    client: { maxRetries: 0 },
    attempts: first(5),
    other: answers,
    async act(scene) {
      expect(await ask(scene, 5)).toEqual(Array(5).fill(OTHER));
      expect(state(scene)).toBe('open');
      scene.clock.skip(OPEN_MS - 1_000);
      expect(await ask(scene, 3)).toEqual(Array(3).fill(OTHER));
      expect(scene.origin.hits).toBe(5);

      scene.clock.skip(OPEN_MS * JITTER);
      expect(await ask(scene, 1)).toEqual(['own']);
      expect(scene.origin.hits).toBe(6);
      expect(state(scene)).toBe('closed');
      expect(await ask(scene, 2)).toEqual(['own', 'own']);
      expect(changes(scene)).toEqual(['opened', 'half_open', 'closed']);
    },
  },
  {
    id: 'R11',
    variant: 'in the middle of retries',
    priority: 'P0',
    title: 'a breaker opens, tries and closes',
    attempts: always(500),
    other: answers,
    async act(scene) {
      expect(await ask(scene, 3)).toEqual(Array(3).fill(OTHER));

      const targets = scene.settled.map(({ attempts }) => attempts.length);
      expect(targets, 'attempts of each call').toEqual([4, 3, 1]);
      expect(scene.origin.hits).toBe(5);
      expect(changes(scene)).toEqual(['opened']);
    },
  },
  {
    id: 'R11',
    variant: 'the try fails',
    priority: 'P0',
    title: 'a breaker opens, tries and closes',
    attempts: always(500),
    other: answers,
    async act(scene) {
      await ask(scene, 2);
      scene.clock.skip(OPEN_MS * JITTER);
      expect(await ask(scene, 2)).toEqual([OTHER, OTHER]);
      expect(scene.origin.hits, 'one try, that is not repeated').toBe(6);

      scene.clock.skip(2 * OPEN_MS - 1_000);
      await ask(scene, 2);
      expect(scene.origin.hits, 'twice as long').toBe(6);
      scene.clock.skip(2 * OPEN_MS * JITTER);
      await ask(scene, 2);
      expect(scene.origin.hits).toBe(7);
      expect(changes(scene)).toEqual(['opened', 'half_open', 'opened', 'half_open', 'opened']);
    },
  },
  {
    id: 'R11',
    variant: 'one tries, the others do not',
    priority: 'P0',
    title: 'a breaker opens, tries and closes',
    client: { maxRetries: 0 },
    attempts: (shape) => [...first(5)(shape).slice(0, 5), [wire.hang()]],
    other: answers,
    act: probes,
  },
];

/** While one call tries, nobody else does; and where it is given up, the next one tries. */
async function probes(scene: Scene): Promise<void> {
  const { clock, origin, controller } = scene;
  await ask(scene, 5);
  clock.skip(OPEN_MS * JITTER);

  const trying = scene.call();
  await until(() => origin.hits === 6);
  const others = await Promise.all(
    Array.from({ length: 10 }, () => scene.call({ signal: new AbortController().signal })),
  );
  controller.abort();
  const { error } = await trying;
  judgeError(scene, error, { is: 'APIUserAbortError' });
  expect(others.map(({ text }) => text)).toEqual(Array(10).fill('hello world'));
  expect(origin.hits).toBe(6);
  expect(state(scene)).toBe('half_open');

  const next = new AbortController();
  const again = scene.call({ signal: next.signal });
  await until(() => origin.hits === 7);
  next.abort();
  await again;
  expect(changes(scene)).toEqual(['opened', 'half_open']);
}

const MANY = 50;

const callerFaults: FaultCase = {
  id: 'R14',
  priority: 'P0',
  title: "the caller's faults open no breaker",
  client: { maxRetries: 0 },
  attempts: ({ error, ok }) => [
    ...Array(MANY).fill([json(400, error('invalid_request_error'))]),
    ...Array(MANY).fill([wire.hang()]),
    ...Array(MANY).fill([
      json(400, error('invalid_request_error', 'too long', 'context_length_exceeded')),
    ]),
    [json(200, ok)],
  ],
  other: answers,
  async act(scene) {
    await ask(scene, MANY);
    for (let count = 1; count <= MANY; count += 1) {
      const controller = new AbortController();
      const calling = scene.call({ signal: controller.signal });
      await until(() => scene.origin.hits === MANY + count);
      controller.abort();
      await calling;
    }
    await ask(scene, MANY);

    expect(await ask(scene, 1)).toEqual(['own']);
    expect(scene.origin.hits).toBe(3 * MANY + 1);
    expect(scene.other?.hits).toBe(0);
    expect(state(scene)).toBe('closed');
    expect(changes(scene)).toEqual([]);
    const outcomes = scene.settled.map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'aborted')).toHaveLength(MANY);
    expect(outcomes.filter((outcome) => outcome === 'error')).toHaveLength(2 * MANY);
  },
};

const allOpen: FaultCase = {
  id: 'R16',
  priority: 'P1',
  title: 'nobody can be asked',
  client: { maxRetries: 0 },
  attempts: always(500),
  other: always(503),
  async act(scene) {
    await ask(scene, 5);
    expect([state(scene), state(scene, 1)]).toEqual(['open', 'open']);

    const { error } = await scene.call();

    judgeError(scene, error, { is: 'InternalServerError', status: 503 });
    const [own] = scene.gateway.targets.list();
    const reason = (name: string | undefined) => `${name}: open, again in \\d+ ms`;
    expect(String(error)).toMatch(new RegExp(`${reason(own?.name)}; ${reason(OTHER)}`));
    expect(at(error, 'error', 'code') ?? at(error, 'error', 'error', 'code')).toBe(
      'zerohop_no_target',
    );
    const waits = [at(error, 'cause', 'targets', 0), at(error, 'cause', 'targets', 1)];
    expect(waits).toMatchObject([
      { target: own?.name, reason: 'open', retryAfterMs: expect.any(Number) },
      { target: OTHER, reason: 'open', retryAfterMs: expect.any(Number) },
    ]);
    const waitMs = Number(at(waits[0], 'retryAfterMs'));
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(OPEN_MS * JITTER);
    expect([scene.origin.hits, scene.other?.hits]).toEqual([5, 5]);
    expect(scene.clock.waits).toEqual([]);
    expect(scene.ledger.rows.at(-1)).toMatchObject({ outcome: 'error', attempts: [] });
    expect(scene.settled.at(-1)?.failure?.code).toBe('zerohop_no_target');
  },
};

/** When breakers open, and what they let through. */
export const breakerCases: readonly FaultCase[] = [...cycle, callerFaults, allOpen];
