import { latencyOrder } from '../../../../src/routing/strategies.js';
import { TargetStats } from '../../../../src/routing/target-stats.js';

/** A target of a simulation: how long it takes for an answer at a time. */
export interface SimulatedTarget {
  readonly latencyMs: (now: number) => number;
}

interface Running {
  readonly target: number;
  readonly startedAt: number;
  readonly endsAt: number;
}

/**
 * Sends `calls` calls, one every `everyMs`, each to the first target of {@link latencyOrder}; returns the
 * index of the target that each went to.
 */
export function simulate(
  targets: readonly SimulatedTarget[],
  random: () => number,
  { calls, everyMs }: { readonly calls: number; readonly everyMs: number },
): number[] {
  const stats = targets.map(() => new TargetStats());
  const picks: number[] = [];
  let running: Running[] = [];
  for (let call = 0; call < calls; call += 1) {
    const now = call * everyMs;
    const over = running.filter(({ endsAt }) => endsAt <= now);
    running = running.filter(({ endsAt }) => endsAt > now);
    for (const { target, startedAt, endsAt } of over.sort((a, b) => a.endsAt - b.endsAt)) {
      stats[target]?.succeeded(endsAt, { firstContentMs: endsAt - startedAt });
    }
    const items = stats.map((stat, target) => {
      return { target, healthy: true, weight: 1, score: stat.score(now) };
    });
    const [first] = latencyOrder(items, random);
    const target = first?.target ?? -1;
    stats[target]?.begin();
    picks.push(target);
    const latencyMs = targets[target]?.latencyMs(now) ?? 0;
    running.push({ target, startedAt: now, endsAt: now + latencyMs });
  }
  return picks;
}
