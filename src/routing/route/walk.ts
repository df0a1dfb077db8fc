import type { DialectName } from '../../dialects/dialect.js';
import type { CallContext } from '../../pipeline/call-context.js';
import type { Target } from '../../pipeline/target.js';
import { leaveReason } from '../leave-policy.js';
import { LoopError, OUTRUN, orThrow } from '../loop-errors.js';
import type { LoopOptions } from '../loop-options.js';
import type { Answer } from '../read-answer.js';
import { UpstreamStream } from '../upstream-stream.js';
import type { Candidate, Candidates, CompiledRoute, Left } from './candidates.js';
import { type EnteredTarget, enterTarget, forceTarget } from './enter-target.js';
import { type Lane, race } from './race.js';
import type { OpenedTarget } from './route-target.js';
import type { RouteCall } from './route-types.js';
import { SkippedTargets } from './skipped-targets.js';

/** What a walk is made with. */
export interface WalkOptions {
  readonly call: RouteCall;
  readonly context: CallContext;
  readonly dialect: DialectName;
  /** The wrapped client itself, whose errors the caller sees. */
  readonly caller: Target;
  readonly candidates: Candidates;
  /** Requests that may be sent for the call, over all its targets. */
  readonly maxAttempts: number;
  /** Where every breaker is open, the target that would be asked next is asked now. */
  readonly asksLeastBad: boolean;
  /** The options of the loop at a target. */
  readonly loopOptions: (opened: OpenedTarget, way: WayToTarget) => LoopOptions;
  /** Asks a route the same in the background. */
  readonly shadow: (route: CompiledRoute) => void;
}

/** What the walk adds to a target it has opened. */
export type WayToTarget = Pick<LoopOptions, 'context' | 'observer' | 'shownErrors'>;

/** Nothing follows these, wherever they happen. */
const UNAVAILABLE: Left = { reason: 'unavailable' };
const FINAL: ReadonlySet<Left['reason']> = new Set(['aborted', 'deadline', 'interceptor']);

/**
 * The way of one call over targets: one attempt loop after another, until one answers or none may follow. For
 * a stream it is asked again ({@link resume}) as long as nothing of it has reached the caller.
 */
export class Walk {
  readonly #options: WalkOptions;
  readonly #skipped = new SkippedTargets();
  /** The target that was asked last. */
  #at: EnteredTarget | undefined;
  /** There was an answer, of which a stream may have broken since. */
  #hasAnswered = false;
  /** The last answer that came, whole or not. */
  #answer: Answer | undefined;
  /** The stream that is being read, if any. */
  #opened: UpstreamStream | undefined;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** The first answer, or what a target failed with. Throws where nobody could be asked. */
  start(): Promise<Answer | LoopError> {
    return this.#goOn(this.#options.candidates.next());
  }

  /** Another answer in the place of one whose body failed: of the same target, or of another. */
  async resume(thrown: unknown): Promise<Answer | LoopError> {
    if (this.#at === undefined) throw thrown;
    return this.#orLeave(this.#at.loop.resume(thrown), this.#at);
  }

  async #goOn(step: ReturnType<Candidates['next']>): Promise<Answer | LoopError> {
    let next = step;
    while (!next.done) {
      const candidate = next.value;
      for (const route of candidate.shadows ?? []) this.#options.shadow(route);
      const delayMs = this.#delayMs(candidate);
      if (delayMs !== undefined) {
        const answer = await this.#race(candidate, delayMs);
        if (answer) return answer;
      } else {
        const entering = enterTarget(candidate, this.#options, this.#skipped);
        const entered = entering instanceof Promise ? await entering : entering;
        if (entered) {
          this.#at = entered;
          return this.#orLeave(entered.loop.start(), entered);
        }
      }
      next = this.#options.candidates.next(UNAVAILABLE);
    }
    return this.#askLeastBad();
  }

  async #askLeastBad(): Promise<Answer | LoopError> {
    // Only where there was nobody at all to ask.
    const leastBad =
      this.#options.asksLeastBad && this.#at === undefined
        ? this.#skipped.leastBad(this.#options.context.clock.now())
        : undefined;
    const forced = leastBad && (await forceTarget(leastBad, this.#options, this.#skipped));
    if (forced === undefined) throw this.#skipped.error();
    this.#options.context.decide('least-bad', { target: leastBad?.target.name ?? '' });
    this.#at = forced;
    const answer = await forced.loop.start();
    if (answer instanceof LoopError) forced.observer.left();
    return this.#answered(answer);
  }

  /** What a target that is asked answers; where it fails, what those after it do. */
  async #orLeave(
    answering: Promise<Answer | LoopError>,
    entered: EnteredTarget,
  ): Promise<Answer | LoopError> {
    try {
      const answer = await answering;
      if (!(answer instanceof LoopError)) return this.#answered(answer);
      return this.#leave(answer, this);
    } catch (error) {
      entered.observer.left();
      throw error;
    }
  }

  #answered<Given extends Answer | LoopError>(answer: Given): Given {
    this.#hasAnswered ||= !(answer instanceof LoopError);
    return answer;
  }

