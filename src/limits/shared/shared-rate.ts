import type { Clock } from '../../pipeline/clock.js';
import type { RateSpec } from '../key-limits.js';
import type { RedisLink } from './link.js';
import { Reservoir } from './reservoir.js';
import type { Session } from './session.js';
import { planShare, type SharePlan, unitsOf } from './share-plan.js';
import { Unshared } from './unshared.js';

/** What a share of a limit works with. */
export interface ShareDependencies {
  readonly link: RedisLink;
  readonly clock: Clock;
  /** Redis has answered: those who wait may look again. */
  readonly onAnswer: () => void;
}

/** A rate that processes share. */
export interface SharedRateSpec extends RateSpec {
  readonly burst: number;
  readonly processes: number;
}

/** What is to be given back, or is owed, is told together, in ms. */
const TELL_MS = 20;
/** Until one looks again where there was too little, in ms. */
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1_000;
/** What was asked for is kept at least so long, in ms, however long Redis took. */
const MIN_KEEP_MS = 5;
/** Nobody pays ahead before, in ms. */
const PATIENCE_MS = 1_000;
/** What was paid ahead goes back where nobody has asked for so long, in ms. */
const FORGET_MS = 5_000;
/** The part of a request that is not paid ahead. */
const CRUMB = 0.05;

/** What was not there. */
interface Refusal {
  readonly need: number;
  readonly until: number;
  /** The first of those in a row. */
  readonly since: number;
}

/**
 * One rate of one key, which processes share. Blocks are taken from a reservoir in Redis and spent here without
 * asking; what is left of a block soon goes back.
 */
export class SharedRate {
  readonly #plan: SharePlan;
  readonly #deps: ShareDependencies;
  readonly #reservoir: Reservoir;
  readonly #unshared: Unshared;
  /** Left of what was taken, in units. */
  #left = 0;
  /** To be given back, or, below zero, to be paid. */
  #owed = 0;
  /** Paid ahead for a request that waits. */
  #paid = 0;
  /** Spent since a block was last asked for. */
  #spent = 0;
  #takenAt: number | undefined;
  #asking: Promise<void> | undefined;
  /** Where there was little, one looks before one asks. */
  #isScarce = false;
  #refused: Refusal | undefined;
  /** What was there when Redis last said so. */
  #known: { readonly level: number; readonly at: number } | undefined;
  #stopKeeping: (() => void) | undefined;
  #stopTelling: (() => void) | undefined;
  #stopPaying: (() => void) | undefined;

