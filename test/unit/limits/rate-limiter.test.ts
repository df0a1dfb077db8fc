import { describe, expect, it, vi } from 'vitest';
import type { Permit } from '../../../src/pipeline/admission.js';
import type {
  LimitedRequest,
  OnLimit,
  RateLimitOptions,
} from '../../../src/pipeline/limit-types.js';
import type { Usage } from '../../../src/pipeline/settlement.js';
import { attemptOf, isPermit, openLimiter, reported, someTurns } from './support/attempts.js';

/** The error of an attempt that is refused. */
const refusal = async (answer: Permit | Promise<Permit>) => {
  const outcome = await Promise.resolve(answer).then(
    () => 'let through',
    (error: unknown) => error,
  );
  return outcome as Error & {
    readonly code?: string;
    readonly retryAfterMs?: number;
    readonly goesOn?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
  };
};
const body = (content: string, maxTokens?: number) => ({
  model: 'm',
  messages: [{ role: 'user', content }],
  ...(maxTokens !== undefined && { max_tokens: maxTokens }),
});

describe('a rate', () => {
  it.each([
    { burst: 0, atOnce: 1 },
    { burst: 0.1, atOnce: 1 },
    { burst: 0.5, atOnce: 5 },
    { burst: 1, atOnce: 10 },
  ])(
    'lets $atOnce of ten a second through at once where burst is $burst',
    async ({ burst, atOnce }) => {
      const { limiter } = openLimiter({ requestsPerSecond: 10, burst, onLimit: 'reject' });

      const answers = Array.from({ length: 12 }, () => limiter.admit(attemptOf()));
      for (const answer of answers) if (!isPermit(answer)) answer.catch(() => undefined);

      expect(answers.filter(isPermit)).toHaveLength(atOnce);
    },
  );

  it('lets those who wait through in turn, each when its time has come', async () => {
    const { limiter, clock, pass } = openLimiter({ requestsPerSecond: 10 });
    const served: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      void Promise.resolve(limiter.admit(attemptOf())).then(() =>
        served.push(`${index} at ${clock.now()}`),
      );
    }

    await pass(500);

    expect(served).toEqual(['0 at 0', '1 at 100', '2 at 200', '3 at 300', '4 at 400']);
  });

  it('is taken of by what is about to be used, and pays or gets back what was', async () => {
    const { limiter, pass } = openLimiter({
      ...{ tokensPerMinute: 60_000, burst: 0.1, onLimit: 'reject' },
      countTokens: () => 0,
    });
    const ask = (maxTokens: number) => limiter.admit(attemptOf({ body: body('hi', maxTokens) }));
    const first = await ask(5_990);

    const refused = refusal(ask(500));
    first.settle({ isSent: true, usage: reported(10, 40) });
    const second = ask(5_900);
    const again = isPermit(second);
    (await second).settle({ isSent: true, usage: reported(10, 11_900) });
    await pass(5_000, 1_000);
    const inDebt = await refusal(ask(1));
    await pass(1_200, 100);

    expect([(await refused).code, again]).toEqual(['zerohop_rate_limited', true]);
    expect(inDebt.code).toBe('zerohop_rate_limited');
    expect(isPermit(ask(1))).toBe(true);
  });

  it('lets one through that is larger than it ever is, and then makes all wait for what it took', async () => {
    const { limiter, clock, pass } = openLimiter({ tokensPerMinute: 6_000, countTokens: () => 0 });
    const served: string[] = [];
    const ask = (name: string, maxTokens: number) =>
      void Promise.resolve(limiter.admit(attemptOf({ body: body('', maxTokens) }))).then(() =>
        served.push(`${name} ${Math.round(clock.now() / 1_000)}`),
      );

    ask('small', 96);
    ask('huge', 2_996);
    ask('small', 96);
    await pass(40_000, 500);

    // 600 at once, 100 a second: huge when it is full, the next when the debt of 2,400 is paid and 100 are there.
    expect(served).toEqual(['small 0', 'huge 1', 'small 26']);
  });

  it('of money is taken of by what a request costs, where that is known', async () => {
    const priceOf = ({ outputTokens = 0 }: Usage) => outputTokens / 1_000;
    const { limiter } = openLimiter({ costPerMinute: 10, onLimit: 'reject' }, { priceOf });
    const dear = attemptOf({ body: body('hi', 900) });

    const first = limiter.admit(dear);
    const second = limiter.admit(dear);
    (await first).settle({ isSent: true, usage: reported(1, 1) });
    const third = limiter.admit(dear);

    expect([first, second, third].map(isPermit)).toEqual([true, false, true]);
    expect((await refusal(second)).message).toMatch(/rateLimit\.costPerMinute: 10/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -5, 'many'])(
    'is not harmed by a price or a count of %s',
    async (nonsense) => {
      // What a function of the user's may give, in spite of its type.
      const given = nonsense as number;
      const { limiter } = openLimiter(
        { costPerMinute: 1, tokensPerMinute: 1_000, countTokens: () => given },
        { priceOf: () => given },
      );

      for (let count = 0; count < 3; count += 1) {
        const permit = limiter.admit(attemptOf({ body: body('hi', 1) }));
        expect(isPermit(permit)).toBe(true);
        (await permit).settle({ isSent: true, usage: reported(given, given) });
      }
    },
  );

  it('counts nothing of a request that never left, and the request alone of one that reported nothing', async () => {
    const { limiter } = openLimiter({
      ...{ requestsPerMinute: 2, tokensPerMinute: 1_000, burst: 1, onLimit: 'reject' },
    });
    const ask = () => limiter.admit(attemptOf({ body: body('hi', 900) }));

    for (let count = 0; count < 5; count += 1) {
      (await ask()).settle({ isSent: false, usage: undefined });
    }
    for (let count = 0; count < 2; count += 1)
      (await ask()).settle({ isSent: true, usage: undefined });

    expect((await refusal(ask())).message).toMatch(/requestsPerMinute/);
  });

  it('is settled once, however often that is said', async () => {
    const { limiter } = openLimiter({ concurrency: 2, onLimit: 'reject' });
    const permits = [await limiter.admit(attemptOf()), await limiter.admit(attemptOf())];

    for (let count = 0; count < 3; count += 1)
      permits[0]?.settle({ isSent: true, usage: undefined });

    expect(limiter.counts().running).toBe(1);
  });

  it('that several hold, holds up a request by the one that takes longest', async () => {
    const { limiter } = openLimiter({ requestsPerSecond: 1, requestsPerDay: 1, onLimit: 'reject' });
    await limiter.admit(attemptOf());

    const { message, retryAfterMs, headers } = await refusal(limiter.admit(attemptOf()));

    expect(message).toMatch(/rateLimit\.requestsPerDay: 1/);
    expect(retryAfterMs).toBe(86_400_000);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  });
});

