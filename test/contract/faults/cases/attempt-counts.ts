import { expect } from 'vitest';
import { attemptsOf, createGateway } from 'zerohop';
import { seeded } from '../../../integration/routing/support/seeded.js';
import type { FaultCase } from '../harness/fault-case.js';
import { judge, judgeError } from '../harness/judge.js';
import { startReplies, until } from '../harness/origin.js';
import { answers } from '../harness/other-answers.js';
import type { Result, Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import type { Shape } from '../harness/shapes.js';

/** A status with an error body, for ever. */
const always = (status: number) => {
  return ({ error }: Shape) => [[json(status, error('server_error'))]];
};

const failed = { outcome: 'error', error: { is: 'InternalServerError', status: 500 } } as const;
const limited = { outcome: 'error', error: { is: 'RateLimitError', status: 429 } } as const;
const six = Array(6).fill('status');

/** How many requests a call makes, and no more. */
const counts: readonly FaultCase[] = [
  ...[false, true].map(
    (isStream): FaultCase => ({
      id: 'R01',
      ...(isStream && { variant: 'a stream' }),
      isShared: true,
      priority: 'P0',
      title: 'two targets that always fail',
      stream: isStream,
      attempts: always(500),
      other: always(500),
      expect: {
        ...failed,
        hits: 3,
        otherHits: 3,
        kinds: six,
        check: ({ error }, { ledger }) => {
          expect(ledger.rows[0]?.attempts.map(({ target }) => target)).toEqual(
            attemptsOf(error).map(({ target }) => target),
          );
        },
      },
    }),
  ),
  {
    id: 'R01',
    variant: 'events that are errors',
    priority: 'P0',
    title: 'two targets that always fail',
    stream: true,
    attempts: ({ errorEvent }) => [stream([errorEvent('server_error', 'x', 500)])],
    other: ({ errorEvent }) => [stream([errorEvent('server_error', 'x', 500)])],
    expect: {
      outcome: 'error',
      hits: 3,
      otherHits: 3,
      kinds: Array(6).fill('upstream_error'),
      error: { is: 'APIError' },
    },
  },
  ...([1, 2, 4] as const).map(
    (maxAttempts): FaultCase => ({
      id: 'R01',
      variant: `at most ${maxAttempts}`,
      priority: 'P0',
      title: 'two targets that always fail',
      gateway: { maxAttempts },
      attempts: always(500),
      other: always(500),
      expect: {
        ...failed,
        hits: Math.min(3, maxAttempts),
        otherHits: Math.max(0, maxAttempts - 3),
      },
    }),
  ),
  {
    id: 'R01',
    variant: 'retries of their own',
    priority: 'P0',
    title: 'two targets that always fail',
    client: { maxRetries: 1 },
    attempts: always(500),
    other: always(500),
    route: (other) => ({ fallbacks: [other({ maxRetries: 0 })] }),
    expect: { ...failed, hits: 2, otherHits: 1 },
  },
  {
    id: 'R02',
    priority: 'P0',
    title: "the SDK's retries and the gateway's are the same",
    client: { maxRetries: 2 },
    attempts: always(429),
    expect: { ...limited, hits: 3, kinds: ['status', 'status', 'status'] },
  },
  {
    id: 'R02',
    variant: 'of one request',
    priority: 'P0',
    title: "the SDK's retries and the gateway's are the same",
    client: { maxRetries: 5 },
    attempts: always(429),
    act: async (scene) => {
      const result = await scene.call({ options: { maxRetries: 1 } });

      await judge(scene, result, { ...limited, hits: 2 });
    },
  },
  {
    id: 'R02',
    variant: 'wrapped twice',
    priority: 'P0',
    title: "the SDK's retries and the gateway's are the same",
    attempts: always(429),
    act: wrappedTwice,
  },
];

async function wrappedTwice(scene: Scene): Promise<void> {
  const { sdk, gateway, origin } = scene;
  const client = gateway.wrap(gateway.wrap(sdk.client({ url: origin.url, maxRetries: 2 })));
  scene.countCall();

  const body = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] };
  const error: unknown = await client.post(sdk.path, { body }).catch((thrown: unknown) => thrown);

  judgeError(scene, error, limited.error);
  expect(origin.hits).toBe(3);
}

