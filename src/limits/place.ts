import type { Clock } from '../pipeline/clock.js';
import type { Hold, HoldUp, Limits, Weights } from './limits.js';
import type { Mark, ProviderRoom } from './provider-room.js';

/** What a request has got. */
export interface Taken {
  readonly hold: Hold;
  readonly mark: Mark | undefined;
}

/** What a place is made of. */
export interface PlaceInit {
  readonly clock: Clock;
  readonly key: string;
  readonly limits: Limits;
  readonly weights: Weights;
  /** What is left at the provider, where that is known. */
  readonly room: ProviderRoom | undefined;
}

/** Where a request stands: which limits it meets, and what it weighs there. */
export class Place {
  readonly #clock: Clock;
  readonly key: string;
  readonly limits: Limits;
  readonly weights: Weights;
  readonly room: ProviderRoom | undefined;

  constructor({ clock, key, limits, weights, room }: PlaceInit) {
    this.#clock = clock;
    this.key = key;
    this.limits = limits;
    this.weights = weights;
    this.room = room;
  }

  /** Takes what it weighs, of the limits and of what is left at the provider, or of none. */
  tryTake(): Taken | undefined {
    if (this.isRefusedThere) return undefined;
    const hold = this.limits.tryTake(this.weights);
    return hold && { hold, mark: this.room?.take(this.weights, this.#clock.now()) };
  }

  tryTakeUnlessOthersWait(): Taken | undefined {
    return this.limits.line.size === 0 ? this.tryTake() : undefined;
  }

  /** The provider has no room for it. */
  get isRefusedThere(): boolean {
    return this.room?.holdUp(this.weights, this.#clock.now()) !== undefined;
  }

  /** Until it is worth another look, in ms; nothing where it will be told. */
  lookAgainMs(): number | undefined {
    const theirs = this.room?.holdUp(this.weights, this.#clock.now());
    return theirs?.waitMs ?? this.limits.lookAgainMs(this.weights);
  }

  /** What holds it up longest, behind those who wait. */
  holdUp(): HoldUp {
    const { own, theirs } = this.#holdUps();
    return theirs && (theirs.waitMs ?? 0) >= (own.waitMs ?? 0) ? theirs : own;
  }

  /** Whether it would be let through now. */
  get isFree(): boolean {
    if (this.limits.isClosed || this.limits.line.size > 0) return false;
    const { own, theirs } = this.#holdUps();
    if (theirs) return false;
    // What is held up by others, and not by time, has nothing left.
    return own.waitMs === undefined
      ? own.left > 0 || !Number.isFinite(own.amount)
      : own.waitMs <= 0;
  }

  #holdUps(): { readonly own: HoldUp; readonly theirs: HoldUp | undefined } {
    const { limits, weights } = this;
    const ahead = limits.line.size;
    return {
      own: limits.holdUp(weights, ahead),
      theirs: this.room?.holdUp(weights, this.#clock.now(), ahead),
    };
  }
}
