import { describe, expect, it } from 'vitest';
import type { Weights } from '../../../src/limits/limits.js';
import { type Mark, ProviderRoom } from '../../../src/limits/provider-room.js';
import { seeded } from '../../integration/routing/support/seeded.js';

const one: Weights = { requests: 1, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
const MINUTE_MS = 60_000;

interface Simulation {
  readonly seed: number;
  /** Requests a minute that the provider lets through. */
  readonly limit: number;
  /** It counts by minutes, instead of filling all the time. */
  readonly byWindow?: boolean;
}

/** A provider that has a limit, and a process that wants far more of it for five minutes. */
function simulate({ seed, limit, byWindow = false }: Simulation) {
  const random = seeded(seed);
  const room = new ProviderRoom();
  const events: { readonly at: number; readonly run: (now: number) => void }[] = [];
  const later = (at: number, run: (now: number) => void) => events.push({ at, run });
  let level = limit;
  let levelAt = 0;
  let window = 0;
  let answered = 0;
  let refused = 0;

  /** The provider gets a request; what the headers of its answer say. */
  function receive(now: number) {
    if (byWindow) {
      if (Math.floor(now / MINUTE_MS) > window) level = limit;
      window = Math.floor(now / MINUTE_MS);
    } else level = Math.min(limit, level + ((now - levelAt) * limit) / MINUTE_MS);
    levelAt = now;
    if (level >= 1) {
      level -= 1;
      answered += 1;
    } else refused += 1;
    const resetMs = byWindow
      ? (window + 1) * MINUTE_MS - now
      : ((limit - level) * MINUTE_MS) / limit;
    const remaining = Math.floor(level);
    return { unit: 'requests', remaining, limit, resetMs, refills: !byWindow } as const;
  }

  function send(mark: Mark, now: number): void {
    later(now + 5 + random() * 50, (received) => {
      const quota = [receive(received)];
      later(received + 10 + random() * 500, (told) => {
        room.learn({ quota, retryAfterMs: undefined }, mark, told);
      });
    });
  }

  for (let now = 0; now < 5 * MINUTE_MS; now += 5) {
    events.sort((a, b) => a.at - b.at);
    while (events[0] && events[0].at <= now) events.shift()?.run(now);
    // One first, so that something is known; then as many as may be.
    const most = now === 0 ? 1 : now < 1_000 ? 0 : 50;
    for (let sent = 0; sent < most && !room.holdUp(one, now); sent += 1) {
      send(room.take(one, now), now);
    }
  }
  return { answered, refused };
}

const seeds = [1, 2, 3, 4, 5];

describe('a provider of which more is wanted than there is', () => {
  it.each(seeds.flatMap((seed) => [60, 500, 6_000].map((limit) => ({ seed, limit }))))(
    'need not refuse any, and is used: $limit a minute, seed $seed',
    (given) => {
      const { answered, refused } = simulate(given);

      expect(refused).toBe(0);
      // All that was there, and what came back in five minutes.
      expect(answered).toBeGreaterThan(0.9 * 6 * given.limit);
    },
  );

  it.each(seeds.map((seed) => ({ seed })))(
    'refuses few where it counts by minutes, seed $seed',
    ({ seed }) => {
      const { answered, refused } = simulate({ seed, limit: 500, byWindow: true });

      // A minute that begins is met with no more knowledge than the first one.
      expect(refused).toBeLessThan(0.05 * answered);
      expect(answered).toBeGreaterThan(0.9 * 5 * 500);
    },
  );
});