  constructor(id: string, spec: SharedRateSpec, deps: ShareDependencies) {
    const plan = planShare(spec, spec.burst);
    this.#plan = plan;
    this.#deps = deps;
    this.#unshared = new Unshared(plan.perMs / spec.processes, plan.capacity / plan.perMs);
    this.#reservoir = new Reservoir({
      ...{ id, plan, intervalMs: spec.size.intervalMs },
      beginsWith: () => this.#comeBack(),
      onStateLost: () => this.reset(),
      isInUse: () => this.#left > 0 || this.#owed !== 0 || this.#asking !== undefined,
    });
  }

  unitsOf(weight: number): number {
    return unitsOf(weight, this.#plan);
  }

  has(units: number): boolean {
    return this.#missing(units) <= 0;
  }

  /** What lacks. One that is larger than what is ever there at once is let through when all is there, and leaves a debt. */
  #missing(units: number): number {
    return Math.min(units, this.#plan.capacity) - this.#left - this.#owed;
  }

  take(units: number): void {
    this.#spent += units;
    this.#left -= units;
    if (this.#left >= 0) return;
    this.#owe(this.#left);
    this.#left = 0;
  }

  /** Gives back, or, below zero, takes more. */
  settle(units: number): void {
    if (units !== 0) this.#owe(units);
  }

  /** So much was let through without Redis, or, below zero, turned out not to be needed. */
  tookAlone(units: number): void {
    const { link, clock } = this.#deps;
    if (link.session) this.settle(-units);
    else this.#unshared.add(units, clock.now());
  }

  /** Redis is there again: what was let through without it is paid. */
  cameBack(): void {
    this.settle(-this.#unshared.takeAll(this.#deps.clock.now()));
  }

  /** Until it is worth asking again, in ms. An answer comes of itself; nobody has to wait for one that is lost. */
  pauseMs(): number {
    if (this.#asking !== undefined) return MAX_PAUSE_MS;
    return Math.max(1, (this.#refused?.until ?? 0) - this.#deps.clock.now());
  }

  /** What was there when it was last looked at, and has come back since: in what the limit counts. */
  get level(): number {
    const { capacity, perMs, scale } = this.#plan;
    const { level, at } = this.#known ?? { level: capacity, at: 0 };
    const there = Math.min(capacity, level + (this.#deps.clock.now() - at) * perMs);
    return (there + this.#left + this.#owed) / scale;
  }

  /** Until so much is there, were nobody else asking, with `ahead` taken before; in ms. */
  waitMs(units: number, ahead: number): number {
    const { capacity, perMs, scale } = this.#plan;
    const missing = ahead + Math.min(units, capacity) - this.level * scale;
    return Math.max(this.pauseMs(), missing / perMs);
  }

  /** Asks for what is missing, for `count` requests like it; `false` where there is too little. */
  async ask(units: number, count: number): Promise<boolean> {
    const need = this.#missing(units);
    if (need <= 0) return true;
    if (this.#isRefused(need)) return false;
    this.#asking ??= this.#ask(need, units * count).finally(() => {
      this.#asking = undefined;
      this.#deps.onAnswer();
    });
    await this.#asking;
    return !this.#isRefused(this.#missing(units));
  }

  #isRefused(need: number): boolean {
    const refused = this.#refused;
    if (refused === undefined || need < refused.need) return false;
    return this.#deps.clock.now() < refused.until;
  }

  async #ask(need: number, like: number): Promise<void> {
    const block = Math.max(need, Math.min(this.#plan.block, Math.max(like, 2 * this.#spent)));
    this.#spent = 0;
    await this.#deps.link.ask(async (session) => {
      const askedAt = this.#deps.clock.now();
      const least = this.#payAhead(need);
      const most = this.#isScarce ? await this.#look(session, least, block) : block;
      if (session.isOver) return;
      if (most < least) {
        this.#refuse(need, least - most);
        return;
      }
      const { units, level } = await this.#reservoir.take(session, least, most, this.#plan.grain);
      if (session.isOver) return;
      this.#know(level - units);
      this.#isScarce = level < 2 * block;
      if (units > 0) this.#took(units, askedAt);
      else this.#refuse(need, least - level);
    });
  }

  /** Looks what there is: nobody finds anything while somebody has taken more than that, and has yet to give it back. */
  async #look(session: Session, least: number, block: number): Promise<number> {
    const level = await this.#reservoir.level(session);
    this.#know(level);
    return level < least
      ? level
      : Math.max(least, Math.min(block, level - (level % this.#plan.grain)));
  }

  #know(level: number): void {
    this.#known = { level, at: this.#deps.clock.now() };
  }

  #refuse(need: number, missing: number): void {
    const { clock } = this.#deps;
    const now = clock.now();
    // Not in step with the others.
    const pauseMs = Math.max(MIN_PAUSE_MS, missing / this.#plan.perMs) * (1 + clock.random() / 4);
    const until = now + Math.min(pauseMs, MAX_PAUSE_MS);
    this.#refused = { need, until, since: this.#refused?.since ?? now };
  }

  /**
   * How much must be there for a request. One that needs much never finds it where others take at once the little that
   * comes back. When it has waited for twice as long as it would alone, it pays ahead: the reservoir goes below zero,
   * nobody takes anything until that has come back, and then it needs no more than they do.
   */
  #payAhead(need: number): number {
    const { perMs, grain } = this.#plan;
    const { clock } = this.#deps;
    const crumb = Math.max(grain, Math.ceil(need * CRUMB));
    if (need <= crumb) return need;
    if (this.#paid === 0) {
      const waitedMs = clock.now() - (this.#refused?.since ?? clock.now());
      if (waitedMs < Math.max(PATIENCE_MS, (2 * need) / perMs)) return need;
      this.#paid = need - crumb;
      this.#owe(-this.#paid);
    }
    this.#stopPaying?.();
    this.#stopPaying = clock.timer(FORGET_MS, () => {
      this.#owe(this.#paid);
      this.#paid = 0;
    });
    return Math.max(crumb, need - this.#paid);
  }

  #took(units: number, askedAt: number): void {
    const { clock, onAnswer } = this.#deps;
    const now = clock.now();
    this.#stopPaying?.();
    this.#left += units + this.#paid;
    this.#paid = 0;
    this.#refused = undefined;
    this.#takenAt = now;
    const keepUntil = Math.max(askedAt + this.#plan.keepMs, now + MIN_KEEP_MS);
    this.#stopKeeping?.();
    this.#stopKeeping = clock.timer(keepUntil - now, () => {
      this.#owe(this.#left);
      this.#left = 0;
    });
    onAnswer();
  }

  /** What the reservoir begins with: all of it, or what has come back since something was last taken from here. */
  #comeBack(): number {
    const { capacity, perMs } = this.#plan;
    if (this.#takenAt === undefined) return capacity;
    return Math.min(capacity, Math.floor((this.#deps.clock.now() - this.#takenAt) * perMs));
  }

  #owe(units: number): void {
    this.#owed += units;
    this.#stopTelling ??= this.#deps.clock.timer(TELL_MS, () => void this.#tell());
  }

  /** Gives back, or pays, what is owed. */
  async #tell(): Promise<void> {
    this.#stopTelling?.();
    this.#stopTelling = undefined;
    const units = this.#owed;
    this.#owed = 0;
    if (units === 0) return;
    await this.#deps.link.ask((session) => this.#reservoir.add(session, units));
  }

  /** Gives back what is not used. */
  giveBack(): Promise<void> {
    this.#owed += this.#left + this.#paid;
    this.#left = 0;
    this.#paid = 0;
    return this.#tell();
  }

  /** Forgets what it has taken: Redis has gone, or knows nothing of it. */
  reset(): void {
    for (const stop of [this.#stopKeeping, this.#stopTelling, this.#stopPaying]) stop?.();
    this.#stopTelling = undefined;
    this.#left = 0;
    this.#owed = 0;
    this.#paid = 0;
    this.#isScarce = false;
    this.#refused = undefined;
    this.#known = undefined;
  }
}
