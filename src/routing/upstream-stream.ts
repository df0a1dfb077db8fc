import type { DialectReader } from '../dialects/dialect.js';
import { hasError } from '../dialects/failures.js';
import { isObject } from '../dialects/json.js';
import { SseDecoder } from '../dialects/sse-decoder.js';
import type { SseFrame } from '../dialects/sse-frame.js';
import { withAttempts } from '../pipeline/attempts-of.js';
import type { ByteSource } from '../pipeline/byte-source.js';
import type { Observation } from '../pipeline/call-init.js';
import { GatewayError } from '../pipeline/errors.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import type { AttemptRecord, Failure, Outcome } from '../pipeline/settlement.js';
import type { AttemptLoop } from './attempt-loop.js';
import { drainSource, LINGER_MS, LINGERED } from './drain-source.js';
import { HeldEvents } from './held-events.js';
import { LoopError } from './loop-errors.js';
import type { Answer, EventsAnswer } from './read-answer.js';
import { abortError, asLimit, brokenStream, truncatedStream } from './stream-errors.js';
import { hideUsage } from './stream-usage.js';
import { StreamWatch } from './stream-watch.js';
import { failureOf, upstreamError } from './upstream-error.js';
import { decodeReady, parseData, UpstreamEvent } from './upstream-event.js';

/** Finds another answer in the place of one that failed. Throws the error the caller is to see. */
export type Resume = (thrown: unknown) => Promise<Answer>;

/**
 * The body of a streamed call. Reads the upstream's bytes once, in line: until its first content event
 * has been handed over, a source that fails is replaced by another attempt, unseen; after it, whatever
 * goes wrong is a typed error with what had arrived.
 */
export class UpstreamStream implements EventSource, Observation {
  #loop: AttemptLoop;
  readonly #resume: Resume;
  readonly #watch: StreamWatch;
  #source: ByteSource;
  #decoder: SseDecoder;
  #reader: DialectReader;
  #exchange: Exchange;
  #response: GatewayResponse;
  readonly #held = new HeldEvents();
  #state: 'open' | 'ending' | 'ended' = 'open';
  /** Thrown once the events before it have been handed over. */
  #pendingError: Error | undefined;
  #sourceEnded = false;
  #lingers = false;
  /** The last events of a stream that is over, until they are handed over; empty where there were none. */
  #last: StreamEvent[] | undefined;
  /** Told once how the stream ended. */
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;
  firstContentAt: number | undefined;
  lastContentAt: number | undefined;
  contentEvents = 0;

  constructor(answer: EventsAnswer, resume: Resume) {
    const { loop } = answer;
    this.#loop = loop;
    this.#resume = resume;
    this.#source = answer.source;
    this.#reader = answer.reader;
    this.#exchange = answer.exchange;
    this.#response = answer.response;
    this.#decoder = this.#newDecoder();
    // A response in the background goes on without us: its id is wanted at once, and it must not be made twice.
    const { body } = loop.options.request;
    if (isObject(body) && body.background === true) this.#held.open();
    this.#watch = new StreamWatch(loop, (reason) => this.#source.cancel(reason));
  }