describe('concurrency', () => {
  it('lets the next through when one is over', async () => {
    const { limiter } = openLimiter({ concurrency: 1 });
    const first = await limiter.admit(attemptOf());
    const second = Promise.resolve(limiter.admit(attemptOf()));
    await someTurns();
    const before = limiter.counts();

    first.settle({ isSent: true, usage: undefined });
    await second;

    expect(before).toMatchObject({ running: 1, queued: 1 });
    expect(limiter.counts()).toMatchObject({ running: 1, queued: 0 });
  });

  it('says that no time helps', async () => {
    const { limiter } = openLimiter({ concurrency: 1, onLimit: 'reject' });
    await limiter.admit(attemptOf());

    const error = await refusal(limiter.admit(attemptOf()));

    expect(error.message).toMatch(/rateLimit\.concurrency: 1/);
    expect(error.retryAfterMs).toBeUndefined();
  });
});

describe('keys', () => {
  it('are limited apart', async () => {
    const { limiter } = openLimiter({
      ...{ requestsPerMinute: 1, onLimit: 'reject' },
      by: ({ metadata }) => String(metadata.tenant),
    });
    const ask = (tenant: string) => limiter.admit(attemptOf({ metadata: { tenant } }));

    const answers = ['a', 'b', 'a', 'c'].map(ask);

    expect(answers.map(isPermit)).toEqual([true, true, false, true]);
    await refusal(answers[2] ?? ask('a'));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no tenant');
      },
    ],
    ['gives nothing', () => undefined],
    ['gives an empty text', () => ''],
    ['gives something else than a text', () => 7 as unknown as string],
  ])('are one, `default`, where `by` %s', async (_, by) => {
    const onLimit = vi.fn((_: LimitedRequest): OnLimit => 'reject');
    const { limiter } = openLimiter({ requestsPerMinute: 1, by, onLimit });

    await limiter.admit(attemptOf());
    await refusal(limiter.admit(attemptOf()));

    expect(onLimit.mock.calls[0]?.[0]).toMatchObject({ key: 'default' });
  });

  it('are bounded: what comes later shares `other`, until one of them is as good as new', async () => {
    const onLimit = vi.fn((_: LimitedRequest): OnLimit => 'reject');
    const { limiter, pass } = openLimiter({
      ...{ requestsPerMinute: 1, maxKeys: 100, onLimit },
      by: ({ metadata }) => String(metadata.tenant),
    });
    const ask = (tenant: number) => limiter.admit(attemptOf({ metadata: { tenant } }));

    const answers = Array.from({ length: 1_000 }, (_, index) => ask(index));
    for (const answer of answers) if (!isPermit(answer)) await refusal(answer);
    const keys = limiter.counts().keys;
    await pass(60_000, 60_000);
    const laterOn = isPermit(ask(5_000));

    expect(answers.filter(isPermit)).toHaveLength(101);
    expect(keys).toBe(101);
    expect(new Set(onLimit.mock.calls.map(([{ key }]) => key))).toEqual(new Set(['other']));
    expect(laterOn).toBe(true);
    expect(limiter.counts().keys).toBe(101);
  });

  it('are apart by model, too, where that is asked for', async () => {
    const { limiter } = openLimiter({ requestsPerMinute: 1, perModel: true, onLimit: 'reject' });
    const ask = (model: string) => limiter.admit(attemptOf({ body: { model } }));

    const answers = ['a', 'b', 'a'].map(ask);

    expect(answers.map(isPermit)).toEqual([true, true, false]);
    await refusal(answers[2] ?? ask('a'));
  });

  it('that are flooded hold up nobody else', async () => {
    const { limiter } = openLimiter({
      ...{ requestsPerSecond: 10 },
      by: ({ metadata }) => String(metadata.tenant),
    });
    const ask = (tenant: string) => limiter.admit(attemptOf({ metadata: { tenant } }));
    for (let count = 0; count < 200; count += 1) void ask('loud');
    await someTurns();

    expect(isPermit(ask('quiet'))).toBe(true);
  });
});

