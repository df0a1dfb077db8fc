import { withAttempts } from '../../pipeline/attempts-of.js';
import type { Observation } from '../../pipeline/call-init.js';
import type { GatewayRequest } from '../../pipeline/contract.js';
import { isGatewayError } from '../../pipeline/errors.js';
import type { StreamEvent } from '../../pipeline/event-source.js';
import type { AttemptRecord, Failure, Outcome, ResponseFacts } from '../../pipeline/settlement.js';
import { describeFailure } from '../describe-failure.js';
import type { SettlingStream } from '../finish-response.js';
import { leaveReason } from '../leave-policy.js';
import type { Answer } from '../read-answer.js';
import { abortError, brokenStream, withPartial } from '../stream-errors.js';
import { type Resume, UpstreamStream } from '../upstream-stream.js';
import { mannerOf } from './continuation-request.js';
import { joinedFacts } from './joined-facts.js';
import type { NotContinued } from './may-continue.js';
import { type DecidedCall, nextRequest } from './next-request.js';
import { OverlapCutter } from './overlap.js';
import { createSplice, type Splice } from './splice.js';

/** An answer, and who finds another in its place. */
export interface Asked {
  readonly answer: Answer;
  readonly resume: Resume;
}

/** A call whose answer may be gone on with. */
export interface Continuing extends DecidedCall {
  /** Sends a request by the route, from its start. Throws where nobody answers. */
  readonly ask: (request: GatewayRequest) => Promise<Asked>;
}

interface Ending {
  readonly outcome: Outcome;
  readonly failure?: Failure | undefined;
}

/** A stream that broke. */
interface Break {
  readonly error: unknown;
  readonly failure: Failure | undefined;
  /** What had arrived, of all parts. */
  readonly facts: ResponseFacts;
  readonly bytesReceived: number;
  readonly lastContentAt: number | undefined;
}

const ABORTED: Failure = { kind: 'aborted', message: 'aborted' };

/**
 * The body of a streamed call that is gone on with where it breaks: one stream after another, each with a way of its
 * own over the route, that look like one to the caller.
 */
export class ContinuedStream implements SettlingStream, Observation {
  readonly #call: Continuing;
  readonly #splice: Splice | undefined;
  readonly #first: UpstreamStream;
  #part: UpstreamStream;
  /** How the part ended. */
  #ending: Ending | undefined;
  /** Where the part before this one broke. */
  #before: Break | undefined;
  /** Of this part; there once it has said something. */
  #cutter: OverlapCutter | undefined;
  /** What this part said is not handed over. */
  #isRejected = false;
  #continuations = 0;
  #isAsking = false;
  #isOver = false;
  #error: unknown;
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;

  constructor(first: UpstreamStream, call: Continuing) {
    this.#call = call;
    this.#splice = createSplice(call.dialect);
    this.#first = first;
    this.#part = first;
    this.#follow(first);
  }

