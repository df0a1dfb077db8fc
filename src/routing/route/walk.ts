import type { DialectName } from '../../dialects/dialect.js';
import type { CallContext } from '../../pipeline/call-context.js';
import { isGatewayError } from '../../pipeline/errors.js';
import type { Target } from '../../pipeline/target.js';
import { AttemptLoop } from '../attempt-loop.js';
import type { BreakerTicket } from '../breaker.js';
import { leaveReason } from '../leave-policy.js';
import { LoopError, OUTRUN } from '../loop-errors.js';
import type { LoopOptions } from '../loop-options.js';
import type { Answer } from '../read-answer.js';
import { UpstreamStream } from '../upstream-stream.js';
import type { Candidate, Candidates, CompiledRoute, Left } from './candidates.js';
import { type Lane, race } from './race.js';
import type { TargetObserver } from './route-health.js';
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
  /** The options of the loop at a target, but for what the walk itself knows. */
  readonly loopOptions: (
    opened: OpenedTarget,
    context: CallContext,
  ) => Omit<
    LoopOptions,
    'context' | 'target' | 'request' | 'observer' | 'shownErrors' | 'maxRetries'
  >;
  /** Asks a route the same in the background. */
  readonly shadow: (route: CompiledRoute) => void;
}

/** Nothing follows these, wherever they happen. */
const FINAL: ReadonlySet<Left['reason']> = new Set(['aborted', 'deadline', 'interceptor']);

/**
 * The way of one call over targets: one attempt loop after another, until one answers or none may follow. For
 * a stream it is asked again ({@link resume}) as long as nothing of it has reached the caller.
 */
export class Walk {
  readonly #options: WalkOptions;
  readonly #skipped = new SkippedTargets();
  #loop: AttemptLoop | undefined;
  #observer: TargetObserver | undefined;
  #isPrimary = false;
  /** There was an answer, of which a stream may have broken since. */
  #hasAnswered = false;
  /** The last answer that came, whole or not. */
  #answer: Answer | undefined;
  /** The stream that is being read, if any. */
  #opened: UpstreamStream | undefined;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** The first answer. Throws the error the caller is to see. */
  async start(): Promise<Answer> {
    const answer = await this.#goOn(this.#options.candidates.next());
    this.#hasAnswered = true;
    return answer;
  }

  /** Another answer in the place of one whose body failed: of the same target, or of another. */
  async resume(thrown: unknown): Promise<Answer> {
    const loop = this.#loop;
    if (loop === undefined) throw thrown;
    try {
      return await loop.resume(thrown);
    } catch (error) {
      return this.#leave(error, this);
    }
  }

  async #goOn(step: ReturnType<Candidates['next']>): Promise<Answer> {
    let next = step;
    while (!next.done) {
      const candidate = next.value;
      for (const route of candidate.shadows ?? []) this.#options.shadow(route);
      const delayMs = this.#delayMs(candidate);
      const answer =
        delayMs === undefined ? await this.#ask(candidate) : await this.#race(candidate, delayMs);
      if (answer) return answer;
      next = this.#options.candidates.next({ reason: 'unavailable' });
    }
    // Only where there was nobody at all to ask.
    const leastBad =
      this.#options.asksLeastBad && this.#loop === undefined
        ? this.#skipped.leastBad(this.#options.context.clock.now())
        : undefined;
    const forced = leastBad && (await this.#open(leastBad, leastBad.target.health.breaker.force()));
    if (forced === undefined) throw this.#skipped.error();
    this.#options.context.decide('least-bad', { target: leastBad?.target.name ?? '' });
    return forced.start();
  }