describe('a request that is over a limit', () => {
  it('waits, as the trail says', async () => {
    const { limiter, pass } = openLimiter({ requestsPerSecond: 10 });
    await limiter.admit(attemptOf());
    const attempt = attemptOf();
    const waiting = limiter.admit(attempt);

    await pass(100);
    await waiting;

    expect(attempt.context.decisions).toMatchObject([
      { kind: 'limit-waited', detail: { limit: 'requestsPerSecond', waitedMs: 100 } },
    ]);
  });

  it('is refused as soon as maxQueue others wait, with the time it would take', async () => {
    const { limiter, pass } = openLimiter({ requestsPerSecond: 10, maxQueue: 5 });
    const answers = Array.from({ length: 20 }, () => limiter.admit(attemptOf()));
    const refused = answers.slice(6).map(refusal);

    const errors = await Promise.all(refused);
    await pass(500);

    expect(errors.map(({ code }) => code)).toEqual(Array(14).fill('zerohop_rate_limited'));
    expect(errors[0]?.retryAfterMs).toBe(600);
    await Promise.all(answers.slice(0, 6));
    expect(limiter.counts()).toMatchObject({ running: 6, queued: 0 });
  });

  it('is refused when it has waited as long as it may, and has taken nothing', async () => {
    const { limiter, pass } = openLimiter({ requestsPerMinute: 1, maxWaitMs: 1_000 });
    await limiter.admit(attemptOf());
    const late = refusal(limiter.admit(attemptOf()));

    await pass(1_000, 100);

    expect((await late).message).toMatch(/waited as long as it may/);
    expect(limiter.counts()).toMatchObject({ running: 1, queued: 0 });
  });

  it('is gone at once when its call ends, and has taken nothing', async () => {
    const { limiter, pass } = openLimiter({ requestsPerSecond: 10 });
    await limiter.admit(attemptOf());
    const calls = Array.from({ length: 20 }, () => new AbortController());
    const answers = calls.map(({ signal }) => refusal(limiter.admit(attemptOf({ signal }))));
    await someTurns();

    for (const call of calls.slice(0, 10)) call.abort(new Error('enough'));
    const left = limiter.counts().queued;
    const gone = await Promise.all(answers.slice(0, 10));
    await pass(1_100, 25);

    expect(left).toBe(10);
    expect(new Set(gone.map(({ message }) => message))).toEqual(new Set(['enough']));
    expect(new Set(await Promise.all(answers.slice(10)))).toEqual(new Set(['let through']));
    expect(limiter.counts()).toMatchObject({ running: 11, queued: 0 });
  });

  it.each([
    { does: 'reject', goesOn: false },
    { does: 'next-target', goesOn: true },
  ] as const)('is refused at once where onLimit is $does', async ({ does, goesOn }) => {
    const { limiter } = openLimiter({ requestsPerMinute: 1, onLimit: does });
    await limiter.admit(attemptOf());
    const attempt = attemptOf();

    const error = await refusal(limiter.admit(attempt));

    expect(error).toMatchObject({ code: 'zerohop_rate_limited', goesOn, retryAfterMs: 60_000 });
    expect(attempt.context.decisions).toMatchObject([
      { kind: 'limit-refused', detail: { limit: 'requestsPerMinute', reason: does } },
    ]);
  });

  it('is shown to a function that decides', async () => {
    const onLimit = vi.fn(
      ({ queued }: LimitedRequest): OnLimit => (queued < 2 ? 'wait' : 'reject'),
    );
    const { limiter } = openLimiter({ requestsPerMinute: 1, onLimit });
    await limiter.admit(attemptOf());
    const answers = Array.from({ length: 3 }, () => limiter.admit(attemptOf()));

    await refusal(answers[2] ?? limiter.admit(attemptOf()));

    expect(onLimit.mock.calls.map(([limited]) => limited)).toMatchObject([
      { limit: 'requestsPerMinute', key: 'default', waitMs: 60_000, queued: 0 },
      { queued: 1, waitMs: 120_000 },
      { queued: 2, waitMs: 180_000 },
    ]);
    expect(limiter.counts().queued).toBe(2);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('undecided');
      },
    ],
    ['gives nonsense', () => 'perhaps' as OnLimit],
    ['gives a promise', () => Promise.resolve('reject') as unknown as OnLimit],
  ])('waits where that function %s', async (_, onLimit) => {
    const { limiter } = openLimiter({ requestsPerMinute: 1, onLimit });
    await limiter.admit(attemptOf());

    void limiter.admit(attemptOf());
    await someTurns();

    expect(limiter.counts().queued).toBe(1);
  });

  it.each([
    { given: [5, 9, 0], served: [0, 5, 9] },
    { given: [-3, 99, 4.5], served: [-3, 4.5, 99] },
  ])('waits by priority, which is bounded: $given', async ({ given, served }) => {
    const { limiter, pass } = openLimiter({
      ...{ requestsPerSecond: 10 },
      priority: ({ metadata }) => Number(metadata.priority),
    });
    const order: number[] = [];
    const ask = async (priority: number) => {
      await limiter.admit(attemptOf({ metadata: { priority } }));
      order.push(priority);
    };
    void ask(5);
    void ask(5);
    await someTurns();
    for (const priority of given) void ask(priority);

    await pass(500);

    expect(order).toEqual([5, 5, ...served]);
  });

  it('that is larger than all there ever is lets the rest through behind it', async () => {
    const { limiter, pass } = openLimiter({ tokensPerMinute: 60_000, countTokens: () => 0 });
    const served: string[] = [];
    const ask = (name: string, maxTokens: number) =>
      void Promise.resolve(limiter.admit(attemptOf({ body: body('', maxTokens) }))).then(() =>
        served.push(name),
      );

    ask('first', 100);
    ask('huge', 1_000_000);
    ask('last', 100);
    await pass(1_100_000, 10_000);

    expect(served).toEqual(['first', 'huge', 'last']);
  });
});

