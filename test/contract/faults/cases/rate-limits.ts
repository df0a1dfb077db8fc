import { getEventListeners } from 'node:events';
import { expect, vi } from 'vitest';
import { type Interceptor, perCall, type RateLimitOptions, type Settlement } from 'zerohop';
import { wire } from 'zerohop/testing';
import {
  arrived,
  byHand,
  type HandClock,
  judgeNothingHeld,
  queued,
  settleDown,
} from '../harness/by-hand.js';
import type { FaultCase } from '../harness/fault-case.js';
import { judgeError } from '../harness/judge.js';
import { startReplies } from '../harness/origin.js';
import type { Result, Scene } from '../harness/scene.js';
import { json, stream } from '../harness/script.js';
import { at } from '../harness/sdks.js';

const HOUR_MS = 3_600_000;
const limited = (rateLimit: RateLimitOptions) => ({ rateLimit, stats: true });

/** The waits that a settlement tells of, in ms. */
const waitsOf = ({ decisions }: Settlement): readonly unknown[] =>
  decisions.flatMap(({ kind, detail }) => (kind === 'limit-waited' ? [detail?.waitedMs] : []));

const textsOf = (results: readonly Result[]) => results.map(({ error, text }) => error ?? text);
const asked = ({ origin }: Scene) => origin.seen?.map(({ body }) => at(JSON.parse(body), 'user'));
const start = (scene: Scene, count: number, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    scene.call({ extra: { user: String(from + index) }, signal: undefined }),
  );

/** 10 a second of which one may be at once: each step of 100 ms lets one through, and no more. */
async function limitHolds(
  scene: Scene,
  clock: HandClock,
  count: number,
): Promise<readonly Result[]> {
  const calls = start(scene, count);
  await arrived(scene, 1);
  await queued(scene, count - 1);
  for (let passed = 2; passed <= count; passed += 1) {
    clock.advance(99);
    await arrived(scene, passed - 1);
    clock.advance(1);
    await arrived(scene, passed);
  }
  return Promise.all(calls);
}

