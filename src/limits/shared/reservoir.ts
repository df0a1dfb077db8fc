import type { Clock } from '../../pipeline/clock.js';
import type { Session, ShareSettings } from './session.js';
import type { SharePlan } from './share-plan.js';
import { startJob } from './start-job.js';

/** What a reservoir is made with. */
export interface ReservoirOptions extends Pick<ShareSettings, 'id' | 'onStateLost' | 'isInUse'> {
  readonly plan: SharePlan;
  /** Of the limit, in ms. */
  readonly intervalMs: number;
  /** What it begins with where Redis knows nothing of it. */
  readonly beginsWith: () => number;
  readonly clock: Clock;
  /** So much was taken that was asked for then. */
  readonly onTook: (units: number, askedAt: number) => void;
}

/** Its name in Redis is kept so long after the last use, in ms. */
const CLIENT_TIMEOUT_MS = 3_600_000;
const MIN_TTL_MS = 600_000;
/** The most that Bottleneck counts to, and that a timer waits. */
const MAX = 2 ** 31 - 1;

/** A reservoir of Bottleneck's in Redis. It fills by itself, at the pace of the limit. */
export class Reservoir {
  readonly #options: ReservoirOptions;
  readonly #share: ShareSettings;
  /**
   * A job stands in Bottleneck's queue, because somebody else was quicker between its two looks at what is there. It
   * takes when it can, and cannot be called off.
   */
  isQueued = false;

  constructor(options: ReservoirOptions) {
    const { id, plan, intervalMs, beginsWith, onStateLost, isInUse } = options;
    this.#options = options;
    this.#share = {
      ...{ id, beginsWith, onStateLost, isInUse },
      settings: {
        reservoir: plan.capacity,
        reservoirIncreaseInterval: plan.refillMs,
        reservoirIncreaseAmount: plan.refill,
        reservoirIncreaseMaximum: plan.capacity,
        // A job that finds too little is refused, and does not wait.
        highWater: 0,
        heartbeatInterval: MAX,
        clientTimeout: CLIENT_TIMEOUT_MS,
        timeout: Math.max(MIN_TTL_MS, 2 * intervalMs),
      },
    };
  }

  /** Takes so much; `false` where there was too little. */
  async take(session: Session, units: number): Promise<boolean> {
    const { clock, onTook } = this.#options;
    const askedAt = clock.now();
    const leaveQueue = () => {
      if (!session.isOver) this.isQueued = false;
    };
    const start = await startJob({
      limiter: session.limiter(this.#share),
      weight: units,
      clock,
      begin: async () => {
        leaveQueue();
        if (!session.isOver) onTook(units, askedAt);
      },
      onRefused: leaveQueue,
    });
    if (start === 'queued' && !session.isOver) this.isQueued = true;
    return start === 'begun';
  }

  /** What is there; below zero where more was taken. */
  async level(session: Session): Promise<number> {
    const limiter = session.limiter(this.#share);
    // Putting in nothing has Bottleneck look through its queues as well.
    return Number(
      await (this.isQueued ? limiter.incrementReservoir(0) : limiter.currentReservoir()),
    );
  }

  /** Puts back so much, or takes, though it is not there. Gives what there is then. */
  async add(session: Session, units: number): Promise<number> {
    const bounded = Math.max(-MAX, Math.min(MAX, units));
    return Number(await session.limiter(this.#share).incrementReservoir(bounded));
  }
}