const CALLS = 2_000;
const SPARED = 100;
const CONCURRENCY = 8;

const budget: readonly FaultCase[] = [false, true].map((hasOther) => ({
  id: 'R03',
  ...(hasOther && { variant: 'with a fallback' }),
  isShared: false,
  priority: 'P0',
  title: `${CALLS} calls while nothing works`,
  attempts: always(500),
  ...(hasOther && { other: answers }),
  act: outage,
}));

/** What is sent in an outage is hardly more than what is asked. */
async function outage(scene: Scene): Promise<void> {
  const results: Result[] = [];
  let left = CALLS;
  let spent = 0;
  const sent = () => scene.origin.hits + (scene.other?.hits ?? 0);
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      results.push(await scene.call());
      if (results.length === SPARED) spent = sent();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));

  expect(sent() - spent).toBeLessThanOrEqual(1.25 * (CALLS - SPARED));
  const answered = results.filter(({ error }) => error === undefined);
  expect(answered).toHaveLength(scene.other ? CALLS : 0);
  if (scene.other) {
    // Whoever was under way when the fifth failed comes on top.
    expect(scene.origin.hits).toBeLessThan(5 + CONCURRENCY);
    return;
  }
  const { rows } = scene.ledger;
  const stopped = rows.filter(({ decisions }) =>
    decisions.some(({ detail }) => detail?.reason === 'retry_budget_exhausted'),
  );
  expect(stopped.length).toBeGreaterThan(CALLS / 2);
  expect(
    rows.some(({ attempts }) => attempts.length > 1),
    'some are tried again',
  ).toBe(true);
}

const HERD = 500;
/** What a gateway tries again at once. */
const BUDGET = 100;

const jitter = [false, true].map(
  (isAnswered): FaultCase => ({
    id: 'R05',
    variant: isAnswered ? 'all are answered' : 'spread',
    priority: 'P1',
    title: `${HERD} first failures at once`,
    origin: ({ ok, error }) =>
      startReplies(({ headers }) => ({
        wire: [
          headers['x-stainless-retry-count'] === '0'
            ? json(500, error('server_error'))
            : json(200, ok),
        ],
      })),
    act: isAnswered ? answeredHerd : spreadHerd,
  }),
);

/** All fail before the first of them is tried again. */
async function herd({ clock }: Scene, calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  clock.chance = seeded(5);
  const gate = Promise.withResolvers<void>();
  clock.gate = gate.promise;
  let ended = 0;
  const calling = calls.map((call) => call().finally(() => (ended += 1)));
  await until(() => clock.waits.length + ended === calls.length);
  gate.resolve();
  await Promise.all(calling);
}

/** In as many processes as it takes for all to be tried again. */
async function spreadHerd(scene: Scene): Promise<void> {
  const { clock, sdk, origin } = scene;
  const callers = Array.from({ length: HERD / BUDGET }, () =>
    sdk.connect({ url: origin.url }, createGateway({ clock })),
  );
  await herd(
    scene,
    callers.flatMap((caller) => Array(BUDGET).fill(() => caller.answer({}, {}))),
  );

  scene.unseenAttempts = -2 * HERD;
  const { waits } = clock;
  expect(waits).toHaveLength(HERD);
  expect(waits.every((wait) => wait >= 375 && wait <= 500)).toBe(true);
  const buckets = new Map<number, number>();
  for (const wait of waits) {
    const bucket = Math.floor(wait / 10);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  expect(Math.max(...buckets.values())).toBeLessThanOrEqual(0.15 * HERD);
}

async function answeredHerd(scene: Scene): Promise<void> {
  await herd(
    scene,
    Array(HERD).fill(() => scene.call()),
  );

  const outcomes = scene.settled.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'success')).toHaveLength(HERD);
  expect(scene.origin.hits).toBe(2 * HERD);
}

/** How many requests calls make, and when. */
export const attemptCountCases: readonly FaultCase[] = [...counts, ...budget, ...jitter];