const holds: readonly FaultCase[] = [
  {
    id: 'L01',
    priority: 'P0',
    title: '100 calls at once at ten a second',
    ...byHand(limited({ requestsPerSecond: 10 }), async (scene, clock) => {
      const results = await limitHolds(scene, clock, 100);

      expect(textsOf(results)).toEqual(Array(100).fill('hello world'));
      expect(asked(scene)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
      const waits = scene.settled.flatMap(waitsOf);
      expect(waits).toEqual(Array.from({ length: 99 }, (_, index) => 100 * (index + 1)));
      expect(scene.ledger.rows.flatMap(({ decisions }) => decisions)).toHaveLength(99);
    }),
  },
  ...([HOUR_MS, -HOUR_MS] as const).map(
    (byMs): FaultCase => ({
      id: 'L06',
      variant: byMs > 0 ? 'forward' : 'back',
      priority: 'P2',
      title: 'the clock on the wall jumps by an hour',
      ...byHand(limited({ requestsPerSecond: 10 }), async (scene, clock) => {
        const calls = start(scene, 20);
        await arrived(scene, 1);
        await queued(scene, 19);
        const { now } = Date;
        const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
        try {
          await settleDown();
          await arrived(scene, 1);
          for (let passed = 2; passed <= 20; passed += 1) {
            clock.advance(100);
            await arrived(scene, passed);
            await settleDown(2);
          }
        } finally {
          spy.mockRestore();
        }

        expect(textsOf(await Promise.all(calls))).toEqual(Array(20).fill('hello world'));
      }),
    }),
  ),
];

const line: readonly FaultCase[] = [
  {
    id: 'L02',
    priority: 'P1',
    title: '20 calls where five may wait',
    ...byHand(limited({ requestsPerSecond: 10, maxQueue: 5 }), async (scene, clock) => {
      await scene.call();
      const calls = start(scene, 20);
      const refused = await Promise.all(calls.slice(5));
      const refusals = refused.map(({ error }) => error);
      await arrived(scene, 1);
      for (let passed = 2; passed <= 6; passed += 1) {
        clock.advance(100);
        await arrived(scene, passed);
      }
      const waited = await Promise.all(calls.slice(0, 5));

      for (const error of refusals) {
        judgeError(scene, error, { is: 'RateLimitError', status: 429, message: /too many/ });
        expect(error).toMatchObject({ code: 'zerohop_rate_limited' });
        expect((at(error, 'headers') as Headers).get('retry-after-ms')).toBe('600');
      }
      expect(textsOf(waited)).toEqual(Array(5).fill('hello world'));
      const rows = scene.ledger.rows.flatMap(({ decisions }) => decisions);
      const told = rows.filter(({ detail }) => detail?.reason === 'queue_full');
      expect(told, 'refusals that were logged').toHaveLength(15);
      expect(scene.gateway.stats().limits).toMatchObject([
        { queued: 0, heldUp: { requestsPerSecond: { refused: 15, waited: 5 } } },
      ]);
    }),
  },
  {
    id: 'L03',
    priority: 'P0',
    title: '25 of 50 that wait are aborted',
    ...byHand(limited({ requestsPerSecond: 10 }), async (scene, clock) => {
      await scene.call();
      const callers = Array.from({ length: 50 }, () => new AbortController());
      const calls = callers.map(({ signal }, index) =>
        scene.call({ signal, extra: { user: String(index) } }),
      );
      await queued(scene, 50);
      for (const [index, caller] of callers.entries()) if (index % 2 === 1) caller.abort();
      // The clock stands still: they end by nothing but the abort.
      const gone = await Promise.all(calls.filter((_, index) => index % 2 === 1));
      await queued(scene, 25);
      for (let passed = 2; passed <= 26; passed += 1) {
        clock.advance(100);
        await arrived(scene, passed);
      }
      const stayed = await Promise.all(calls.filter((_, index) => index % 2 === 0));

      for (const { error } of gone) judgeError(scene, error, { is: 'APIUserAbortError' });
      expect(textsOf(stayed)).toEqual(Array(25).fill('hello world'));
      const even = Array.from({ length: 25 }, (_, index) => String(2 * index));
      expect(asked(scene)?.slice(1)).toEqual(even);
      const listeners = callers.flatMap(({ signal }) => getEventListeners(signal, 'abort'));
      expect(listeners, 'listeners left').toEqual([]);
      judgeNothingHeld(scene);
    }),
  },
  {
    id: 'L04',
    priority: 'P0',
    title: 'a deadline of 200 ms, and a second to wait',
    ...byHand(
      { ...limited({ requestsPerSecond: 1 }), timeouts: { total: 200 } },
      async (scene, clock) => {
        await scene.call();
        let isOver = false;
        const late = scene.call().finally(() => {
          isOver = true;
        });
        await queued(scene, 1);
        clock.advance(199);
        await settleDown();
        const before = isOver;
        clock.advance(1);
        const { error } = await late;

        expect(before, 'over before its time').toBe(false);
        judgeError(scene, error, { is: 'APIConnectionTimeoutError' });
        expect(scene.origin.hits).toBe(1);
        const [, settlement] = scene.settled;
        expect(settlement).toMatchObject({ outcome: 'error', failure: { kind: 'deadline' } });
        const detail = { limit: 'requestsPerSecond', waitedMs: 200 };
        expect(settlement?.decisions[0]).toEqual({ kind: 'limit-left', detail });
        expect(scene.ledger.rows[1]?.decisions).toEqual(settlement?.decisions);
        judgeNothingHeld(scene);
      },
    ),
  },
];

/** Answers with so many tokens out as the request's `user` says. */
const reportsWhatIsAsked = () =>
  startReplies(({ json: body }) => ({
    text: 'hello world',
    usage: { inputTokens: 0, outputTokens: Number(at(body, 'user') ?? 0) },
  }));

const ESTIMATE = 1_000;

const tokens: readonly FaultCase[] = [
  {
    id: 'L12',
    priority: 'P1',
    title: 'an estimate of 1,000 tokens that are 50, and 5,000',
    origin: reportsWhatIsAsked,
    ...byHand(
      limited({ tokensPerMinute: 60_000, countTokens: () => 0, perModel: true }),
      async (scene, clock) => {
        // No answer of a model is known before its first: the most that may come is what is set aside.
        const ask = (model: string, used: number) =>
          scene.call({ extra: { model, max_tokens: ESTIMATE, user: String(used) } });
        // 6,000 are there at once. Each is thought to take 1,000, and takes 50.
        for (let call = 0; call < 100; call += 1) await ask('low', 50);
        const lowHits = scene.origin.hits;
        await ask('high', 5_900);
        const owing = ask('high', 5_900);
        await queued(scene, 1);
        const highHits = scene.origin.hits;
        for (let second = 0; second < 10 && scene.origin.hits === highHits; second += 1) {
          clock.advance(1_000);
          await settleDown();
        }
        await owing;

        expect([lowHits, highHits]).toEqual([100, 101]);
        const [waitedMs = 0] = scene.settled.flatMap(waitsOf);
        // 100 are left, at most 1,000 are wanted, and 1,000 come back each second.
        expect(waitedMs).toBeGreaterThan(0);
        expect(waitedMs).toBeLessThanOrEqual(6_000);
        expect(scene.settled.every(({ outcome }) => outcome === 'success')).toBe(true);
        judgeNothingHeld(scene);
      },
    ),
  },
];

const ROUNDS = 30;

/** Two calls of `tenant` every 200 ms, the second of which has to wait; what they waited, in ms. */
async function paced(
  scene: Scene,
  clock: HandClock,
  { tenant, beside }: { readonly tenant: string; readonly beside: () => void },
): Promise<readonly number[]> {
  const calls: Promise<Result>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    beside();
    const options = perCall({ metadata: { tenant } });
    calls.push(scene.call({ options }), scene.call({ options }));
    for (let step = 0; step < 2; step += 1) {
      await settleDown(10);
      clock.advance(100);
    }
  }
  await Promise.all(calls);
  const own = scene.settled.filter(({ metadata }) => metadata.tenant === tenant);
  expect(own.map(({ outcome }) => outcome)).toEqual(Array(2 * ROUNDS).fill('success'));
  return own.map((settlement) => Number(waitsOf(settlement)[0] ?? 0)).sort((a, b) => a - b);
}

