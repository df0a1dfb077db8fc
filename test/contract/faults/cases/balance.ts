import { expect } from 'vitest';
import { createGateway, loadBalance, target } from 'zerohop';
import { seeded } from '../../../integration/routing/support/seeded.js';
import type { FaultCase } from '../harness/fault-case.js';
import type { Scene } from '../harness/scene.js';

const CALLS = 10_000;
const CONCURRENCY = 16;
const WEIGHTS = { a: 70, b: 30, spare: 0 };

/** How calls are spread. */
export const balanceCases: readonly FaultCase[] = [
  {
    id: 'R21',
    priority: 'P1',
    title: `${CALLS} calls by the weights 70, 30 and 0`,
    act: byWeight,
  },
];

async function byWeight({ sdk, clock }: Scene): Promise<void> {
  clock.chance = seeded(21);
  const headers = { 'content-type': 'application/json' };
  const asked: Record<string, number> = { a: 0, b: 0, spare: 0 };
  const targets = Object.entries(WEIGHTS).map(([name, weight]) => {
    const fetch = async () => {
      asked[name] = (asked[name] ?? 0) + 1;
      return new Response(sdk.shape.ok, { headers });
    };
    return target({ name, weight, client: sdk.client({ url: 'http://provider.test', fetch }) });
  });
  const gateway = createGateway({
    clock,
    telemetry: false,
    route: loadBalance(targets, { strategy: 'weighted' }),
  });
  const fetch = () => Promise.reject(new Error('it is no target'));
  const caller = sdk.connect({ url: 'http://caller.test', fetch }, gateway);

  let left = CALLS;
  let answered = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await caller.answer({}, {});
      if (sdk.textOf(answer) === 'hello world') answered += 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));

  expect(answered).toBe(CALLS);
  expect(asked.spare).toBe(0);
  expect(asked.a).toBeGreaterThanOrEqual(0.68 * CALLS);
  expect(asked.a).toBeLessThanOrEqual(0.72 * CALLS);
  expect(asked.b).toBe(CALLS - (asked.a ?? 0));
}
