import type Bottleneck from 'bottleneck';
import { HEARTBEAT_MS } from './bottleneck-lua.js';
import type { Session, ShareSettings } from './session.js';
import type { ShareDependencies } from './shared-rate.js';
import { startJob } from './start-job.js';

/** What a share of the slots works with. */
export interface SlotDependencies extends ShareDependencies {
  /** Requests under way in this process, with a slot or not. */
  readonly running: () => number;
  /** Requests that wait in this process. */
  readonly waiting: () => number;
}

/** A slot that nobody uses is kept for the next request, in ms. */
const KEEP_MS = 100;
/** While somebody waits, what crashed processes held is looked for, in ms. */
const LOOK_MS = 250;
/** Slots asked for at once, beside those that were lost. */
const MAX_ASKED = 16;
/** Of what Redis knows of them. */
const TTL_MS = 3_600_000;

/**
 * The requests that processes may have under way together. Each slot is a running job of Bottleneck's; a request uses
 * any that its process holds. What was lost, with Redis or by it, is asked for again before another request begins.
 */
export class SharedSlots {
  readonly amount: number;
  readonly #deps: SlotDependencies;
  readonly #share: ShareSettings;
  /** Each gives its slot back. */
  readonly #held: (() => void)[] = [];
  /** Jobs that have none yet. */
  #asked = 0;
  /** Slots that were not needed since it was last looked. */
  #spare = 0;
  #lookAt = 0;
  #stopKeeping: (() => void) | undefined;
  /** Counts how often all were lost. */
  #era = 0;
  #isRecovering = false;

  constructor(id: string, amount: number, deps: SlotDependencies) {
    this.amount = amount;
    this.#deps = deps;
    this.#share = {
      id,
      settings: { maxConcurrent: amount, timeout: TTL_MS, heartbeatInterval: HEARTBEAT_MS },
      onStateLost: () => void this.#recover(),
      isInUse: () => this.#held.length > 0 || this.#asked > 0,
    };
  }

  /** Whether there is one for another request. */
  has(): boolean {
    return this.#idle > 0;
  }

  get #idle(): number {
    return this.#held.length - this.#deps.running();
  }

  /** A request has begun. */
  took(): void {
    this.#spare = Math.min(this.#spare, this.#idle);
  }

  /** A request is over. */
  settled(): void {
    if (this.#idle > 0) this.#keepForAWhile();
  }

  /** Asks for one; `false` where all are taken, or others wait for one already. */
  async ask(): Promise<boolean> {
    const { link, waiting } = this.#deps;
    if (waiting() > 0) {
      this.#askForThoseWhoWait();
      return false;
    }
    await link.ask(async (session) => {
      const limiter = session.limiter(this.#share);
      if (!(await limiter.check(1))) return;
      await Promise.all(this.#jobs(limiter, session, 1));
    });
    return this.has();
  }

  /** Until it is worth asking again, in ms. */
  pauseMs(): number {
    return LOOK_MS;
  }

  #askForThoseWhoWait(): void {
    const { link, clock, waiting } = this.#deps;
    const { session } = link;
    if (session === undefined) return;
    const limiter = session.limiter(this.#share);
    void Promise.all(this.#jobs(limiter, session, waiting()));
    if (clock.now() < this.#lookAt) return;
    this.#lookAt = clock.now() + LOOK_MS;
    // Shows whether Redis is there, and has Bottleneck see which jobs have expired.
    void link.ask(() => limiter.running());
  }

  /** Jobs for those who have no slot, and for `more`. */
  #jobs(limiter: Bottleneck, session: Session, more: number): Promise<void>[] {
    const lost = Math.max(0, -this.#idle);
    const count = Math.min(more - this.#idle, lost + MAX_ASKED) - this.#asked;
    return Array.from({ length: Math.max(0, count) }, () => this.#job(limiter, session));
  }

  /** Resolves when it has a slot, or when it is known to have none. */
  async #job(limiter: Bottleneck, session: Session): Promise<void> {
    const { clock } = this.#deps;
    const era = this.#era;
    this.#asked += 1;
    const begin = (): Promise<void> =>
      new Promise((release) => {
        if (era === this.#era) this.#got(release);
        else release();
      });
    try {
      await startJob({ limiter, clock, begin });
    } catch (error) {
      session.end(error);
    }
  }

  #got(release: () => void): void {
    this.#asked -= 1;
    this.#held.push(release);
    this.#keepForAWhile();
    this.#deps.onAnswer();
  }

  /** What nobody has needed for a while goes back. */
  #keepForAWhile(): void {
    if (this.#stopKeeping) return;
    this.#spare = this.#idle;
    this.#stopKeeping = this.#deps.clock.timer(KEEP_MS, () => {
      this.#stopKeeping = undefined;
      const count = Math.min(this.#spare, this.#idle);
      if (count > 0) for (const release of this.#held.splice(-count)) release();
      if (this.#idle > 0) this.#keepForAWhile();
    });
  }

  /** Gives back those that nobody uses. */
  async giveBack(): Promise<void> {
    const idle = this.#held.splice(0, Math.max(0, this.#idle));
    if (idle.length === 0) return;
    for (const release of idle) release();
    // Behind them, so that they have arrived.
    await this.#deps.link.ask((session) => session.limiter(this.#share).running());
  }

  /** Redis has lost them. Each of what was asked of it meanwhile says so. */
  async #recover(): Promise<void> {
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    this.#forget();
    // Behind this, Redis knows of the limit again.
    await this.#deps.link.ask((session) => session.limiter(this.#share).running());
    this.#isRecovering = false;
    this.#askForLost();
  }

  /** Begins again with another session: slots that it holds were lost with the one before. */
  reset(): void {
    this.#forget();
    this.#askForLost();
  }

  #forget(): void {
    this.#era += 1;
    this.#asked = 0;
    this.#stopKeeping?.();
    this.#stopKeeping = undefined;
    for (const release of this.#held.splice(0)) release();
  }

  /** Those of the requests that are under way. */
  #askForLost(): void {
    const { session } = this.#deps.link;
    if (session === undefined || this.#idle >= 0) return;
    void Promise.all(this.#jobs(session.limiter(this.#share), session, 0));
  }
}
