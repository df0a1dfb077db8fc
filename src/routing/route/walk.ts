import type { DialectName } from '../../dialects/dialect.js';
import type { CallContext } from '../../pipeline/call-context.js';
import { GatewayError } from '../../pipeline/errors.js';
import type { Target } from '../../pipeline/target.js';
import { AttemptLoop } from '../attempt-loop.js';
import { leaveReason } from '../leave-policy.js';
import { LoopError } from '../loop-errors.js';
import type { LoopOptions } from '../loop-options.js';
import type { Answer } from '../read-answer.js';
import type { Candidate, Candidates, Left } from './candidates.js';
import type { TargetObserver } from './route-health.js';
import type { OpenedTarget } from './route-target.js';
import type { RouteCall } from './route-types.js';

/** What a walk is made with. */
export interface WalkOptions {
  readonly call: RouteCall;
  readonly context: CallContext;
  readonly dialect: DialectName;
  /** The wrapped client itself, whose errors the caller sees. */
  readonly caller: Target;
  readonly candidates: Candidates;
  /** The options of the loop at a target, but for what the walk itself knows. */
  readonly loopOptions: (
    opened: OpenedTarget,
  ) => Omit<
    LoopOptions,
    'context' | 'target' | 'request' | 'observer' | 'shownErrors' | 'maxRetries'
  >;
}

/** Why a target was not asked. */
interface Skipped {
  readonly target: string;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

/** Nothing follows these, wherever they happen. */
const FINAL: ReadonlySet<Left['reason']> = new Set(['aborted', 'deadline', 'interceptor']);

/**
 * The way of one call over targets: one attempt loop after another, until one answers or none may follow. For
 * a stream it is asked again ({@link resume}) as long as nothing of it has reached the caller.
 */
export class Walk {
  readonly #options: WalkOptions;
  readonly #skipped: Skipped[] = [];
  #loop: AttemptLoop | undefined;
  #observer: TargetObserver | undefined;
  #isPrimary = false;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** The first answer. Throws the error the caller is to see. */
  start(): Promise<Answer> {
    return this.#goOn(this.#options.candidates.next());
  }

  /** Another answer in the place of one whose body failed: of the same target, or of another. */
  async resume(thrown: unknown): Promise<Answer> {
    const loop = this.#loop;
    if (loop === undefined) throw thrown;
    try {
      return await loop.resume(thrown);
    } catch (error) {
      return this.#leave(error);
    }
  }

  async #goOn(step: ReturnType<Candidates['next']>): Promise<Answer> {
    let next = step;
    while (!next.done) {
      const loop = await this.#open(next.value);
      if (loop === undefined) {
        next = this.#options.candidates.next({ reason: 'unavailable' });
        continue;
      }
      this.#loop = loop;
      try {
        return await loop.start();
      } catch (error) {
        return this.#leave(error);
      }
    }
    throw this.#noTarget();
  }

  /** What to do once a target has failed for good. */
  async #leave(error: unknown): Promise<Answer> {
    this.#observer?.left();
    if (!(error instanceof LoopError)) throw error;
    const { failure, headers } = error.attempt;
    const { caller, candidates, context } = this.#options;
    const reason = leaveReason(failure, headers);
    if (FINAL.has(reason) || !caller.isReplayable()) throw error;
    const left: Left = { reason, failure, headers, isPrimary: this.#isPrimary };
    const next = candidates.next(left);
    if (next.done) throw error;
    context.decide('target-left', { target: this.#loop?.options.target.name ?? '', reason });
    if (context.attempts.length >= (this.#loop?.options.maxAttempts ?? 0)) throw error;
    try {
      return await this.#goOn(next);
    } catch (later) {
      // Where nobody else could be asked, what happened here is what is told.
      throw later instanceof LoopError ? later : error;
    }
  }

  /** The loop at a target; `undefined` where it cannot be asked now. */
  async #open({ target, hasSibling }: Candidate): Promise<AttemptLoop | undefined> {
    const { context, call, caller, dialect, loopOptions } = this.#options;
    const now = context.clock.now();
    if (!target.speaks(dialect)) {
      this.#skip(target.name, 'dialect', undefined);
      return undefined;
    }
    const admission = target.health.admit(now);
    if (!admission.admitted) {
      this.#skip(target.name, admission.reason, admission.retryAt - now);
      return undefined;
    }
    let opened: OpenedTarget;
    try {
      opened = await target.open(call, caller);
    } catch (error) {
      target.health.breaker.released(admission.ticket);
      context.logger.warn?.('a target could not be opened', {
        target: target.name,
        error: error instanceof Error ? error.name : 'unknown',
      });
      this.#skip(target.name, 'no_client', undefined);
      return undefined;
    }
    this.#isPrimary = opened.target === caller;
    if (opened.removed.length > 0) {
      context.decide('request-shaped', { target: target.name, removed: opened.removed.join(' ') });
    }
    context.decide('target-chosen', { target: target.name });
    const observer = target.health.observe({
      ticket: admission.ticket,
      hasSibling,
      callersKey: this.#isPrimary,
    });
    this.#observer = observer;
    return new AttemptLoop({
      ...loopOptions(opened),
      context,
      target: opened.target,
      request: opened.request,
      maxRetries: opened.maxRetries,
      shownErrors: caller.errors,
      observer,
    });
  }

  #skip(target: string, reason: string, waitMs: number | undefined): void {
    const retryAfterMs =
      waitMs !== undefined && Number.isFinite(waitMs) ? Math.ceil(waitMs) : undefined;
    this.#skipped.push({ target, reason, retryAfterMs });
    this.#options.context.decide('target-skipped', { target, reason });
  }

  #noTarget(): GatewayError {
    const why = this.#skipped.map(({ target, reason, retryAfterMs }) =>
      retryAfterMs === undefined
        ? `${target}: ${reason}`
        : `${target}: ${reason}, again in ${retryAfterMs} ms`,
    );
    const waits = this.#skipped.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    const error = new GatewayError(`no target can be asked (${why.join('; ')})`, {
      code: 'zerohop_no_target',
    });
    return Object.assign(error, {
      targets: this.#skipped,
      ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
    });
  }
}