const p99 = (sorted: readonly number[]) => sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0;

const tenants: readonly FaultCase[] = [
  {
    id: 'L13',
    priority: 'P1',
    title: 'a tenant that floods ten times its limit',
    ...byHand(
      limited({ requestsPerSecond: 10, by: ({ metadata }) => String(metadata.tenant) }),
      async (scene, clock) => {
        const { signal } = scene.controller;
        const options = perCall({ metadata: { tenant: 'loud' } });
        const flood: Promise<Result>[] = [];
        const idle = await paced(scene, clock, { tenant: 'alone', beside: () => undefined });
        const waits = await paced(scene, clock, {
          tenant: 'quiet',
          beside() {
            for (let call = 0; call < 20; call += 1) flood.push(scene.call({ options, signal }));
          },
        });
        await settleDown();
        scene.controller.abort();
        await Promise.all(flood);

        expect(p99(idle)).toBe(100);
        expect(p99(waits)).toBeLessThanOrEqual(1.2 * p99(idle));
        const loud = scene.settled.filter(({ metadata }) => metadata.tenant === 'loud');
        expect(loud.filter(({ outcome }) => outcome === 'success').length).toBeLessThan(70);
        judgeNothingHeld(scene);
      },
    ),
  },
];

/** Steps of 50 ms until nobody is under way any more; when requests came in at either target, in ms. */
async function arrivals(
  scene: Scene,
  clock: HandClock,
  call: Promise<unknown>,
): Promise<readonly number[]> {
  const times: number[] = [];
  let isOver = false;
  const over = call.finally(() => {
    isOver = true;
  });
  const hits = () => scene.origin.hits + (scene.other?.hits ?? 0);
  for (let step = 0; step < 400 && !isOver; step += 1) {
    await settleDown(10);
    while (times.length < hits()) times.push(clock.now());
    clock.advance(50);
  }
  await over;
  return times;
}

/** Whether two a second were never passed, by more than the one that may be at once. */
function judgePace(times: readonly number[]): void {
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(500);
  }
}

const again = { 'retry-after-ms': '0' };
const twice: FaultCase['attempts'] = ({ ok, error }) => [
  [json(429, error('rate_limit_error'), again)],
  [json(429, error('rate_limit_error'), again)],
  [json(200, ok)],
];

