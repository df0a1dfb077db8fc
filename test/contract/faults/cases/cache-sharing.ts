import { getEventListeners } from 'node:events';
import { SpanKind } from '@opentelemetry/api';
import { expect } from 'vitest';
import {
  type CacheCase,
  COST,
  cacheCases,
  endings,
  judgeStore,
  statuses,
} from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import { type GatedAnswer, type GatedOrigin, startGated } from '../harness/gated-server.js';
import { judgeError } from '../harness/judge.js';
import { until } from '../harness/origin.js';
import type { CallChanges, Result, Scene } from '../harness/scene.js';
import { textAnswer } from '../harness/tool-answers.js';

const CROWD = 1_000;
const MEMBERS = 5;

interface Crowd {
  readonly origin: GatedOrigin;
  readonly calls: readonly Promise<Result>[];
  readonly controllers: readonly AbortController[];
  /** The only request of all of them. */
  readonly answer: GatedAnswer;
}

type Act = CacheCase['act'];
type Leave = (controller: AbortController, index: number) => CallChanges['onEvent'];

/** Makes calls at the same time; resolves when each of them waits for the one request. */
async function gather(
  count: number,
  [scene, adapter, entered]: Parameters<Act>,
  leave?: Leave,
): Promise<Crowd> {
  // What `startGated` gave the case.
  const origin = scene.origin as GatedOrigin;
  const controllers = Array.from({ length: count }, () => new AbortController());
  const calls = controllers.map((controller, index) => {
    const onEvent = leave?.(controller, index);
    return scene.call({ signal: controller.signal, ...(onEvent && { onEvent }) });
  });
  const answer = await origin.request(0);
  await until(() => entered() === count && (adapter?.reads ?? count) === count);
  // From there on there are only promises that are settled.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(origin.hits, 'requests for all of them').toBe(1);
  return { origin, calls, controllers, answer };
}

/** Answers as the case's mode asks for. */
function respond(answer: GatedAnswer, { sdk, faultCase }: Scene): void {
  const { json, events } = textAnswer(sdk.shape);
  if (!faultCase.stream) {
    answer.json(200, json);
    return;
  }
  answer.send(events);
  answer.end();
}

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** One row says what was paid, and nobody says it twice. */
function judgeBill({ ledger: { rows } }: Scene, requests: number): void {
  expect(rows.filter(({ cost }) => cost === COST)).toHaveLength(1);
  expect(sum(rows.map(({ cost }) => cost)), 'paid in all').toBe(COST);
  expect(sum(rows.map(({ usage }) => usage?.outputTokens ?? 0)), 'used in all').toBe(7);
  expect(sum(rows.map(({ attempts }) => attempts.length)), 'attempts in rows').toBe(requests);
}

async function stampede(...given: Parameters<Act>): Promise<void> {
  const [scene, adapter] = given;
  const crowd = await gather(CROWD, given);

  respond(crowd.answer, scene);
  const results = await Promise.all(crowd.calls);

  expect(crowd.origin.hits).toBe(1);
  expect(results.filter(({ text }) => text === 'hello world')).toHaveLength(CROWD);
  for (const result of results) expect(result).toEqual(results[0]);
  const objects = results.flatMap(({ answer, events }) => [answer ?? events, ...events]);
  expect(new Set(objects).size, "objects of each caller's own").toBe(objects.length);
  const { rows } = scene.ledger;
  const shared = rows.filter(({ cacheStatus }) => cacheStatus === 'COALESCED');
  expect(shared).toHaveLength(CROWD - 1);
  expect(statuses(scene).filter((status) => status === 'MISS')).toHaveLength(1);
  for (const row of shared) {
    expect(row).toMatchObject({ cost: 0, usage: null, attempts: [], savedCost: COST });
    expect([row.savedInputTokens, row.savedOutputTokens]).toEqual([5, 7]);
  }
  judgeBill(scene, 1);
  judgeLinks(scene);
  await judgeStore(scene, adapter, { stored: 1 });
}

/** The span of the request is one for all; who shares it has a link to it. */
function judgeLinks({ ledger }: Scene): void {
  const requests = ledger.spans().filter(({ kind }) => kind === SpanKind.CLIENT);
  expect(requests, 'spans of requests').toHaveLength(1);
  const id = requests[0]?.spanContext().spanId;
  const linked = ledger.spans().flatMap(({ links }) => links.map(({ context }) => context.spanId));
  expect(linked).toEqual(Array.from({ length: CROWD - 1 }, () => id));
}

/** One of five goes away before anything has come: the first, or another. */
function oneAborts(index: number): Act {
  return async (...given) => {
    const [scene, adapter] = given;
    const crowd = await gather(MEMBERS, given);

    crowd.controllers[index]?.abort();
    const left = await crowd.calls[index];
    const wasKept = !crowd.answer.isLeft;
    respond(crowd.answer, scene);
    const results = await Promise.all(crowd.calls);

    judgeError(scene, left?.error, { is: 'APIUserAbortError' });
    expect(wasKept, 'the request went on').toBe(true);
    const others = results.filter((result) => result !== left);
    expect(others.map(({ text }) => text)).toEqual(others.map(() => 'hello world'));
    await judgeCrowd(crowd, given, 1);
    await judgeStore(scene, adapter, { stored: 1 });
  };
}