  facts(): ResponseFacts {
    const before = this.#before;
    if (before === undefined) return this.#part.facts();
    if (this.#isRejected) return before.facts;
    return joinedFacts(before.facts, this.#part.facts(), this.#cutter?.swallowed ?? Infinity);
  }
  get attempt(): AttemptRecord | undefined {
    return this.#part.attempt;
  }
  get requestId(): string | undefined {
    return this.#part.requestId;
  }
  get status(): number {
    return this.#first.status;
  }
  get usageAsked(): boolean {
    return this.#first.usageAsked;
  }
  get firstByteAt(): number | undefined {
    return this.#first.firstByteAt;
  }
  get firstContentAt(): number | undefined {
    return this.#first.firstContentAt;
  }
  get lastContentAt(): number | undefined {
    return this.#part.lastContentAt ?? this.#before?.lastContentAt;
  }
  get bytesReceived(): number {
    return (this.#before?.bytesReceived ?? 0) + this.#part.bytesReceived;
  }

  async pull(): Promise<readonly StreamEvent[] | null> {
    if (this.#error !== undefined) throw this.#error;
    while (!this.#isOver) {
      const batch = await this.#pullPart();
      const events = batch && this.#join(batch);
      if (this.#cutter?.hasStartedOver) this.#reject();
      if (batch === null || this.#ending) this.#settle(this.#ending);
      if (events?.length) return events;
    }
    return null;
  }

  /** What the part has next: nothing yet where another one took its place, `null` at the end. */
  async #pullPart(): Promise<readonly StreamEvent[] | null> {
    try {
      return await this.#part.pull();
    } catch (error) {
      if (this.#isOver) return null;
      await this.#goOn(error);
      return this.#isOver ? null : [];
    }
  }

  /** Events as they are handed over, behind those of the parts before. */
  #join(batch: readonly StreamEvent[]): readonly StreamEvent[] {
    const splice = this.#splice;
    if (splice === undefined) return batch;
    if (this.#before === undefined) {
      for (const event of batch) splice.watch(event);
      return batch;
    }
    if (this.#cutter === undefined) {
      // What a part that has failed in silence leaves behind is not handed over.
      if (!this.#hasAnswered) return [];
      this.#begin(splice, this.#before);
    }
    const joined: StreamEvent[] = [];
    for (const event of batch) {
      for (const made of splice.rewrite(event)) {
        splice.watch(made);
        joined.push(made);
      }
    }
    return joined;
  }

  get #hasAnswered(): boolean {
    return this.#part.firstContentAt !== undefined || this.#part.facts().complete;
  }

  #begin(splice: Splice, { facts }: Break): void {
    // From its first events on, a part stays with the target that it is of.
    const { request, target } = this.#part.loop.options;
    this.#cutter = new OverlapCutter(facts.text, mannerOf(request, target));
    splice.begin(this.#cutter);
    this.#call.context.decide('continued', { target: target.name });
  }

  /** Puts another part in the place of one that broke. Throws the error the caller is to see. */
  async #goOn(error: unknown): Promise<void> {
    const { failure } = this.#ending ?? {};
    this.#ending = undefined;
    const { bytesReceived, lastContentAt } = this;
    const broken: Break = { error, failure, facts: this.facts(), bytesReceived, lastContentAt };
    this.#isAsking = true;
    const next = await this.#next(broken);
    this.#isAsking = false;
    if (this.#isOver) {
      // The caller has gone meanwhile.
      if (typeof next !== 'string') next.cancel();
      return;
    }
    if (typeof next === 'string') {
      // Of a part that never said anything it is the break before it that is told.
      const isSilent = this.#part.firstContentAt === undefined;
      this.#fail(next, (isSilent && this.#before) || broken);
    }
    this.#before = broken;
    this.#continuations += 1;
    this.#cutter = undefined;
    this.#part = next;
    this.#follow(next);
  }

  /** The part that goes on, or why there is none. */
  async #next(broken: Break): Promise<UpstreamStream | NotContinued> {
    const { logger } = this.#call.context;
    try {
      const request = await this.#request(broken);
      if (typeof request === 'string') return request;
      const { answer, resume } = await this.#call.ask(request);
      if (answer.kind !== 'events') return 'failed';
      return answer.opened ?? new UpstreamStream(answer, resume);
    } catch (error) {
      // Attempts say for themselves why they failed.
      if (isGatewayError(error)) {
        logger.warn?.('an answer could not be gone on with', { error: error.message });
      }
      return 'failed';
    }
  }

  #request({ failure, facts }: Break): Promise<GatewayRequest | NotContinued> {
    // Nobody who was to go on has said anything.
    if (failure === undefined || this.#part.firstContentAt === undefined) {
      return Promise.resolve('failed');
    }
    const { name: target } = this.#part.loop.options.target;
    const said = this.#splice?.obstacle;
    const continuations = this.#continuations;
    return nextRequest({ failure, partial: facts, said, target, continuations }, this.#call);
  }

  /** Ends the call with what broke it, or with what ended it since. Throws. */
  #fail(reason: NotContinued, broken: Break): never {
    const { context } = this.#call;
    const ended = this.#endedSince(broken);
    const { error, failure } = ended ?? broken;
    const isAborted = failure?.kind === 'aborted';
    // A stream that never said anything was not interrupted.
    if (this.#first.firstContentAt !== undefined) {
      context.decide('not-continued', { reason: ended ? leaveReason(ended.failure) : reason });
    }
    if (!isAborted && error instanceof Error) {
      withAttempts(withPartial(error, broken.facts), context.attempts);
    }
    this.#error = error;
    this.#settle({ outcome: isAborted ? 'aborted' : 'error', failure });
    throw error;
  }

  /** What has ended the call while it was to be gone on with: its caller, its deadline. */
  #endedSince({ failure, facts }: Break): { error: Error; failure: Failure } | undefined {
    const { signal } = this.#call.context;
    if (!signal.aborted || failure?.kind === 'aborted' || failure?.kind === 'deadline') {
      return undefined;
    }
    if (!isGatewayError(signal.reason)) {
      return { error: abortError(signal.reason), failure: ABORTED };
    }
    const { shownErrors } = this.#part.loop;
    const described = describeFailure(signal.reason, shownErrors);
    return { error: brokenStream(described, facts, shownErrors), failure: described.failure };
  }

  /** What goes on began the answer anew, and says something else. Throws. */
  #reject(): void {
    const before = this.#before;
    if (before === undefined) return;
    this.#isRejected = true;
    this.#part.cancel();
    this.#part.loop.note(this.#part.facts());
    this.#fail('started_over', before);
  }

  #follow(part: UpstreamStream): void {
    const onSettle: UpstreamStream['onSettle'] = (outcome, failure) => {
      if (part === this.#part) this.#ending ??= { outcome, failure };
    };
    part.onSettle = onSettle;
  }

  #settle({ outcome, failure }: Ending = { outcome: 'success' }): void {
    this.#isOver = true;
    // First what the attempt itself reported: the facts are of all of them.
    if (this.#before) this.#part.loop.note(this.#part.facts());
    const { onSettle } = this;
    this.onSettle = undefined;
    onSettle?.(outcome, failure);
  }

  cancel(reason?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isAsking) this.#call.context.controller.abort(reason ?? abortError(undefined));
    else this.#part.cancel(reason);
    this.#settle(this.#ending ?? { outcome: 'aborted', failure: ABORTED });
  }
}
