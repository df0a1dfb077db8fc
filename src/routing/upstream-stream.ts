import type { Weight } from '../dialects/dialect.js';
import { isObject } from '../dialects/json.js';
import { withAttempts } from '../pipeline/attempts-of.js';
import type { Observation } from '../pipeline/call-init.js';
import { GatewayError } from '../pipeline/errors.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type {
  AttemptRecord,
  Failure,
  Outcome,
  ResponseFacts,
  Usage,
} from '../pipeline/settlement.js';
import { AnswerEvents } from './answer-events.js';
import type { AttemptLoop } from './attempt-loop.js';
import { HeldEvents } from './held-events.js';
import { LoopError } from './loop-errors.js';
import type { Answer, EventsAnswer } from './read-answer.js';
import { abortError, asLimit, brokenStream } from './stream-errors.js';
import { StreamWatch } from './stream-watch.js';
import { failureOf } from './upstream-error.js';

/** Finds another answer in the place of one that failed. Throws the error the caller is to see. */
export type Resume = (thrown: unknown) => Promise<Answer>;

/**
 * The body of a streamed call. Reads the upstream's bytes once, in line: until its first content event
 * has been handed over, a source that fails is replaced by another attempt, unseen; after it, whatever
 * goes wrong is a typed error with what had arrived.
 */
export class UpstreamStream implements EventSource, Observation {
  readonly #resume: Resume;
  readonly #watch: StreamWatch;
  #answer: AnswerEvents;
  readonly #held = new HeldEvents();
  #isOver = false;
  /** Another source is being looked for. */
  #isResuming = false;
  /** Nobody but us waits for what is read: what fails before there is content is thrown as it is. */
  #isPriming = false;
  /** Read before it was asked for. */
  #primed: StreamEvent[] | undefined;
  /** Thrown once the events before it have been handed over. */
  #pendingError: Error | undefined;
  /** The last events of a stream that is over, until they are handed over; empty where there were none. */
  #last: StreamEvent[] | undefined;
  /** Told once how the stream ended. */
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;
  firstContentAt: number | undefined;
  lastContentAt: number | undefined;
  contentEvents = 0;

  constructor(answer: EventsAnswer, resume: Resume) {
    const { loop } = answer;
    this.#resume = resume;
    this.#answer = this.#read(answer);
    // A response in the background goes on without us: its id is wanted at once, and it must not be made twice.
    const { body } = loop.options.request;
    if (isObject(body) && body.background === true) this.#held.open();
    this.#watch = new StreamWatch(loop, (reason) => this.#answer.cancel(reason));
  }

  #read(answer: EventsAnswer): AnswerEvents {
    return new AnswerEvents(answer, (weight) => this.#saw(weight));
  }

  /** Whose attempt is being read. */
  get loop(): AttemptLoop {
    return this.#answer.loop;
  }
  facts(): ResponseFacts {
    return this.#answer.facts();
  }
  usage(): Usage | undefined {
    return this.#answer.usage();
  }
  get status(): number {
    return this.#answer.status;
  }
  get usageAsked(): boolean {
    return this.loop.usageAsked;
  }
  get requestId(): string | undefined {
    return this.attempt?.requestId;
  }
  get attempt(): AttemptRecord | undefined {
    return this.loop.attempt;
  }
  get firstByteAt(): number | undefined {
    return this.#answer.firstByteAt;
  }
  get bytesReceived(): number {
    return this.#answer.bytesReceived;
  }

  /**
   * Reads up to the first content, before anybody asks for it. Throws where there is none, and nothing may
   * take its place.
   */
  async prime(): Promise<void> {
    this.#isPriming = true;
    this.#primed = await this.#advance();
    this.#isPriming = false;
  }

