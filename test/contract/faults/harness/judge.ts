import { expect } from 'vitest';
import { attemptsOf, type Settlement } from 'zerohop';
import { backoff, type ErrorExpectation, type Expectation, type Range } from './fault-case.js';
import { OTHER, type Result, type Scene } from './scene.js';

/** Asserts what one call came to: for its caller, at the upstream and in its settlement. */
export async function judge(scene: Scene, result: Result, wanted: Expectation): Promise<void> {
  const settlement = scene.settled.at(-1);
  judgeCaller(scene, result, wanted);
  expect(scene.origin.hits, 'upstream hits').toBe(wanted.hits ?? 1);
  expect(scene.other?.hits ?? 0, 'hits at the other target').toBe(wanted.otherHits ?? 0);
  judgeWaits(scene, wanted);
  judgeSettlement(settlement, wanted);
  if (result.error !== undefined) {
    expect(attemptsOf(result.error), 'attempts on the error').toHaveLength(attempted(wanted));
  }
  await wanted.check?.(result, scene);
}

function judgeCaller(scene: Scene, result: Result, wanted: Expectation): void {
  if (wanted.error) judgeError(scene, result.error, wanted.error);
  else expect(result.error, 'error').toBeUndefined();
  if (wanted.text !== undefined) {
    if (wanted.isPrefix) expect(wanted.text.startsWith(result.text), 'text is a prefix').toBe(true);
    else expect(result.text, 'text').toBe(wanted.text);
  }
  if (wanted.chunks !== undefined) expect(result.events, 'chunks').toHaveLength(wanted.chunks);
}

/** Asserts that an error is one of the caller's own SDK, and fit to be logged. */
export function judgeError({ sdk }: Scene, error: unknown, wanted: ErrorExpectation): void {
  expect(error).toBeInstanceOf(sdk.errors[wanted.is]);
  expect(error).toBeInstanceOf(sdk.errors.APIError);
  if (!(error instanceof Error)) return;
  if (wanted.status !== undefined) expect(error).toMatchObject({ status: wanted.status });
  if (wanted.message) expect(error.message).toMatch(wanted.message);
  expect(error.message.length, 'length of the message').toBeLessThanOrEqual(300);
  expect(error.message).not.toMatch(/<html|<body/i);
  if (wanted.is !== 'APIUserAbortError') expect(error.name).not.toBe('AbortError');
}

function attempted({ hits = 1, otherHits = 0, attempts = hits + otherHits }: Expectation): number {
  return attempts;
}

/** A back-off before each retry, which begins anew at the other target; none between the two. */
function backoffs(wanted: Expectation): readonly Range[] {
  const { otherHits = 0 } = wanted;
  return [attempted(wanted) - otherHits, otherHits].flatMap((attempts) =>
    Array.from({ length: Math.max(0, attempts - 1) }, (_, index) => backoff(index)),
  );
}

function judgeWaits({ clock }: Scene, wanted: Expectation): void {
  const ranges = wanted.waits ?? backoffs(wanted);
  expect(clock.waits, 'waits').toHaveLength(ranges.length);
  for (const [index, [from, to]] of ranges.entries()) {
    expect(clock.waits[index], `wait ${index}`).toBeGreaterThanOrEqual(from);
    expect(clock.waits[index], `wait ${index}`).toBeLessThanOrEqual(to);
  }
}

function judgeSettlement(settlement: Settlement | undefined, wanted: Expectation): void {
  expect(settlement?.outcome, 'outcome').toBe(wanted.outcome);
  expect(settlement?.attempts, 'attempts').toHaveLength(attempted(wanted));
  const last = settlement?.attempts.at(-1);
  if (wanted.otherHits) expect(last?.target, 'who was asked last').toBe(OTHER);
  if (wanted.kinds) {
    const kinds = settlement?.attempts.map(({ failure }) => failure?.kind);
    expect(kinds, 'failures of the attempts').toEqual(wanted.kinds);
    expect(settlement?.failure?.kind, 'failure').toBe(wanted.kinds.at(-1));
  }
  if (wanted.outcome === 'success') {
    expect(settlement?.failure).toBeUndefined();
    expect(settlement?.complete, 'complete').toBe(true);
  }
  if (wanted.usage === 'reported') {
    expect(settlement?.usage).toMatchObject({ inputTokens: 5, outputTokens: 7 });
    expect(settlement?.usage?.invalid).toBeUndefined();
  }
  if (wanted.usage === 'none') {
    expect(settlement?.usage).toBeUndefined();
    expect(settlement?.usageMissing).toBeDefined();
  }
}