/** One of five leaves at the first content of a stream. */
function oneLeaves(who: number, how: 'break' | 'abort'): Act {
  return async (...given) => {
    const [scene, adapter] = given;
    const { sdk } = scene;
    const { opening, hello, world, finish, closing } = sdk.shape;
    const crowd = await gather(MEMBERS, given, (controller, index) => (event) => {
      if (index !== who || sdk.textOfEvent(event) === '') return undefined;
      if (how === 'abort') controller.abort();
      return how === 'break' ? 'break' : undefined;
    });

    crowd.answer.send([...opening, hello]);
    const left = await crowd.calls[who];
    const wasKept = !crowd.answer.isLeft;
    crowd.answer.send([world, ...finish, ...closing]);
    crowd.answer.end();
    const results = await Promise.all(crowd.calls);

    expect(left?.text).toBe('hello');
    expect(wasKept, 'the request went on').toBe(true);
    const others = results.filter((result) => result !== left);
    expect(others.map(({ text, error }) => error ?? text)).toEqual(others.map(() => 'hello world'));
    await judgeCrowd(crowd, given, 1);
    await judgeStore(scene, adapter, { stored: 1 });
  };
}

/** One is gone, and the others have their answer, of which one has paid. */
async function judgeCrowd(
  { origin, controllers }: Crowd,
  [scene]: Parameters<Act>,
  requests: number,
): Promise<void> {
  expect(origin.hits).toBe(requests);
  const outcomes = scene.ledger.rows.map(({ outcome }) => outcome).sort();
  expect(outcomes).toEqual(['aborted', 'success', 'success', 'success', 'success']);
  const cache = [...statuses(scene)].sort();
  expect(cache).toEqual(['COALESCED', 'COALESCED', 'COALESCED', 'COALESCED', 'MISS']);
  for (const { signal } of controllers) {
    expect(getEventListeners(signal, 'abort'), 'listeners').toEqual([]);
  }
  judgeBill(scene, requests);
}

/** The first one leaves while the request, which has failed once, waits to be made again. */
async function leaderLeavesBackoff(...given: Parameters<Act>): Promise<void> {
  const [scene, adapter] = given;
  const crowd = await gather(MEMBERS, given);
  const held = scene.clock.held();

  crowd.answer.json(500, JSON.stringify(scene.sdk.shape.error('server_error')), {
    'retry-after-ms': '50',
  });
  await held;
  crowd.controllers[0]?.abort();
  await crowd.calls[0];
  respond(await crowd.origin.request(1), scene);
  const results = await Promise.all(crowd.calls);

  judgeError(scene, results[0]?.error, { is: 'APIUserAbortError' });
  expect(results.slice(1).map(({ text }) => text)).toEqual(
    results.slice(1).map(() => 'hello world'),
  );
  await judgeCrowd(crowd, given, 2);
  await judgeStore(scene, adapter, { stored: 1 });
}

/** All go away, one after the other, and with the last one the request. */
async function allLeave(...given: Parameters<Act>): Promise<void> {
  const [scene, adapter] = given;
  const crowd = await gather(MEMBERS, given);

  for (const controller of crowd.controllers) controller.abort();
  const results = await Promise.all(crowd.calls);
  await crowd.answer.left();
  const next = scene.call();
  respond(await crowd.origin.request(1), scene);

  for (const { error } of results) judgeError(scene, error, { is: 'APIUserAbortError' });
  expect((await next).text).toBe('hello world');
  expect(crowd.origin.hits).toBe(2);
  expect(endings(scene).filter((ending) => ending.startsWith('aborted'))).toHaveLength(MEMBERS);
  expect(endings(scene).at(-1)).toBe('success MISS');
  judgeBill(scene, 2);
  await judgeStore(scene, adapter, { stored: 1 });
}

const shared = { priority: 'P0', origin: startGated, isCounted: true } as const;
const crowded = { ...shared, id: 'C12', title: `${CROWD} calls for the same at once` };
const leaving = { ...shared, id: 'C13', title: 'one of those who share a request leaves' };
const members = [
  ['the first', 0],
  ['another', 2],
] as const;

/** Calls that share a request. */
export const cacheSharingCases: readonly FaultCase[] = cacheCases([
  { ...crowded, variant: 'JSON', act: stampede },
  { ...crowded, variant: 'streams', stream: true, act: stampede },
  ...members.flatMap(([who, index]): readonly CacheCase[] => [
    { ...leaving, variant: `${who}, JSON`, act: oneAborts(index) },
    { ...leaving, variant: `${who}, a stream`, stream: true, act: oneAborts(index) },
    {
      ...leaving,
      variant: `${who}, by break in the middle`,
      stream: true,
      act: oneLeaves(index, 'break'),
    },
    {
      ...leaving,
      variant: `${who}, by abort in the middle`,
      stream: true,
      act: oneLeaves(index, 'abort'),
    },
  ]),
  { ...leaving, variant: 'the first, before the second attempt', act: leaderLeavesBackoff },
  { ...leaving, variant: 'all of them', act: allLeave },
  { ...leaving, variant: 'all of them, a stream', stream: true, act: allLeave },
]);