  async pull(): Promise<readonly StreamEvent[] | null> {
    if (this.#primed === undefined) {
      if (this.#pendingError) throw this.#end(this.#pendingError);
      if (this.#isOver) return this.#handOverLast();
    }
    const ready = this.#primed ?? (await this.#advance());
    this.#primed = undefined;
    if (this.#isEnded()) return this.#keepLast(ready);
    if (ready.length === 0 && this.#pendingError) throw this.#end(this.#pendingError);
    return ready;
  }

  /** Reads until there is something to hand over, or the stream is over. */
  async #advance(): Promise<StreamEvent[]> {
    this.#watch.waitBegins();
    for (;;) {
      const events: StreamEvent[] = [];
      try {
        const more = await this.#answer.read(events);
        if (!more) this.#finish();
      } catch (thrown) {
        if (await this.#recover(thrown, events)) continue;
      }
      const ready = this.#release(events);
      if (this.#isEnded() || ready.length > 0 || this.#pendingError) return ready;
    }
  }

  /** Hands over all but the last event: a caller who leaves before that one has not had the answer. */
  #keepLast(ready: StreamEvent[]): readonly StreamEvent[] | null {
    this.#last = ready.splice(Math.max(1, ready.length - 1));
    return ready.length > 0 && this.#last.length > 0 ? ready : this.#handOverLast(ready);
  }

  #handOverLast(ready = this.#last): readonly StreamEvent[] | null {
    if (this.#last) this.#settle('success');
    this.#last = undefined;
    return ready?.length ? ready : null;
  }

  #isEnded(): boolean {
    return this.#isOver;
  }

  #saw(weight: Weight): void {
    if (weight === 'content') this.#sawContent();
    // What comes after the end is not waited for.
    else if (this.#answer.hasSaidAll) this.#watch.stop();
    else if (this.firstContentAt === undefined) this.#watch.sawEvent();
  }

  #sawContent(): void {
    const now = this.loop.options.context.clock.now();
    this.firstContentAt ??= now;
    this.lastContentAt = now;
    this.contentEvents += 1;
    this.#watch.sawContent(now);
  }

  /** Holds events back until there is content, or nothing more to wait for. */
  #release(events: StreamEvent[]): StreamEvent[] {
    const { firstContentAt } = this;
    const isOpen = !this.#isOver && !this.#answer.hasSaidAll;
    const over = firstContentAt !== undefined || !isOpen || this.#pendingError;
    return this.#held.pass(events, Boolean(over));
  }

  /** What to do about a failure: true when another source has taken the place of this one. */
  async #recover(thrown: unknown, events: StreamEvent[]): Promise<boolean> {
    if (this.#isOver || this.#answer.hasSaidAll) {
      this.#finish();
      return false;
    }
    this.#answer.cancel(thrown);
    this.#watch.stop();
    this.loop.note(this.facts());
    const { shownErrors } = this.loop;
    const committed = this.#held.isOpen || this.firstContentAt !== undefined;
    if (committed) {
      const attempt = this.loop.fail(asLimit(thrown));
      this.#pendingError = brokenStream(attempt, this.facts(), shownErrors);
      return false;
    }
    const lost = [...this.#held.restart(), ...events.splice(0)];
    try {
      this.#isResuming = true;
      this.#adopt(await this.#resume(asLimit(thrown)));
      return true;
    } catch (error) {
      if (this.#isPriming) throw error;
      this.#held.open();
      // Nothing takes its place: what it had said before it failed is the caller's after all.
      events.push(...lost);
      this.#pendingError =
        error instanceof LoopError
          ? brokenStream(error.attempt, this.facts(), shownErrors)
          : new Error('the stream could not be resumed', { cause: error });
      return false;
    } finally {
      this.#isResuming = false;
    }
  }

  #adopt(answer: Answer): void {
    if (answer.kind !== 'events') {
      throw new GatewayError('a repeated attempt answered without a stream', {
        code: 'zerohop_malformed',
      });
    }
    this.#answer = this.#read(answer);
    // Whoever was to have it has gone meanwhile.
    if (this.#isOver) this.#answer.cancel(abortError(undefined));
    else this.#watch.restart(answer.loop);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.stop();
    this.loop.succeed(this);
    this.#answer.finish();
  }

  #settle(outcome: Outcome, failure?: Failure): void {
    this.loop.end(outcome, failure, this);
    this.onSettle?.(outcome, failure);
  }

  #end(error: Error): Error {
    if (this.#isOver) return error;
    this.#isOver = true;
    this.#watch.stop();
    const failure = failureOf(error);
    const { context } = this.loop.options;
    withAttempts(error, context.attempts);
    this.#settle(failure?.kind === 'aborted' ? 'aborted' : 'error', failure);
    return failure?.kind === 'aborted' ? abortError(context.signal.reason) : error;
  }

  cancel(reason?: unknown): void {
    if (this.#isOver && this.#last === undefined && this.#primed === undefined) return;
    this.#isOver = true;
    this.#last = undefined;
    this.#primed = undefined;
    this.#watch.stop();
    if (this.#isResuming) {
      // Nothing of what is being asked is here yet: only the call's own signal reaches it.
      this.loop.options.context.controller.abort(reason ?? abortError(undefined));
      this.#settle('aborted', { kind: 'aborted', message: 'aborted' });
      return;
    }
    const { failure } = this.loop.fail(reason ?? abortError(undefined));
    this.#answer.cancel(reason);
    this.#settle('aborted', failure);
  }
}