  /** Asks a target and, where it fails, those after it; `undefined` where it cannot be asked now. */
  async #ask(candidate: Candidate): Promise<Answer | undefined> {
    const loop = await this.#admit(candidate);
    if (loop === undefined) return undefined;
    try {
      return await loop.start();
    } catch (error) {
      return this.#leave(error, this);
    }
  }

  /** How long a target may take before another is asked as well; `undefined` where that is not so. */
  #delayMs({ hedge, target }: Candidate): number | undefined {
    // A stream that has begun elsewhere has used up its head start.
    if (hedge === undefined || this.#hasAnswered) return undefined;
    const isAvailable = target.health.isAvailable(this.#options.context.clock.now());
    return isAvailable ? hedge.delayMs(target) : undefined;
  }

  /** Asks a target and, where it is slow, another one beside it; otherwise like {@link #ask}. */
  async #race(candidate: Candidate, delayMs: number): Promise<Answer | undefined> {
    const { caller, context, maxAttempts } = this.#options;
    const { hedge, target } = candidate;
    const first = this.#lane(only(candidate), caller);
    let isHedged = false;
    try {
      const answer = await race(first, {
        whenSlow: (callback) => context.clock.timer(delayMs, callback),
        start: () => {
          // The first's own, where its client is still being made.
          const unsent = first.walk.#loop?.attempt === undefined ? 1 : 0;
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
      return answer;
    } catch (error) {
      if (error instanceof LoopError) return this.#leave(error, first.walk);
      this.#skipped.addAll(first.walk.#skipped);
      if (first.walk.#loop !== undefined || context.signal.aborted) throw error;
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
    const answer = await this.start();
    this.#answer = answer;
    if (answer.kind !== 'events') return answer;
    const opened = new UpstreamStream(answer, async (thrown) => {
      // It has failed by itself; what is to take its place is the loop's.
      this.#opened = undefined;
      const other = await this.resume(thrown);
      this.#opened = opened;
      return other;
    });
    this.#opened = opened;
    await opened.prime();
    return { ...answer, loop: opened.loop, opened };
  }

  #lose(): void {
    const loop = this.#loop;
    const opened = this.#opened;
    this.#options.context.controller.abort(OUTRUN);
    // What it has reported by now is counted.
    if (opened) {
      opened.loop.note(opened.facts());
      opened.cancel(OUTRUN);
    } else {
      if (this.#answer?.kind === 'body') loop?.note(this.#answer.facts());
      loop?.giveUp();
    }
    if (loop?.attempt) this.#observer?.lost(loop.attemptStartedAt, loop.options.request.stream);
  }

  /** What to do once a target has failed for good, on this way or on one beside it. */
  async #leave(error: unknown, at: Walk): Promise<Answer> {
    at.#observer?.left();
    if (!(error instanceof LoopError)) throw error;
    const { failure, headers } = error.attempt;
    const { caller, candidates, context, maxAttempts } = this.#options;
    const reason = leaveReason(failure, headers);
    if (FINAL.has(reason) || !caller.isReplayable()) throw error;
    const left: Left = { reason, isPrimary: at.#isPrimary };
    const next = candidates.next(left);
    if (next.done) throw error;
    context.decide('target-left', { target: at.#loop?.options.target.name ?? '', reason });
    if (context.attempts.length >= maxAttempts) throw error;
    try {
      return await this.#goOn(next);
    } catch (later) {
      // Where nobody else could be asked, what happened here is what is told.
      throw later instanceof LoopError ? later : error;
    }
  }

  /** The loop at a target; `undefined` where it cannot be asked now. */
  #admit(candidate: Candidate): Promise<AttemptLoop | undefined> | undefined {
    const { target } = candidate;
    const { context, dialect, call, caller } = this.#options;
    const now = context.clock.now();
    const refusal = target.refusal(dialect, call.request, caller);
    if (refusal !== undefined) return this.#skip(candidate, refusal);
    const admission = target.health.admit(now);
    if (admission.admitted) return this.#open(candidate, admission.ticket);
    return this.#skip(candidate, admission.reason, admission.retryAt - now);
  }

  async #open(candidate: Candidate, ticket: BreakerTicket): Promise<AttemptLoop | undefined> {
    const { target, hasSibling } = candidate;
    const { context, call, caller, dialect, loopOptions } = this.#options;
    let opened: OpenedTarget;
    try {
      const opening = target.open(call, { caller, from: dialect });
      opened = opening instanceof Promise ? await opening : opening;
      context.signal.throwIfAborted();
    } catch (error) {
      target.health.breaker.released(ticket);
      if (context.signal.aborted) throw context.signal.reason;
      context.logger.warn?.('a target could not be opened', {
        target: target.name,
        error: error instanceof Error ? error.name : 'unknown',
      });
      const isRequest = isGatewayError(error) && error.code === 'zerohop_no_target';
      return this.#skip(candidate, isRequest ? 'request' : 'no_client');
    }
    const key = opened.key?.admit(context.clock.now());
    if (key?.admitted === false) {
      target.health.breaker.released(ticket);
      return this.#skip(candidate, key.reason, key.retryAt - context.clock.now());
    }
    const isPrimary = opened.target === caller;
    this.#isPrimary = isPrimary;
    if (opened.removed.length > 0) {
      context.decide('request-shaped', { target: target.name, removed: opened.removed.join(' ') });
    }
    context.decide('target-chosen', { target: target.name });
    this.#observer = target.health.observe({
      ticket,
      hasSibling,
      callersKey: isPrimary,
      key: opened.key && key && { breaker: opened.key, ticket: key.ticket },
    });
    this.#loop = new AttemptLoop({
      ...loopOptions(opened, context),
      context,
      target: opened.target,
      request: opened.request,
      maxRetries: opened.maxRetries,
      shownErrors: caller.errors,
      observer: this.#observer,
    });
    return this.#loop;
  }

  #skip(candidate: Candidate, reason: string, waitMs?: number): undefined {
    this.#skipped.add(candidate, reason, waitMs);
    this.#options.context.decide('target-skipped', { target: candidate.target.name, reason });
    return undefined;
  }
}

function* only(candidate: Candidate): Candidates {
  const { target, hasSibling } = candidate;
  return yield { target, hasSibling };
}
