import { createHash } from 'node:crypto';
import type { Clock } from '../../pipeline/clock.js';
import { KeyLimits, type RateSpec } from '../key-limits.js';
import type { Hold, HoldUp, Limits, Weights } from '../limits.js';
import type { WaitingLine } from '../waiting-line.js';
import type { RedisLink } from './link.js';
import type { Session } from './session.js';
import { SharedRate } from './shared-rate.js';
import { SharedSlots } from './shared-slots.js';

/** What the limits of one key are made with, where processes share them. */
export interface SharedLimitsOptions {
  readonly key: string;
  readonly rates: readonly RateSpec[];
  readonly concurrency: number | undefined;
  readonly burst: number;
  /** How many processes there are. */
  readonly processes: number;
  readonly onRedisDown: 'local' | 'closed';
  readonly keyPrefix: string;
  readonly link: RedisLink;
  readonly clock: Clock;
}

/** Nobody is held back for long, in ms. */
const HELD_BACK_MS = 250;

interface Share {
  readonly spec: RateSpec;
  readonly rate: SharedRate;
}

/**
 * The limits of one key, which processes share; and this process's part of them, for while they cannot be shared.
 * What is taken of the whole is taken of the part as well, so that nobody begins afresh when Redis goes.
 */
export class SharedLimits implements Limits {
  readonly #options: SharedLimitsOptions;
  readonly #local: KeyLimits;
  readonly #shares: readonly Share[];
  readonly #slots: SharedSlots | undefined;
  readonly line: WaitingLine;
  /** Requests that ask, and do not wait yet. */
  #asking = 0;
  /** What was taken was taken there. */
  #session: Session | undefined;