describe('a limiter that learns from what the provider says', () => {
  const quota = (remaining: number) => ({
    quota: [{ unit: 'requests', refills: false, limit: 100, remaining, resetMs: 60_000 }] as const,
    retryAfterMs: undefined,
  });
  const open = (options: RateLimitOptions = {}) =>
    openLimiter({ requestsPerMinute: 1_000, burst: 1, ...options }, { learns: true });

  it('holds up what the provider has no room for, and says so', async () => {
    const { limiter } = open({ onLimit: 'reject' });
    const first = await limiter.admit(attemptOf());
    first.heard?.(quota(1));
    await limiter.admit(attemptOf());
    const attempt = attemptOf();
    const error = await refusal(limiter.admit(attempt));

    expect(error).toMatchObject({ retryAfterMs: 60_000, code: 'zerohop_rate_limited' });
    expect(error.message).toBe("over a limit (the provider's own)");
    expect(error.headers).toMatchObject({ 'x-ratelimit-limit': '100' });
    expect(attempt.context.decisions).toMatchObject([{ detail: { limit: 'provider' } }]);
  });

  it('weighs tokens as soon as it is told of them', async () => {
    const { limiter } = open({ onLimit: 'reject', countTokens: () => 0 });
    const first = await limiter.admit(attemptOf());
    const tokens = { unit: 'tokens', refills: true, limit: 1_000, remaining: 100 } as const;
    first.heard?.({ quota: [{ ...tokens, resetMs: 54_000 }], retryAfterMs: undefined });
    const small = limiter.admit(attemptOf({ body: body('hi', 50) }));
    const large = await refusal(limiter.admit(attemptOf({ body: body('hi', 500) })));

    expect(isPermit(small)).toBe(true);
    expect(large.message).toBe("over a limit (the provider's own)");
  });

  it('has room again for what was not sent', async () => {
    const { limiter } = open({ onLimit: 'reject' });
    const first = await limiter.admit(attemptOf());
    first.heard?.(quota(1));
    const second = await limiter.admit(attemptOf());
    const before = await refusal(limiter.admit(attemptOf()));
    second.settle({ isSent: false, usage: undefined });

    expect(before.code).toBe('zerohop_rate_limited');
    expect(isPermit(limiter.admit(attemptOf()))).toBe(true);
  });

  it('lets those who wait go on as soon as there is more', async () => {
    const { limiter } = open({ by: ({ metadata }) => String(metadata.tenant) });
    const first = await limiter.admit(attemptOf());
    first.heard?.(quota(1));
    const second = await limiter.admit(attemptOf());
    const waiting = limiter.admit(attemptOf({ metadata: { tenant: 'another' } }));
    await someTurns();
    const { queued } = limiter.counts();
    second.heard?.(quota(50));
    await waiting;

    expect([queued, limiter.counts().queued]).toEqual([1, 0]);
  });

  it('waits until the provider wants to be asked again', async () => {
    const { limiter, clock, pass } = open();
    const first = await limiter.admit(attemptOf());
    first.heard?.({ quota: [], retryAfterMs: 2_000 });
    const waiting = Promise.resolve(limiter.admit(attemptOf())).then(() => clock.now());
    await pass(3_000, 100);

    expect(await waiting).toBe(2_000);
  });

  it('is told nothing where it is nobody’s to learn from', async () => {
    const { limiter } = openLimiter({ requestsPerMinute: 1_000 });

    expect((await limiter.admit(attemptOf())).heard).toBeUndefined();
  });
});