  /** How long a target may take before another is asked as well; `undefined` where that is not so. */
  #delayMs({ hedge, target }: Candidate): number | undefined {
    // A stream that has begun elsewhere has used up its head start.
    if (hedge === undefined || this.#hasAnswered) return undefined;
    const isAvailable = target.health.isAvailable(this.#options.context.clock.now());
    return isAvailable ? hedge.delayMs(target) : undefined;
  }

  /** Asks a target and, where it is slow, another one beside it; `undefined` where it cannot be asked now. */
  async #race(candidate: Candidate, delayMs: number): Promise<Answer | LoopError | undefined> {
    const { caller, context, maxAttempts } = this.#options;
    const { hedge, target } = candidate;
    const first = this.#lane(only(candidate), caller);
    let isHedged = false;
    try {
      const answer = await race(first, {
        whenSlow: (callback) => context.clock.timer(delayMs, callback),
        start: () => {
          // The first's own, where its client is still being made.
          const unsent = first.walk.#at?.loop.attempt === undefined ? 1 : 0;
          const isSpent = context.attempts.length + unsent >= maxAttempts;
          if (context.signal.aborted || isSpent || !caller.isReplayable()) return undefined;
          const candidates = hedge?.take();
          context.decide('hedge', { target: target.name, asked: candidates !== undefined });
          isHedged = candidates !== undefined;
          // Another one for the same client: an attempt writes its own way into it.
          return candidates && this.#lane(candidates, caller.copy());
        },
      });
      if (isHedged) {
        context.decide('hedge-answered', { target: answer.loop.options.target.name });
      }
      return this.#answered(answer);
    } catch (error) {
      if (error instanceof LoopError) return this.#leave(error, first.walk);
      this.#skipped.addAll(first.walk.#skipped);
      if (first.walk.#at !== undefined || context.signal.aborted) throw error;
      return undefined;
    }
  }

  /** The same call at other targets, with an end of its own. */
  #lane(candidates: Candidates, caller: Target): Lane & { readonly walk: Walk } {
    const { context, call } = this.#options;
    const own = context.fork(() => context.remainingMs(), context.signal);
    const walk = new Walk({
      ...this.#options,
      asksLeastBad: false,
      context: own,
      call: { ...call, context: own },
      caller,
      candidates,
    });
    return { walk, answer: walk.#firstContent(), lose: () => walk.#lose() };
  }

  /** The first answer that has something in it. */
  async #firstContent(): Promise<Answer> {
    const answer = orThrow(await this.start());
    this.#answer = answer;
    if (answer.kind !== 'events') return answer;
    const opened = new UpstreamStream(answer, async (thrown) => {
      // It has failed by itself; what is to take its place is the loop's.
      this.#opened = undefined;
      const other = orThrow(await this.resume(thrown));
      this.#opened = opened;
      return other;
    });
    this.#opened = opened;
    await opened.prime();
    return { ...answer, loop: opened.loop, opened };
  }

  #lose(): void {
    const at = this.#at;
    const opened = this.#opened;
    this.#options.context.controller.abort(OUTRUN);
    // What it has reported by now is counted.
    if (opened) {
      opened.loop.note(opened.facts());
      opened.cancel(OUTRUN);
    } else {
      if (this.#answer?.kind === 'body') at?.loop.note(this.#answer.facts());
      at?.loop.giveUp();
    }
    if (at?.loop.attempt) {
      at.observer.lost(at.loop.attemptStartedAt, at.loop.options.request.stream);
    }
  }

  /** What follows once a target has failed for good, on this way or on one beside it: what it failed with, where nothing does. */
  #leave(error: LoopError, at: Walk): LoopError | Promise<Answer | LoopError> {
    const from = at.#at;
    from?.observer.left();
    const { failure, headers } = error.attempt;
    const { caller, candidates, context, maxAttempts } = this.#options;
    const reason = leaveReason(failure, headers);
    if (FINAL.has(reason) || !caller.isReplayable()) return error;
    const next = candidates.next({ reason, isPrimary: from?.isPrimary === true });
    if (next.done) return error;
    context.decide('target-left', { target: from?.loop.options.target.name ?? '', reason });
    // Where nobody else could be asked, what happened here is what is told.
    return context.attempts.length >= maxAttempts ? error : this.#goOn(next).catch(() => error);
  }
}

function* only(candidate: Candidate): Candidates {
  const { target, hasSibling } = candidate;
  return yield { target, hasSibling };
}
