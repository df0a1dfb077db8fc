import { expect, it, vi } from 'vitest';
import { seeded } from '../../integration/routing/support/seeded.js';
import { attemptOf, openLimiter, someTurns } from './support/attempts.js';

const STEP_MS = 50;
const RATE = 10;
const HOUR_MS = 3_600_000;

const p99 = (waits: readonly number[]) =>
  [...waits].sort((one, other) => one - other)[Math.ceil(0.99 * waits.length) - 1] ?? 0;

/** What a tenant waits who asks about eight times a second, in ms, beside another who asks `flood` times. */
async function waitsBeside(flood: number): Promise<readonly number[]> {
  const { limiter, clock } = openLimiter({
    ...{ requestsPerSecond: RATE, maxQueue: 10_000 },
    by: ({ metadata }) => String(metadata.tenant),
  });
  const random = seeded(13);
  const waits: number[] = [];
  const loud = new AbortController();
  const { signal } = loud;
  for (let step = 0; step < 1_000; step += 1) {
    for (let call = 0; call < (flood * STEP_MS) / 1_000; call += 1) {
      const admitted = limiter.admit(attemptOf({ metadata: { tenant: 'loud' }, signal }));
      Promise.resolve(admitted).catch(() => undefined);
    }
    if (random() < (8 * STEP_MS) / 1_000) {
      const askedAt = clock.now();
      const admitted = limiter.admit(attemptOf({ metadata: { tenant: 'quiet' } }));
      void Promise.resolve(admitted).then(() => waits.push(clock.now() - askedAt));
    }
    await someTurns(3);
    clock.advance(STEP_MS);
  }
  loud.abort(new Error('enough'));
  for (let step = 0; step < 100; step += 1) {
    await someTurns(1);
    clock.advance(STEP_MS);
  }
  return waits;
}

it('a tenant that floods ten times its limit leaves the wait of another as it is', {
  timeout: 60_000,
}, async () => {
  const idle = await waitsBeside(0);
  const beside = await waitsBeside(10 * RATE);

  expect(idle.length).toBeGreaterThan(300);
  expect(beside).toHaveLength(idle.length);
  expect(p99(idle)).toBeGreaterThan(0);
  expect(p99(beside)).toBeLessThanOrEqual(1.2 * p99(idle));
});

it.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('a clock on the wall that jumps %s by an hour changes nothing', async (_, byMs) => {
  const served = async (jump: () => void) => {
    const { limiter, clock } = openLimiter({ requestsPerSecond: 10, tokensPerMinute: 60_000 });
    const at: number[] = [];
    for (let call = 0; call < 30; call += 1) {
      const body = { model: 'm', max_tokens: 100 };
      void Promise.resolve(limiter.admit(attemptOf({ body }))).then(() => at.push(clock.now()));
    }
    for (let step = 0; step < 100; step += 1) {
      if (step === 30) jump();
      await someTurns(3);
      clock.advance(STEP_MS);
    }
    return at;
  };

  const undisturbed = await served(() => undefined);
  const { now } = Date;
  const disturbed = await served(() => {
    vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
  });
  vi.restoreAllMocks();

  expect(undisturbed).toHaveLength(30);
  expect(disturbed).toEqual(undisturbed);
});
