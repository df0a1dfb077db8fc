import { expect } from 'vitest';
import { attemptsOf } from 'zerohop';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { judge, judgeError } from '../harness/judge.js';
import { startOwnOrigin, until } from '../harness/origin.js';
import { answers } from '../harness/other-answers.js';
import { OTHER, type Scene } from '../harness/scene.js';
import { json } from '../harness/script.js';
import { at } from '../harness/sdks.js';
import type { Shape } from '../harness/shapes.js';

type HeaderValues = Readonly<Record<string, string>>;

/** A status with an error body, for ever. */
const always = (status: number, headers: HeaderValues = {}) => {
  return ({ error }: Shape) => [[json(status, error('server_error'), headers)]];
};

const late = {
  outcome: 'error',
  error: { is: 'APIConnectionTimeoutError', message: /timeouts\.total/ },
} as const;

const deadlines: readonly FaultCase[] = [
  {
    id: 'R06',
    isShared: true,
    priority: 'P0',
    title: 'one deadline over all attempts',
    gateway: { timeouts: { total: 300 } },
    attempts: () => [[wire.hang()]],
    expect: { ...late, kinds: ['deadline'], check: (_, { origin }) => origin.lastClosed() },
  },
  {
    id: 'R06',
    variant: 'in the second attempt',
    priority: 'P0',
    title: 'one deadline over all attempts',
    gateway: { timeouts: { total: 400 } },
    attempts: ({ error }) => [
      [json(503, error('server_error'), { 'retry-after-ms': '5' })],
      [wire.hang()],
    ],
    expect: { ...late, hits: 2, waits: [[5, 6]], kinds: ['status', 'deadline'] },
  },
  {
    id: 'R06',
    variant: 'with a fallback',
    priority: 'P0',
    title: 'one deadline over all attempts',
    client: { maxRetries: 0 },
    gateway: { timeouts: { total: 400 } },
    attempts: always(500),
    other: () => [[wire.hang()]],
    expect: {
      ...late,
      otherHits: 1,
      kinds: ['status', 'deadline'],
      check: (_, { other }) => other?.lastClosed(),
    },
  },
  {
    id: 'R06',
    variant: 'no time to wait',
    priority: 'P0',
    title: 'one deadline over all attempts',
    gateway: { timeouts: { total: 5_000 } },
    attempts: always(429, { 'retry-after': '30' }),
    other: answers,
    expect: { outcome: 'success', otherHits: 1, kinds: ['status', undefined] },
  },
];

const repeats: readonly FaultCase[] = [
  {
    id: 'R19',
    priority: 'P1',
    title: 'a request body that can be sent once',
    attempts: always(500),
    act: sendOnce,
  },
  {
    id: 'R19',
    variant: 'with a fallback',
    priority: 'P1',
    title: 'a request body that can be sent once',
    attempts: always(500),
    other: answers,
    act: sendOnce,
  },
  ...[false, true].map(
    (hasOther): FaultCase => ({
      id: 'R20',
      ...(hasOther && { variant: 'with a fallback' }),
      isShared: !hasOther,
      priority: 'P1',
      title: 'idempotency and retry headers',
      attempts: ({ error, ok }) => [
        [json(500, error('server_error'))],
        [json(500, error('server_error'))],
        [hasOther ? json(500, error('server_error')) : json(200, ok)],
      ],
      ...(hasOther && {
        other: ({ error, ok }: Shape) => [[json(500, error('server_error'))], [json(200, ok)]],
      }),
      act: repeatHeaders,
    }),
  ),
  {
    id: 'R23',
    isShared: true,
    priority: 'P0',
    title: 'aborted while it waits to try again',
    attempts: always(429, { 'retry-after': '5' }),
    act: abortBackoff,
  },
  {
    id: 'R23',
    variant: 'with a fallback',
    priority: 'P0',
    title: 'aborted while it waits to try again',
    attempts: always(429, { 'retry-after': '5' }),
    other: answers,
    act: abortBackoff,
  },
];

async function sendOnce(scene: Scene): Promise<void> {
  const { sdk, gateway, origin } = scene;
  const client = gateway.wrap(sdk.client({ url: origin.url }));
  scene.countCall();

  const body = new Blob(['{"model":"m","messages":[]}']).stream();
  const error: unknown = await client.post(sdk.path, { body }).catch((thrown: unknown) => thrown);

  judgeError(scene, error, { is: 'InternalServerError', status: 500 });
  expect(origin.hits).toBe(1);
  expect(scene.other?.hits ?? 0).toBe(0);
  expect(scene.clock.waits).toEqual([]);
}

