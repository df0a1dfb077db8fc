import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/pipeline/clock.js';
import type { Candidate, Left, PlannedCall } from '../../../src/routing/route/candidates.js';
import { HedgePolicy, hedge } from '../../../src/routing/route/hedge.js';
import { RouteHealth } from '../../../src/routing/route/route-health.js';
import { fallback, leaf } from '../../../src/routing/route/route-nodes.js';
import type { RouteTarget } from '../../../src/routing/route/route-target.js';

const policyOf = (share?: number) => new HedgePolicy({ share, after: 100 }, 'route.options');

/** How many of so many calls may be asked twice, should all of them want to be. */
function allowed(policy: HedgePolicy, calls: number): number {
  let count = 0;
  for (let call = 0; call < calls; call += 1) {
    policy.deposit();
    if (policy.tryTake()) count += 1;
  }
  return count;
}

describe('the share of a hedge', () => {
  it.each([
    [undefined, 200, 11],
    [0.05, 2_000, 101],
    [0.1, 100, 11],
    [0.5, 100, 51],
    [1, 100, 100],
    [0, 1_000, 0],
  ])('of %s lets so many of %d calls be asked twice: %d', (share, calls, expected) => {
    const count = allowed(policyOf(share), calls);

    // Twentieths do not add up exactly.
    expect(Math.abs(count - expected)).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(expected);
  });

  it('lets the first call be asked twice', () => {
    expect(allowed(policyOf(), 1)).toBe(1);
  });

  it('is saved up for ten at most', () => {
    const policy = policyOf();
    for (let call = 0; call < 10_000; call += 1) policy.deposit();

    expect(Array.from({ length: 20 }, () => policy.tryTake()).filter(Boolean)).toHaveLength(10);
  });
});

const options = { region: undefined, keyLabel: undefined, weight: 1 };
/** As much of a target as a route looks at. */
function targetNamed(name: string): RouteTarget {
  const health = new RouteHealth(systemClock);
  const open = () => {
    throw new Error('nothing is sent here');
  };
  return { ...options, name, health, open } as unknown as RouteTarget;
}
const chain = (...names: readonly string[]) =>
  fallback(
    names.map((name) => leaf(targetNamed(name))),
    new Map(),
    undefined,
  );
// All that a hedge looks at in a call.
const call = { request: { stream: false } } as unknown as PlannedCall;

const unavailable: Left = { reason: 'unavailable' };
const failed: Left = { reason: 'server_error', isPrimary: false };
const refused: Left = { reason: 'caller_error', isPrimary: false };

/** What a hedge of two chains of two offers, each of which is left for the same reason. */
function offers(left: Left, onOffer: (offer: Candidate) => void = () => undefined): string[] {
  const candidates = hedge(chain('a', 'b'), chain('c', 'd'), policyOf(1)).candidates(call);
  const offered: string[] = [];
  for (let step = candidates.next(); !step.done; step = candidates.next(left)) {
    offered.push(`${step.value.target.name}${step.value.hedge ? ', hedged' : ''}`);
    onOffer(step.value);
  }
  return offered;
}

describe('a hedge', () => {
  it.each([
    ['fails', failed],
    ['cannot be asked', unavailable],
  ])('offers its first, each hedged, and then its second, where each %s', (_, left) => {
    expect(offers(left)).toEqual(['a, hedged', 'b, hedged', 'c', 'd']);
  });

  it('offers nobody else where the caller’s request is at fault', () => {
    expect(offers(refused)).toEqual(['a, hedged']);
  });

  it('gives its second once, and does not offer it again', () => {
    const taken: (string | undefined)[] = [];
    const offered = offers(failed, ({ hedge: other }) => {
      const step = other?.take()?.next();
      taken.push(step?.done === false ? step.value.target.name : undefined);
    });

    expect(offered).toEqual(['a, hedged', 'b, hedged']);
    expect(taken).toEqual(['c', undefined]);
  });

  it('counts calls that are sent, once each, not those that are only looked at', () => {
    const policy = policyOf(0.5);
    const route = hedge(chain('a', 'b'), chain('c'), policy);
    expect(policy.tryTake()).toBe(true);
    for (let look = 0; look < 1_000; look += 1) route.candidates(call).next();
    expect(policy.tryTake()).toBe(false);

    const candidates = route.candidates(call);
    for (let step = candidates.next(); !step.done; step = candidates.next(failed)) {
      step.value.hedge?.delayMs(step.value.target);
      step.value.hedge?.delayMs(step.value.target);
    }
    expect(policy.tryTake()).toBe(false);
    policy.deposit();
    expect(policy.tryTake()).toBe(true);
  });
});
