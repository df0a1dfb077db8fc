import { expect, vi } from 'vitest';
import type { Clock, GatewayOptions } from 'zerohop';
import { handClock } from '../../../support/quick-clock.js';
import type { FaultCase } from './fault-case.js';
import type { Scene } from './scene.js';

/** A clock that stands still but for its `advance()`. */
export type HandClock = ReturnType<typeof handClock>;

/** A case on a clock that is moved by hand, so that no wait takes any time. */
export function byHand(
  gateway: GatewayOptions,
  act: (scene: Scene, clock: HandClock) => Promise<void>,
): Pick<FaultCase, 'stage'> {
  return {
    stage: () => {
      const clock: Clock & HandClock = handClock();
      return { gateway: { ...gateway, clock }, act: (scene) => act(scene, clock) };
    },
  };
}

/** Lets everything happen that does not wait for the clock, but for what a server sends. */
export async function settleDown(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setTimeout(resolve));
}

/** Waits until so many requests have come in, and asserts that there are no more. */
export async function arrived({ origin }: Scene, count: number): Promise<void> {
  await vi.waitUntil(() => origin.hits >= count, { timeout: 10_000, interval: 1 });
  expect(origin.hits, 'requests that came in').toBe(count);
}

/** Waits until so many calls stand in line. */
export async function queued({ gateway }: Scene, count: number): Promise<void> {
  const sum = () => gateway.stats().limits.reduce((all, { queued: some }) => all + some, 0);
  await vi.waitUntil(() => sum() === count, { timeout: 10_000, interval: 1 });
}

/** Asserts that the limits of a gateway hold nothing back any more. */
export function judgeNothingHeld({ gateway }: Scene): void {
  const held = gateway.stats().limits.map(({ running, queued: waiting }) => [running, waiting]);
  expect(held, 'running and queued').toEqual(held.map(() => [0, 0]));
}
