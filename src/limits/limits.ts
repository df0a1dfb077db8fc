import type { LimitName, LimitUnit } from '../pipeline/limit-types.js';
import type { WaitingLine } from './waiting-line.js';

/** What a request weighs, in each unit. */
export type Weights = Readonly<Record<LimitUnit, number>>;

/** What a request has taken. */
export interface Hold {
  /** The request is over: what it turned out to weigh takes the place of what it was thought to. */
  settle(actual: Weights): void;
}

/** What holds a request up. */
export interface HoldUp {
  readonly name: LimitName;
  /** Until it may be let through, in ms; absent where only the end of another one helps. */
  readonly waitMs?: number;
  readonly amount: number;
  readonly left: number;
}

/** The limits of one key, and who waits for them. */
export interface Limits {
  readonly line: WaitingLine;
  /** Requests that are under way. */
  readonly running: number;
  /** Takes what a request weighs, of every limit or of none. */
  tryTake(weights: Weights): Hold | undefined;
  /** Asks elsewhere for what is not here; `false` where there is none. Nothing where nobody is to be asked. */
  reach?(weights: Weights): Promise<boolean> | undefined;
  /** Until it is worth another look, in ms; nothing where it will be told. */
  lookAgainMs(weights: Weights): number | undefined;
  /** The limit that holds a request up longest, behind `ahead` like it. */
  holdUp(weights: Weights, ahead?: number): HoldUp;
  /** Redis has come, or gone. */
  linkChanged?(): void;
  /** Gives back what was taken ahead. */
  giveBack?(): Promise<void>;
  /** Nothing is let through for the time being. */
  readonly isClosed: boolean;
  /** Nobody would miss it: as if it had never been used. */
  readonly isIdle: boolean;
}
