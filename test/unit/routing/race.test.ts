import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/routing/read-answer.js';
import { type Lane, race } from '../../../src/routing/route/race.js';

/** A way that does as it is told. */
class HandLane implements Lane {
  readonly #answer = Promise.withResolvers<Answer>();
  readonly answer = this.#answer.promise;
  /** How often it was given up. */
  losses = 0;

  lose(): void {
    this.losses += 1;
    // As a real one does.
    this.#answer.reject(new Error('given up'));
  }

  /** Answers with something that is told from other answers. */
  answers(): Answer {
    // Nothing looks into it.
    const answer = { by: this } as unknown as Answer;
    this.#answer.resolve(answer);
    return answer;
  }

  fails(message: string): void {
    this.#answer.reject(new Error(message));
  }
}

function start({ isAllowed = true }: { readonly isAllowed?: boolean } = {}) {
  const [first, second] = [new HandLane(), new HandLane()];
  const seen = { timers: 0, starts: 0 };
  let onSlow: () => void = () => undefined;
  const result = race(first, {
    whenSlow(callback) {
      seen.timers += 1;
      onSlow = callback;
      return () => {
        seen.timers -= 1;
      };
    },
    start() {
      seen.starts += 1;
      return isAllowed ? second : undefined;
    },
  });
  result.catch(() => undefined);
  return { first, second, seen, result, isSlow: () => onSlow() };
}

describe('a race', () => {
  it('is won by the first, with no second and no timer left', async () => {
    const { first, seen, result } = start();
    const answer = first.answers();

    expect(await result).toBe(answer);
    expect(seen).toEqual({ timers: 0, starts: 0 });
    expect(first.losses).toBe(0);
  });

  it.each(['first', 'second'] as const)(
    'is won by the %s, and the other is given up before it is told',
    async (name) => {
      const lanes = start();
      lanes.isSlow();
      const answer = lanes[name].answers();
      const other = name === 'first' ? lanes.second : lanes.first;
      const lossesWhenTold = lanes.result.then(() => other.losses);

      expect(await lanes.result).toBe(answer);
      expect(await lossesWhenTold).toBe(1);
      expect(lanes[name].losses).toBe(0);
      expect(lanes.seen).toEqual({ timers: 0, starts: 1 });
    },
  );

  it('is won by the one that is heard first of both that answer at the same time', async () => {
    const { first, second, isSlow, result } = start();
    isSlow();
    const answer = second.answers();
    first.answers();

    expect(await result).toBe(answer);
    expect([first.losses, second.losses]).toEqual([1, 0]);
  });

  it('fails with the first where that fails before the second has begun', async () => {
    const { first, seen, result } = start();
    first.fails('no');

    await expect(result).rejects.toThrow('no');
    expect(seen).toEqual({ timers: 0, starts: 0 });
  });

  it('goes on with the second where the first fails, and does not give up what has failed', async () => {
    const { first, second, isSlow, result } = start();
    isSlow();
    first.fails('no');
    await turn();
    const answer = second.answers();

    expect(await result).toBe(answer);
    expect(first.losses).toBe(0);
  });

  it('goes on with the first where the second fails', async () => {
    const { first, second, isSlow, result } = start();
    isSlow();
    second.fails('no');
    await turn();
    const answer = first.answers();

    expect(await result).toBe(answer);
    expect(second.losses).toBe(0);
  });

  it.each([
    ['the first one last', ['second', 'first']],
    ['the first one first', ['first', 'second']],
  ] as const)('fails with what the first failed with where both do: %s', async (_, order) => {
    const lanes = start();
    lanes.isSlow();
    for (const name of order) {
      lanes[name].fails(name);
      await turn();
    }

    await expect(lanes.result).rejects.toThrow('first');
    expect([lanes.first.losses, lanes.second.losses]).toEqual([0, 0]);
  });

  it('waits for the first where there may be no second', async () => {
    const { first, isSlow, seen, result } = start({ isAllowed: false });
    isSlow();
    const answer = first.answers();

    expect(await result).toBe(answer);
    expect(seen.starts).toBe(1);
  });
});
