import type { Weight } from '../dialects/dialect.js';
import { hasError } from '../dialects/failures.js';
import { isObject } from '../dialects/json.js';
import { SseDecoder } from '../dialects/sse-decoder.js';
import type { SseFrame } from '../dialects/sse-frame.js';
import type { AnswerTranslator } from '../dialects/translation/answer-translator.js';
import type { StreamEvent } from '../pipeline/event-source.js';
import type { ResponseFacts, Usage } from '../pipeline/settlement.js';
import { noteLost, TranslatedEvent } from './answer-reading.js';
import type { AttemptLoop } from './attempt-loop.js';
import { drainSource, LINGER_MS, LINGERED } from './drain-source.js';
import type { EventsAnswer } from './read-answer.js';
import { truncatedStream } from './stream-errors.js';
import { hideUsage } from './stream-usage.js';
import { upstreamError } from './upstream-error.js';
import { decodeReady, parseData, UpstreamEvent } from './upstream-event.js';

/** The events of one answer, read from its bytes as they come. */
export class AnswerEvents {
  readonly #answer: EventsAnswer;
  readonly #onWeight: (weight: Weight) => void;
  readonly #decoder: SseDecoder;
  #isSourceOver = false;
  #lingers = false;
  #isClosed = false;
  /** What could not be told of it is in the trail. */
  #isNoted = false;
  /** Everything has been said: what else comes is passed on, but not waited for. */
  hasSaidAll = false;

  /** @param onWeight is told of each event before the last what it is */
  constructor(answer: EventsAnswer, onWeight: (weight: Weight) => void) {
    this.#answer = answer;
    this.#onWeight = onWeight;
    this.#decoder = new SseDecoder({ maxEventBytes: answer.loop.options.maxEventBytes });
  }

  get loop(): AttemptLoop {
    return this.#answer.loop;
  }
  get status(): number {
    return this.#answer.response.status;
  }
  get firstByteAt(): number | undefined {
    return this.#answer.exchange.firstByteAt;
  }
  get bytesReceived(): number {
    return this.#answer.exchange.bytesReceived;
  }

  facts(): ResponseFacts {
    return this.#answer.reading.reader.facts();
  }
  usage(): Usage | undefined {
    return this.#answer.reading.reader.usage();
  }

  /** Reads once; false at the end. Throws what broke the stream, with the events before it in `events`. */
  async read(events: StreamEvent[]): Promise<boolean> {
    const { source, reading } = this.#answer;
    const chunk = await source.pull();
    const frames: SseFrame[] = [];
    if (chunk !== null) decodeReady(chunk, source, (piece) => this.#decoder.push(piece, frames));
    this.#isSourceOver = chunk === null || source.isOver === true;
    if (this.#isSourceOver) this.#decoder.flush(frames);
    for (const frame of frames) {
      if (this.#take(frame, events)) return false;
    }
    if (!this.#isSourceOver) {
      if (this.hasSaidAll) this.#linger();
      return true;
    }
    if (this.hasSaidAll || reading.reader.complete) {
      this.#end(events);
      return false;
    }
    throw this.#truncated();
  }

  /** Takes one frame; true when nothing after it matters. */
  #take(frame: SseFrame, events: StreamEvent[]): boolean {
    const { reading, response, loop } = this.#answer;
    const { reader, translator } = reading;
    const { data } = frame;
    if (data === null || data === '') {
      if (translator === undefined) events.push(new UpstreamEvent(frame, undefined));
      return false;
    }
    if (data.startsWith('[DONE]')) {
      reader.readDone();
      const isComplete = this.#isComplete();
      if (translator === undefined) events.push(new UpstreamEvent(frame, undefined));
      else this.#end(events);
      return isComplete;
    }
    const json = parseData(frame, data, () => this.#truncated());
    // What failed after the answer was complete is not the caller's.
    if (this.hasSaidAll && isObject(json) && hasError(json)) return false;
    const weight = this.hasSaidAll ? 'silent' : reader.readEvent(frame.event, json);
    if (weight === 'error') throw upstreamError(loop.shownErrors, reading, response);
    if (translator) take(translator, events);
    else this.#show(new UpstreamEvent(frame, json), events);
    if (weight === 'terminal') this.hasSaidAll = true;
    this.#onWeight(weight);
    return false;
  }

  #show(event: StreamEvent, events: StreamEvent[]): void {
    const shown = this.loop.hidesUsage ? hideUsage(event) : event;
    if (shown) events.push(shown);
  }

  /** It is complete: what its end stands for in another dialect is written. */
  #end(events: StreamEvent[]): void {
    const { translator } = this.#answer.reading;
    if (translator === undefined) return;
    translator.end();
    take(translator, events);
    if (!this.#isNoted) noteLost(this.loop.options, translator);
    this.#isNoted = true;
  }

  /** `[DONE]` ends a stream; one that comes before anything was said ends it too soon. */
  #isComplete(): boolean {
    if (this.#answer.reading.reader.complete) return true;
    throw this.#truncated();
  }

  #truncated(): Error {
    return truncatedStream(this.loop.shownErrors, this.facts());
  }

  #linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    this.loop.options.context.clock.timer(LINGER_MS, () => {
      if (!this.#isClosed) this.cancel(LINGERED);
    });
  }

  /** Lets the upstream end its body, where it has not yet. */
  finish(): void {
    this.#isClosed = true;
    if (!this.#isSourceOver) {
      void drainSource(this.#answer.source, this.loop.options.context.clock);
    }
  }

  cancel(reason: unknown): void {
    this.#answer.source.cancel(reason);
  }
}

function take(translator: AnswerTranslator, events: StreamEvent[]): void {
  for (const { name, payload } of translator.take()) {
    events.push(new TranslatedEvent(name, payload));
  }
}