const everyAttempt: readonly FaultCase[] = [
  {
    id: 'L15',
    priority: 'P1',
    title: 'retries and fallbacks take, too, at two a second',
    variant: 'retries',
    attempts: twice,
    client: { maxRetries: 2 },
    ...byHand(limited({ requestsPerSecond: 2 }), async (scene, clock) => {
      const calls = Promise.all([scene.call(), scene.call()]);
      const times = await arrivals(scene, clock, calls);

      expect(textsOf(await calls)).toEqual(['hello world', 'hello world']);
      expect(times).toHaveLength(4);
      judgePace(times);
    }),
  },
  {
    id: 'L15',
    priority: 'P1',
    title: 'retries and fallbacks take, too, at two a second',
    variant: 'a fallback',
    attempts: ({ error }) => [[json(500, error('server_error'))]],
    other: ({ ok }) => [[json(200, ok)]],
    client: { maxRetries: 0 },
    ...byHand(limited({ requestsPerSecond: 2 }), async (scene, clock) => {
      const calls = Promise.all([scene.call(), scene.call()]);
      const times = await arrivals(scene, clock, calls);

      expect(textsOf(await calls)).toEqual(['hello world', 'hello world']);
      expect(times).toHaveLength(4);
      judgePace(times);
    }),
  },
];

const MIXED = 1_000;
const AT_ONCE = 16;
const kinds = ['json', 'error', 'timeout', 'abort', 'break', 'stream', 'throw', 'late'] as const;

/** Throws where the request says so: before it is sent, or after. */
const throwing: Interceptor = async function throwing(request, next) {
  const user = at(request.body, 'user');
  if (user === 'throw') throw new Error('before');
  const response = await next(request);
  if (user === 'late') throw new Error('after');
  return response;
};

async function mixed(scene: Scene): Promise<void> {
  let left = MIXED;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const kind = kinds[left % kinds.length] ?? 'json';
      const caller = new AbortController();
      const isStream = kind === 'stream' || kind === 'break' || kind === 'abort';
      await scene.call({
        extra: { user: kind },
        stream: isStream,
        signal: caller.signal,
        ...(kind === 'timeout' && { timeout: 30 }),
        onEvent() {
          if (kind === 'abort') caller.abort();
          return kind === 'break' ? 'break' : undefined;
        },
      });
      expect(getEventListeners(caller.signal, 'abort'), `listeners after ${kind}`).toEqual([]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  scene.unseenAttempts = MIXED / kinds.length;
  judgeNothingHeld(scene);
  const waitsBefore = scene.settled.flatMap(waitsOf).length;

  const next = await scene.call({ extra: { user: 'json' } });

  expect(textsOf([next])).toEqual(['hello world']);
  expect(scene.settled.flatMap(waitsOf)).toHaveLength(waitsBefore);
  const outcomes = Object.groupBy(scene.settled, ({ outcome }) => outcome);
  const share = MIXED / kinds.length;
  expect(outcomes.success).toHaveLength(2 * share + 1);
  expect(outcomes.aborted).toHaveLength(2 * share);
  expect(outcomes.error).toHaveLength(4 * share);
}

const leaks: readonly FaultCase[] = [
  {
    id: 'L16',
    priority: 'P0',
    title: `${MIXED} calls that end in all ways, ${AT_ONCE} at once where eight may be`,
    gateway: {
      ...limited({ concurrency: 8, requestsPerSecond: 1_000_000, tokensPerMinute: 1e9 }),
      attemptInterceptors: [throwing],
    },
    client: { maxRetries: 0 },
    origin: async ({ ok, error, opening, hello, world, finish, closing }) =>
      startReplies(({ json: body }) => {
        const kind = at(body, 'user');
        if (kind === 'error') return { wire: [json(400, error('invalid_request_error'))] };
        if (kind === 'timeout') return { wire: [wire.hang()] };
        const events = [...opening, hello, world, ...finish, ...closing];
        return { wire: at(body, 'stream') === true ? stream(events) : [json(200, ok)] };
      }),
    act: mixed,
  },
];

/** The limits of one process. */
export const rateLimitCases: readonly FaultCase[] = [
  ...holds,
  ...line,
  ...tokens,
  ...tenants,
  ...everyAttempt,
  ...leaks,
];
