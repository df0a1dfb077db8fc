import type { Session, ShareSettings } from './session.js';
import type { SharePlan } from './share-plan.js';

/** What a reservoir is made with. */
export interface ReservoirOptions extends Pick<ShareSettings, 'id' | 'onStateLost' | 'isInUse'> {
  readonly plan: SharePlan;
  /** Of the limit, in ms. */
  readonly intervalMs: number;
  /** What it begins with where Redis knows nothing of it. */
  readonly beginsWith: () => number;
}

/** What came of taking. */
export interface Taken {
  /** Nothing where there was too little. */
  readonly units: number;
  /** What was there before. */
  readonly level: number;
}

/** Its name in Redis is kept so long after the last use, in ms. */
const CLIENT_TIMEOUT_MS = 3_600_000;
const MIN_TTL_MS = 600_000;
/** The most that Bottleneck counts to, and that a timer waits. */
const MAX = 2 ** 31 - 1;

/**
 * A reservoir of Bottleneck's in Redis. It fills by itself, at the pace of the limit. It is taken from directly: a job
 * looks at it and takes of it in two steps, and when somebody else is quicker between them, it stands in a queue that
 * it cannot leave, for all that it asked for.
 */
export class Reservoir {
  readonly #share: ShareSettings;

  constructor({ id, plan, intervalMs, beginsWith, onStateLost, isInUse }: ReservoirOptions) {
    this.#share = {
      ...{ id, beginsWith, onStateLost, isInUse },
      // There are no jobs that could be told of anything.
      isDeaf: true,
      settings: {
        reservoir: plan.capacity,
        reservoirIncreaseInterval: plan.refillMs,
        reservoirIncreaseAmount: plan.refill,
        reservoirIncreaseMaximum: plan.capacity,
        heartbeatInterval: MAX,
        clientTimeout: CLIENT_TIMEOUT_MS,
        timeout: Math.max(MIN_TTL_MS, 2 * intervalMs),
      },
    };
  }

  /** Takes `most`, or as much as there is, in whole grains, as long as that is `least`. */
  async take(session: Session, least: number, most: number, grain: number): Promise<Taken> {
    const after = await this.add(session, -most);
    const level = after + most;
    if (after >= 0) return { units: most, level };
    const units = level < least ? 0 : Math.max(least, level - (level % grain));
    await this.add(session, most - units);
    return { units, level };
  }

  /** What is there; below zero where more was taken. */
  async level(session: Session): Promise<number> {
    return Number(await session.limiter(this.#share).currentReservoir());
  }

  /** Puts back so much, as far as it fits, or takes, though it is not there. Gives what there is then. */
  async add(session: Session, units: number): Promise<number> {
    const bounded = Math.max(-MAX, Math.min(MAX, units));
    return Number(await session.limiter(this.#share).incrementReservoir(bounded));
  }
}