async function repeatHeaders(scene: Scene): Promise<void> {
  const { origin, other, sdk } = scene;
  const headers = (name: string, from = origin) =>
    (from.seen ?? []).map((request) => request.headers[name]);

  const first = await scene.call();
  const second = await scene.call();

  expect(first.text).toBe('hello world');
  const keys = headers('idempotency-key');
  // Anthropic's SDK sends none.
  if (sdk.name !== 'anthropic 1') {
    expect(keys[0]).toMatch(/.{16,}/);
    expect(new Set(keys.slice(0, 3)).size, 'keys of the first call').toBe(1);
    expect(keys[3], 'the key of the second call').not.toBe(keys[0]);
  }
  expect(headers('x-stainless-retry-count').slice(0, 3)).toEqual(['0', '1', '2']);
  if (other === undefined) {
    expect(second.text).toBe('hello world');
    return;
  }
  const others = headers('idempotency-key', other);
  expect(new Set(others.slice(0, 2)).size, 'keys of the first call there').toBe(1);
  if (others[0] !== undefined) expect(keys, 'the keys here').not.toContain(others[0]);
  expect(headers('x-stainless-retry-count', other).slice(0, 2)).toEqual(['0', '1']);
}

async function abortBackoff(scene: Scene): Promise<void> {
  const { clock, controller } = scene;
  // It would last for ever.
  clock.gate = new Promise(() => undefined);
  const calling = scene.call();
  await until(() => clock.waits.length === 1);

  controller.abort();

  await judge(scene, await calling, {
    outcome: 'aborted',
    waits: [[5_000, 5_500]],
    error: { is: 'APIUserAbortError' },
  });
  expect(scene.settled[0]?.failure?.kind).toBe('aborted');
}

/** What the last one says, told apart from all before. */
const last = (status: number) => {
  return ({ error }: Shape) => [
    [json(status, error('server_error', 'not me'), { 'x-request-id': 'req_0' })],
    [json(status, error('server_error', 'nor me'), { 'x-request-id': 'req_1' })],
    [
      json(status, error('server_error', `last of ${status}`, 'broken'), {
        'x-request-id': `req_${status}`,
        'request-id': `req_${status}`,
        'x-extra': 'kept',
      }),
    ],
  ];
};

const finalErrors: readonly FaultCase[] = [
  {
    id: 'R24',
    isShared: true,
    priority: 'P0',
    title: 'the last error is one of the SDK',
    attempts: always(503),
    other: always(500),
    expect: {
      outcome: 'error',
      hits: 3,
      otherHits: 3,
      kinds: Array(6).fill('status'),
      error: { is: 'InternalServerError', status: 500 },
      check: ({ error }) => {
        const told = attemptsOf(error).map(({ target, status }) => [target === OTHER, status]);
        expect(told).toEqual([...Array(3).fill([false, 503]), ...Array(3).fill([true, 500])]);
      },
    },
  },
  {
    id: 'R24',
    variant: 'all it tells',
    priority: 'P0',
    title: 'the last error is one of the SDK',
    attempts: last(503),
    other: last(500),
    act: finalError,
  },
];

async function finalError(scene: Scene): Promise<void> {
  const { sdk } = scene;
  const { error } = await scene.call();

  judgeError(scene, error, { is: 'InternalServerError', status: 500 });
  const twin = await startOwnOrigin(last(500)(sdk.shape).slice(-1));
  const bare = sdk.connect({ url: twin.url, maxRetries: 0 }, undefined);
  const own: unknown = await bare.answer({}, {}).catch((thrown: unknown) => thrown);
  await twin.close();
  const parts = ['status', 'requestID', 'error', 'code', 'param', 'type', 'message'];
  expect(parts.map((part) => at(error, part))).toEqual(parts.map((part) => at(own, part)));
  expect(at(error, 'requestID')).toBe('req_500');
  expect(at(error, 'message')).toMatch(/last of 500/);
  const headers = at(error, 'headers');
  expect(headers).toBeInstanceOf(Headers);
  // It is one, as was just found.
  expect((headers as Headers).get('x-extra')).toBe('kept');
}

/** How calls end that end for good. */
export const attemptEndCases: readonly FaultCase[] = [...deadlines, ...repeats, ...finalErrors];