  #newDecoder(): SseDecoder {
    return new SseDecoder({ maxEventBytes: this.#loop.options.maxEventBytes });
  }

  facts(): ReturnType<Observation['facts']> {
    return this.#reader.facts();
  }
  get status(): number {
    return this.#response.status;
  }
  get usageAsked(): boolean {
    return this.#loop.usageAsked;
  }
  get requestId(): string | undefined {
    return this.attempt?.requestId;
  }
  get attempt(): AttemptRecord | undefined {
    return this.#loop.attempt;
  }
  get firstByteAt(): number | undefined {
    return this.#exchange.firstByteAt;
  }
  get bytesReceived(): number {
    return this.#exchange.bytesReceived;
  }

  async pull(): Promise<readonly StreamEvent[] | null> {
    if (this.#pendingError) throw this.#end(this.#pendingError);
    if (this.#isEnded()) return this.#handOverLast();
    this.#watch.waitBegins();
    for (;;) {
      const events: StreamEvent[] = [];
      try {
        const more = await this.#read(events);
        if (!more) this.#finish();
      } catch (thrown) {
        if (await this.#recover(thrown, events)) continue;
      }
      const ready = this.#release(events);
      if (this.#isEnded()) return this.#keepLast(ready);
      if (ready.length > 0) return ready;
      if (this.#pendingError) throw this.#end(this.#pendingError);
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
    return this.#state === 'ended';
  }

  /** Reads once; false at the end. Throws what broke the stream, with the events before it in `events`. */
  async #read(events: StreamEvent[]): Promise<boolean> {
    const source = this.#source;
    const chunk = await source.pull();
    const frames: SseFrame[] = [];
    if (chunk !== null) decodeReady(chunk, source, (piece) => this.#decoder.push(piece, frames));
    this.#sourceEnded = chunk === null || source.isOver === true;
    if (this.#sourceEnded) this.#decoder.flush(frames);
    for (const frame of frames) {
      if (this.#take(frame, events)) return false;
    }
    if (!this.#sourceEnded) {
      if (this.#state === 'ending') this.#linger();
      return true;
    }
    if (this.#state === 'ending' || this.#reader.complete) return false;
    throw this.#truncated();
  }

  /** Takes one frame; true when nothing after it matters. */
  #take(frame: SseFrame, events: StreamEvent[]): boolean {
    const { data } = frame;
    if (data === null || data === '') {
      events.push(new UpstreamEvent(frame, undefined));
      return false;
    }
    if (data.startsWith('[DONE]')) {
      this.#reader.readDone();
      events.push(new UpstreamEvent(frame, undefined));
      return this.#isComplete();
    }
    const json = parseData(frame, data, () => this.#truncated());
    const isLate = this.#state === 'ending';
    // What failed after the answer was complete is not the caller's.
    if (isLate && isObject(json) && hasError(json)) return false;
    const weight = isLate ? 'silent' : this.#reader.readEvent(frame.event, json);
    if (weight === 'error') {
      throw upstreamError(this.#loop.shownErrors, this.#reader, this.#response);
    }
    const event = new UpstreamEvent(frame, json);
    const shown = this.#loop.hidesUsage ? hideUsage(event) : event;
    if (shown) events.push(shown);
    if (weight === 'content') this.#sawContent();
    else if (weight === 'terminal') this.#saidAll();
    else if (this.firstContentAt === undefined) this.#watch.sawEvent();
    return false;
  }

  /** `[DONE]` ends a stream; one that comes before anything was said ends it too soon. */
  #isComplete(): boolean {
    if (this.#reader.complete) return true;
    throw this.#truncated();
  }

  #truncated(): Error {
    return truncatedStream(this.#loop.shownErrors, this.#reader.facts());
  }

  #sawContent(): void {
    const now = this.#loop.options.context.clock.now();
    this.firstContentAt ??= now;
    this.lastContentAt = now;
    this.contentEvents += 1;
    this.#watch.sawContent(now);
  }

  /** Everything has been said: what else comes is passed on, but not waited for. */
  #saidAll(): void {
    this.#state = 'ending';
    this.#watch.stop();
  }

  #linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    this.#loop.options.context.clock.timer(LINGER_MS, () => {
      if (this.#state === 'ending') this.#source.cancel(LINGERED);
    });
  }

  /** Holds events back until there is content, or nothing more to wait for. */
  #release(events: StreamEvent[]): StreamEvent[] {
    const { firstContentAt } = this;
    const over = firstContentAt !== undefined || this.#state !== 'open' || this.#pendingError;
    return this.#held.pass(events, Boolean(over));
  }

  /** What to do about a failure: true when another source has taken the place of this one. */
  async #recover(thrown: unknown, events: StreamEvent[]): Promise<boolean> {
    if (this.#state !== 'open') {
      this.#finish();
      return false;
    }
    this.#source.cancel(thrown);
    this.#watch.stop();
    this.#loop.note(this.#reader.facts());
    const { shownErrors } = this.#loop;
    const committed = this.#held.isOpen || this.firstContentAt !== undefined;
    if (committed) {
      const attempt = this.#loop.fail(asLimit(thrown));
      this.#pendingError = brokenStream(attempt, this.#reader.facts(), shownErrors);
      return false;
    }
    const lost = [...this.#held.restart(), ...events.splice(0)];
    try {
      this.#adopt(await this.#resume(asLimit(thrown)));
      return true;
    } catch (error) {
      this.#held.open();
      // Nothing takes its place: what it had said before it failed is the caller's after all.
      events.push(...lost);
      this.#pendingError =
        error instanceof LoopError
          ? brokenStream(error.attempt, this.#reader.facts(), shownErrors)
          : new Error('the stream could not be resumed', { cause: error });
      return false;
    }
  }

  #adopt(answer: Answer): void {
    if (answer.kind !== 'events') {
      throw new GatewayError('a repeated attempt answered without a stream', {
        code: 'zerohop_malformed',
      });
    }
    this.#loop = answer.loop;
    this.#source = answer.source;
    this.#reader = answer.reader;
    this.#exchange = answer.exchange;
    this.#response = answer.response;
    this.#decoder = this.#newDecoder();
    this.#watch.restart(answer.loop);
  }

  #finish(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#watch.stop();
    this.#loop.succeed(this);
    if (!this.#sourceEnded) void drainSource(this.#source, this.#loop.options.context.clock);
  }

  #settle(outcome: Outcome, failure?: Failure): void {
    this.#loop.end(outcome, failure, this);
    this.onSettle?.(outcome, failure);
  }

  #end(error: Error): Error {
    if (this.#state === 'ended') return error;
    this.#state = 'ended';
    this.#watch.stop();
    const failure = failureOf(error);
    const { context } = this.#loop.options;
    withAttempts(error, context.attempts);
    this.#settle(failure?.kind === 'aborted' ? 'aborted' : 'error', failure);
    return failure?.kind === 'aborted' ? abortError(context.signal.reason) : error;
  }

  cancel(reason?: unknown): void {
    if (this.#state === 'ended' && this.#last === undefined) return;
    this.#state = 'ended';
    this.#last = undefined;
    this.#watch.stop();
    const { failure } = this.#loop.fail(reason ?? abortError(undefined));
    this.#source.cancel(reason);
    this.#settle('aborted', failure);
  }
}
