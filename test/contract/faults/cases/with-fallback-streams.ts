import { expect } from 'vitest';
import { partialOf } from 'zerohop';
import { wire } from 'zerohop/testing';
import type { Expectation, FaultCase } from '../harness/fault-case.js';
import { judge, judgeError } from '../harness/judge.js';
import { until } from '../harness/origin.js';
import { afterThree, answered, answers, streams } from '../harness/other-answers.js';
import { OTHER, type Scene } from '../harness/scene.js';
import { json, openStream, stream, streamHead } from '../harness/script.js';
import { anthropicOnly, type ErrorName } from '../harness/sdks.js';
import type { Shape } from '../harness/shapes.js';

const variant = 'with a fallback';
const words = ({ opening, hello, world }: Shape) => [...opening, hello, world];

/** A stream whose first content was handed over: nobody else is asked. */
const handedOver = (kind: 'truncated' | 'connection' | 'upstream_error', is: ErrorName) =>
  ({
    outcome: 'error',
    kinds: [kind],
    error: { is },
    check: ({ error, text }) => expect(partialOf(error)?.text).toBe(text),
  }) as const satisfies Expectation;

const commits: readonly FaultCase[] = [
  {
    id: 'S10',
    variant,
    priority: 'P0',
    title: 'silent truncation',
    stream: true,
    attempts: (shape) => [stream(words(shape))],
    other: streams,
    expect: { ...handedOver('truncated', 'APIConnectionError'), text: 'hello world' },
  },
  {
    id: 'S11',
    variant,
    priority: 'P0',
    title: 'reset in the middle',
    stream: true,
    attempts: (shape) => [[...openStream(words(shape)), wire.sleep(20), wire.reset()]],
    other: streams,
    // A reset may take with it what was sent before.
    act: (scene) => resetInTheMiddle(scene),
  },
  {
    id: 'S15',
    variant,
    priority: 'P0',
    title: 'an error after content',
    stream: true,
    attempts: ({ opening, hello, errorEvent }) => [
      stream([...opening, hello, errorEvent('server_error', 'boom', 'internal')]),
    ],
    other: streams,
    expect: { ...handedOver('upstream_error', 'APIError'), text: 'hello' },
  },
  {
    id: 'S34',
    variant,
    priority: 'P0',
    title: 'overloaded in the middle',
    sdks: anthropicOnly,
    stream: true,
    attempts: ({ opening, hello, errorEvent }) => [
      stream([...opening, hello, errorEvent('overloaded_error', 'Overloaded')]),
    ],
    other: streams,
    expect: { ...handedOver('upstream_error', 'APIError'), text: 'hello' },
  },
];

/** The reset waits until the content was handed over. */
export async function resetInTheMiddle(scene: Scene): Promise<void> {
  const result = await scene.call();

  await judge(scene, result, {
    ...handedOver('connection', 'APIConnectionError'),
    text: 'hello world',
    isPrefix: true,
  });
  expect(result.text).not.toBe('');
}

const beforeContent: readonly FaultCase[] = [
  {
    id: 'S13',
    variant,
    priority: 'P0',
    title: 'reset after the headers, before the first event',
    stream: true,
    attempts: () => [[streamHead(), wire.sleep(5), wire.reset()]],
    other: streams,
    expect: afterThree('connection'),
  },
  {
    id: 'S14',
    variant,
    isShared: true,
    priority: 'P0',
    title: 'the first event is an error',
    stream: true,
    attempts: ({ errorEvent }) => [stream([errorEvent('overloaded_error', 'overloaded', 529)])],
    other: streams,
    expect: afterThree('upstream_error'),
  },
  {
    id: 'S14',
    variant: 'after what is no content, with a fallback',
    priority: 'P0',
    title: 'the first event is an error',
    stream: true,
    client: { maxRetries: 0 },
    attempts: ({ opening, errorEvent }) => [
      stream([...opening, errorEvent('overloaded_error', 'overloaded', 529)]),
    ],
    other: streams,
    expect: {
      ...answered,
      kinds: ['upstream_error', undefined],
      check: ({ events }, { sdk }) => expect(events).toHaveLength(sdk.shape.chunks),
    },
  },
  ...([0, 2] as const).map(
    (maxRetries): FaultCase => ({
      id: 'S27',
      variant: `${maxRetries} retries, ${variant}`,
      isShared: true,
      priority: 'P0',
      title: 'silence before the first event',
      stream: true,
      client: { maxRetries },
      gateway: { timeouts: { firstByte: 100 } },
      attempts: () => [[streamHead(), wire.hang()]],
      other: streams,
      route: (other) => ({ fallbacks: [other({ timeouts: { firstByte: 60_000 } })] }),
      expect:
        maxRetries === 0
          ? { ...answered, kinds: ['first_byte_timeout', undefined] }
          : afterThree('first_byte_timeout'),
    }),
  ),
];

const waiting: readonly FaultCase[] = [
  {
    id: 'X02',
    variant,
    priority: 'P0',
    title: 'aborted while waiting for the headers',
    attempts: () => [[wire.hang()]],
    other: answers,
    act: abortMany,
  },
  {
    id: 'X08',
    variant,
    priority: 'P0',
    title: 'no headers within the timeout',
    client: { timeout: 100, maxRetries: 0 },
    attempts: () => [[wire.hang()]],
    other: ({ ok }) => [[json(200, ok)]],
    expect: { ...answered, kinds: ['timeout', undefined] },
  },
];

/** More often than it would take to open a breaker. */
const MANY = 6;

async function abortMany(scene: Scene): Promise<void> {
  for (let count = 1; count <= MANY; count += 1) {
    const controller = new AbortController();
    const calling = scene.call({ signal: controller.signal });
    await until(() => scene.origin.hits === count);
    controller.abort();
    const { error } = await calling;

    judgeError(scene, error, { is: 'APIUserAbortError' });
    expect(scene.settled.at(-1)).toMatchObject({ outcome: 'aborted' });
  }
  expect(scene.other?.hits).toBe(0);
  expect(scene.gateway.targets.list()).toMatchObject([
    { state: 'closed', inFlight: 0, successRatio: 1 },
    { name: OTHER, state: 'closed' },
  ]);
}

/** Streams and callers that give up, where another target can be asked. */
export const streamFallbackCases: readonly FaultCase[] = [...commits, ...beforeContent, ...waiting];
