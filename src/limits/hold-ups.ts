import type { HeldUpCounts, LimitName, LimitStats } from '../pipeline/limit-types.js';

type Counts = { -readonly [Name in keyof HeldUpCounts]: HeldUpCounts[Name] };

/** Counts what became of requests that were held up. */
export class HoldUps {
  readonly #counts = new Map<LimitName, Counts>();

  refused(limit: LimitName): void {
    this.#of(limit).refused += 1;
  }

  /** @param how it was let through, or its call was over */
  waited(limit: LimitName, waitedMs: number, how: 'waited' | 'left'): void {
    const counts = this.#of(limit);
    counts[how] += 1;
    counts.waitedMs += waitedMs;
  }

  #of(limit: LimitName): Counts {
    let counts = this.#counts.get(limit);
    if (counts === undefined) {
      counts = { waited: 0, left: 0, refused: 0, waitedMs: 0 };
      this.#counts.set(limit, counts);
    }
    return counts;
  }

  read(): LimitStats['heldUp'] {
    return Object.fromEntries(Array.from(this.#counts, ([name, counts]) => [name, { ...counts }]));
  }
}