  constructor(options: SharedLimitsOptions) {
    const { rates, concurrency, burst, processes, link, clock } = options;
    this.#options = options;
    this.#session = link.session;
    const part = rates.map((rate) => ({ ...rate, size: partOf(rate, processes) }));
    const places = concurrency && Math.max(1, Math.floor(concurrency / processes));
    this.#local = new KeyLimits(clock, part, places);
    this.line = this.#local.line;
    const deps = { link, clock, onAnswer: () => this.line.wake() };
    const idOf = this.#naming();
    this.#shares = rates.map((spec) => ({
      spec,
      rate: new SharedRate(idOf(spec.name, spec.size.amount), { ...spec, burst, processes }, deps),
    }));
    this.#slots =
      concurrency === undefined
        ? undefined
        : new SharedSlots(idOf('concurrency', concurrency), concurrency, {
            ...deps,
            running: () => this.running,
            waiting: () => this.line.size,
          });
  }

  /**
   * Names that all processes with the same figures give; with others they would count in other units. The key is
   * nobody's to read. Braces keep what belongs together in one part of a cluster.
   */
  #naming(): (name: string, amount: number) => string {
    const { key, keyPrefix, burst } = this.#options;
    const hash = createHash('sha256').update(key).digest('base64url').slice(0, 22);
    return (name, amount) => `{${keyPrefix}:${name}:${amount}:${burst}:${hash}}`;
  }

  get running(): number {
    return this.#local.running;
  }

  get isClosed(): boolean {
    const { link, onRedisDown } = this.#options;
    return onRedisDown === 'closed' && link.session === undefined && link.opening === undefined;
  }

  /** It is to be done without Redis. */
  get #isAlone(): boolean {
    const { link, onRedisDown } = this.#options;
    const isGone = link.session === undefined && link.opening === undefined;
    return isGone && onRedisDown === 'local' && link.failure === undefined;
  }

  /** While others may still go by their parts, nobody takes more than its own. */
  #isHeldBack(weights: Weights): boolean {
    const { link, onRedisDown } = this.#options;
    return link.isJustBack && onRedisDown === 'local' && !this.#local.has(weights);
  }

  tryTake(weights: Weights): Hold | undefined {
    if (this.#isAlone) return this.#takeAlone(weights);
    if (this.#isHeldBack(weights)) return undefined;
    const { session } = this.#options.link;
    if (session === undefined || this.#slots?.has() === false) return undefined;
    const units = this.#shares.map(({ spec, rate }) => rate.unitsOf(weights[spec.unit]));
    const isThere = this.#shares.every(({ rate }, index) => rate.has(units[index] ?? 0));
    if (!isThere) return undefined;
    for (const [index, { rate }] of this.#shares.entries()) rate.take(units[index] ?? 0);
    const noted = this.#local.note(weights);
    this.#slots?.took();
    return {
      settle: (actual) => {
        noted.settle(actual);
        for (const [index, { spec, rate }] of this.#shares.entries()) {
          const unused = (units[index] ?? 0) - rate.unitsOf(actual[spec.unit]);
          // What was taken from a Redis that has gone is not given back to another.
          if (unused < 0 || !session.isOver) rate.settle(unused);
        }
        this.#slots?.settled();
        this.line.wake();
      },
    };
  }

  #takeAlone(weights: Weights): Hold | undefined {
    const hold = this.#local.tryTake(weights);
    if (!hold) return undefined;
    const units = this.#shares.map(({ spec, rate }) => rate.unitsOf(weights[spec.unit]));
    for (const [index, { rate }] of this.#shares.entries()) rate.tookAlone(units[index] ?? 0);
    return {
      settle: (actual) => {
        hold.settle(actual);
        for (const [index, { spec, rate }] of this.#shares.entries()) {
          rate.tookAlone(rate.unitsOf(actual[spec.unit]) - (units[index] ?? 0));
        }
      },
    };
  }

  reach(weights: Weights): Promise<boolean> | undefined {
    const { link } = this.#options;
    if (link.failure) return Promise.reject(link.failure);
    if (link.opening !== undefined) return link.opening.then(() => true);
    if (this.#isHeldBack(weights)) return undefined;
    return link.session && this.#ask(weights);
  }

  async #ask(weights: Weights): Promise<boolean> {
    this.#asking += 1;
    const count = this.#asking + this.line.size;
    const asked: Promise<boolean>[] = [];
    if (this.#slots?.has() === false) asked.push(this.#slots.ask());
    for (const { spec, rate } of this.#shares) {
      const units = rate.unitsOf(weights[spec.unit]);
      if (!rate.has(units)) asked.push(rate.ask(units, count));
    }
    const answers = await Promise.all(asked);
    this.#asking -= 1;
    return answers.every(Boolean);
  }

  lookAgainMs(weights: Weights): number | undefined {
    if (this.#isAlone) return this.#local.lookAgainMs(weights);
    if (this.#isHeldBack(weights)) return this.#local.lookAgainMs(weights) ?? HELD_BACK_MS;
    if (this.#slots?.has() === false) return this.#slots.pauseMs();
    const lacking = this.#shares.filter(
      ({ spec, rate }) => !rate.has(rate.unitsOf(weights[spec.unit])),
    );
    return Math.max(1, ...lacking.map(({ rate }) => rate.pauseMs()));
  }

  holdUp(weights: Weights, ahead = 0): HoldUp {
    if (this.#isAlone || this.#isHeldBack(weights)) return this.#local.holdUp(weights, ahead);
    if (this.#slots?.has() === false) {
      return { name: 'concurrency', amount: this.#slots.amount, left: 0 };
    }
    let worst: HoldUp = { name: 'concurrency', amount: Number.POSITIVE_INFINITY, left: 0 };
    for (const { spec, rate } of this.#shares) {
      const units = rate.unitsOf(weights[spec.unit]);
      const waitMs = rate.waitMs(units, ahead * units);
      if (worst.waitMs === undefined || waitMs > worst.waitMs) {
        worst = { name: spec.name, waitMs, amount: spec.size.amount, left: rate.level };
      }
    }
    return worst;
  }

  get isIdle(): boolean {
    return this.#local.isIdle;
  }

  /** Redis has come, or gone. */
  linkChanged(): void {
    const { session } = this.#options.link;
    if (session === undefined) return;
    if (session !== this.#session) {
      this.#session = session;
      for (const { rate } of this.#shares) rate.reset();
      this.#slots?.reset();
    }
    for (const { rate } of this.#shares) rate.cameBack();
  }

  /** Gives back what it holds and does not use. */
  async giveBack(): Promise<void> {
    await Promise.all([
      ...this.#shares.map(({ rate }) => rate.giveBack()),
      this.#slots?.giveBack(),
    ]);
  }
}

function partOf({ unit, size }: RateSpec, processes: number): RateSpec['size'] {
  const capacity = size.capacity / processes;
  return {
    amount: size.amount / processes,
    intervalMs: size.intervalMs,
    capacity: unit === 'requests' ? Math.max(1, capacity) : capacity,
  };
}
