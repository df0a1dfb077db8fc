import { expect } from 'vitest';
import { fallback, primary } from 'zerohop';
import { wire } from 'zerohop/testing';
import type { FaultCase, OtherTarget } from '../harness/fault-case.js';
import { judge } from '../harness/judge.js';
import { afterThree, answered, answers } from '../harness/other-answers.js';
import type { Scene } from '../harness/scene.js';
import { gzipped, http, json } from '../harness/script.js';
import { type ErrorName, openaiOnly } from '../harness/sdks.js';
import { completion, type Shape } from '../harness/shapes.js';

const variant = 'with a fallback';

/** A status with an error body, for ever. */
const always = (status: number, headers: Readonly<Record<string, string>> = {}) => {
  return ({ error }: Shape) => [[json(status, error('invalid_request_error'), headers)]];
};

const connections: readonly FaultCase[] = [
  {
    id: 'T02',
    priority: 'P0',
    title: 'reset on every attempt, and a healthy fallback',
    attempts: () => [[wire.reset()]],
    other: answers,
    expect: afterThree('connection'),
  },
  {
    id: 'T02',
    variant: 'no retries',
    priority: 'P0',
    title: 'reset on every attempt, and a healthy fallback',
    client: { maxRetries: 0 },
    attempts: () => [[wire.reset()]],
    other: answers,
    expect: { ...answered, kinds: ['connection', undefined] },
  },
  {
    id: 'T10',
    variant,
    priority: 'P1',
    title: 'DNS failure',
    pool: { connect: { lookup: failLookup } },
    other: answers,
    act: failedLookup,
  },
  {
    id: 'T13',
    variant,
    priority: 'P1',
    title: 'content-encoding that lies',
    attempts: ({ ok }) => [gzipped(ok, 'lie')],
    other: answers,
    expect: afterThree('malformed'),
  },
  {
    id: 'T16',
    variant,
    isShared: true,
    priority: 'P2',
    title: 'response headers over 16 KiB',
    attempts: ({ ok }) => [[json(200, ok, { 'x-pad': 'p'.repeat(20_000) })]],
    other: answers,
    expect: { ...answered, kinds: ['connection', undefined] },
  },
];

type Lookup = (error: NodeJS.ErrnoException | null, addresses?: readonly object[]) => void;

/** A resolver that knows nothing but this machine. */
function failLookup(hostname: string, _options: object, done: Lookup): void {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  done(Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname }));
}

async function failedLookup(scene: Scene): Promise<void> {
  scene.unseenAttempts = 3;

  const result = await scene.call({}, scene.connect({ url: 'http://nx.invalid' }));

  await judge(scene, result, { ...afterThree('connection'), hits: 0, attempts: 4 });
  const codes = scene.settled[0]?.attempts.map(({ failure }) => failure?.code);
  expect(codes).toEqual(['ENOTFOUND', 'ENOTFOUND', 'ENOTFOUND', undefined]);
}

const callerErrors: readonly (readonly [number, ErrorName])[] = [
  [400, 'BadRequestError'],
  [401, 'AuthenticationError'],
  [403, 'PermissionDeniedError'],
  [404, 'NotFoundError'],
  [413, 'APIError'],
  [422, 'UnprocessableEntityError'],
];

const onCallerErrors = (other: OtherTarget) => ({
  route: fallback(primary, other(), {
    leaveOn: (reason) => reason === 'caller_error' || undefined,
  }),
});
const onLength = (other: OtherTarget) => ({
  route: fallback(primary, { onContextWindow: other() }),
});
const tooLong: FaultCase['attempts'] = ({ error }) => [
  [
    json(
      400,
      error(
        'invalid_request_error',
        'prompt is too long: 300000 tokens > 200000 maximum',
        'context_length_exceeded',
      ),
    ),
  ],
];

const statuses: readonly FaultCase[] = [
  {
    id: 'H10',
    variant,
    priority: 'P1',
    title: 'x-should-retry: false on a 500',
    attempts: always(500, { 'x-should-retry': 'false' }),
    other: answers,
    expect: { ...answered, kinds: ['status', undefined] },
  },
  ...callerErrors.map(
    ([status, is]): FaultCase => ({
      id: 'H12',
      variant: `${status}, ${variant}`,
      isShared: status === 400,
      priority: 'P0',
      title: "the caller's mistakes are not tried again",
      attempts: always(status),
      other: answers,
      act: (scene) => callerError(scene, status, is),
    }),
  ),
  {
    id: 'H12',
    variant: 'with a fallback for them',
    priority: 'P0',
    title: "the caller's mistakes are not tried again",
    attempts: always(422),
    other: answers,
    route: onCallerErrors,
    expect: { ...answered, kinds: ['status', undefined] },
  },
  {
    id: 'H16',
    variant,
    isShared: true,
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: ({ error }) => [[json(200, error('api_error', 'Provider returned error', 502))]],
    other: answers,
    expect: afterThree('upstream_error'),
  },
  {
    id: 'H16',
    variant: `a page, ${variant}`,
    priority: 'P0',
    title: '200 that carries an error object',
    attempts: () => [[http(200, { 'content-type': 'text/html' }, '<html><body>hi</body></html>')]],
    other: answers,
    expect: afterThree('malformed'),
  },
  {
    id: 'H19',
    variant,
    isShared: true,
    priority: 'P2',
    title: '200 with choices: []',
    sdks: openaiOnly,
    attempts: () => [[json(200, completion({ choices: [], usage: null }))]],
    other: answers,
    expect: afterThree('empty'),
  },
  {
    id: 'H20',
    variant,
    priority: 'P1',
    title: 'context window exceeded',
    attempts: tooLong,
    other: answers,
    act: (scene) => callerError(scene, 400, 'BadRequestError'),
  },
  {
    id: 'H20',
    variant: 'with a fallback for it',
    priority: 'P1',
    title: 'context window exceeded',
    attempts: tooLong,
    other: answers,
    route: onLength,
    expect: { ...answered, kinds: ['status', undefined] },
  },
];

/** More often than it would take to open a breaker. */
const MANY = 6;

async function callerError(scene: Scene, status: number, is: ErrorName): Promise<void> {
  for (let count = 1; count <= MANY; count += 1) {
    const result = await scene.call();

    await judge(scene, result, {
      outcome: 'error',
      hits: count,
      attempts: 1,
      kinds: ['status'],
      error: { is, status },
    });
  }
  expect(scene.gateway.targets.list().map(({ state }) => state)).toEqual(['closed', 'closed']);
}

/** Faults of other groups, as they go on where another target can be asked. */
export const withFallbackCases: readonly FaultCase[] = [...connections, ...statuses];
