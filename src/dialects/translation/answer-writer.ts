import type { Usage } from '../../pipeline/settlement.js';
import type {
  CanonicalEvent,
  CanonicalSink,
  CitationsEvent,
  FinishEvent,
  LogprobsEvent,
  Place,
  ReasoningSealEvent,
  StartEvent,
  TextEvent,
  ToolCallEvent,
} from '../canonical-events.js';
import type { DialectName, StreamedEvent } from '../dialect.js';
import { type JsonObject, stringify } from '../json.js';
import { anthropicUsage, overlayUsage } from '../usage.js';

/** What an answer repeats of its request, and what it is made with. */
export interface AnswerContext {
  /** Whose answer it is: the target's dialect. */
  readonly from: DialectName;
  /** The request as the caller wrote it, in the caller's own dialect. */
  readonly request: JsonObject;
  /** Whether usage is to be in a stream of chat or completions. */
  readonly includeUsage: boolean;
  /** Seconds since the epoch, for answers that do not say when they were made. */
  readonly now: () => number;
}

/** A piece of a call's arguments, or all of them. */
export interface ArgumentsPiece extends Place {
  readonly call: number;
  readonly words: string;
  readonly isWhole: boolean;
}

/**
 * Writes an answer of any dialect as the stream it would have been in another, event by event: nothing waits for
 * what comes later. A whole body is read as its events and put together of what is written
 * (`DialectWriter.body`). Made for one answer. It has one choice: what belongs to another is lost.
 */
export abstract class AnswerWriter implements CanonicalSink {
  protected readonly context: AnswerContext;
  /** What the dialect could not say, by names of the loss table. */
  readonly lost = new Set<string>();
  /** What was reported so far. */
  protected usage: Usage | undefined;
  /** How it finished; the first word counts. */
  protected finish: FinishEvent | undefined;
  #written: StreamedEvent[] = [];
  #isOver = false;

  constructor(context: AnswerContext) {
    this.context = context;
  }

  /** Takes in one event. `frame` events, and words, ids and figures that are said again, say nothing new. */
  onEvent(event: CanonicalEvent): void {
    if ('choice' in event && event.choice !== 0) {
      this.lost.add('n');
      return;
    }
    switch (event.type) {
      case 'text':
      case 'refusal':
        if (event.text !== '') this.say(event);
        break;
      case 'reasoning':
      case 'reasoning-summary':
        if (event.text !== '') this.think(event);
        break;
      case 'tool-arguments':
        this.#arguments(event, event.text, false);
        break;
      case 'tool-input':
        this.#arguments(event, stringify(event.input), true);
        break;
      case 'tool-call':
        this.call(event);
        break;
      default:
        this.#rest(event);
    }
  }

  #rest(event: CanonicalEvent): void {
    switch (event.type) {
      case 'start':
        this.start(event);
        break;
      case 'reasoning-seal':
        this.seal(event);
        break;
      case 'citations':
        this.cite(event);
        break;
      case 'logprobs':
        this.weigh(event);
        break;
      case 'finish':
        this.finish ??= event;
        break;
      case 'usage':
        this.usage = this.#overlaid(event.usage);
        break;
      case 'audio':
        this.lost.add('audio');
        break;
      case 'block':
        this.lost.add('blocks');
        break;
      case 'end':
        if (!this.#isOver) this.end();
        this.#isOver = true;
        break;
      default:
        break;
    }
  }

  #arguments(
    { choice, block, part, call }: Place & { call: number },
    words: string,
    isWhole: boolean,
  ): void {
    if (words !== '') this.addArguments({ choice, block, part, call, words, isWhole });
  }

  /** Anthropic's later figures replace its earlier ones, and leave out what stays. */
  #overlaid(later: Usage): Usage {
    if (this.usage === undefined || this.context.from !== 'anthropic-messages') return later;
    return anthropicUsage(overlayUsage(this.usage.reported, later.reported)) ?? later;
  }

  /** What the answer as a whole is; may come again with more. */
  protected abstract start(event: StartEvent): void;
  /** Text, or a refusal: never empty. */
  protected abstract say(event: TextEvent): void;
  /** Reasoning, or a summary of it: never empty. */
  protected think(_event: TextEvent): void {}
  protected seal(_event: ReasoningSealEvent): void {}
  /** A call begins; some servers say its id and its name with every piece, or one after the other. */
  protected call(_event: ToolCallEvent): void {}
  /** Never empty. */
  protected addArguments(_piece: ArgumentsPiece): void {}
  protected cite(_event: CitationsEvent): void {
    this.lost.add('citations');
  }
  protected weigh(_event: LogprobsEvent): void {
    this.lost.add('logprobs');
  }
  /** The answer is complete. */
  protected abstract end(): void;

  /** What was written since this was last asked. */
  take(): readonly StreamedEvent[] {
    const written = this.#written;
    if (written.length > 0) this.#written = [];
    return written;
  }

  protected write(name: string | null, payload: unknown): void {
    this.#written.push({ name, payload });
  }

  protected writeEvent(event: StreamedEvent): void {
    this.#written.push(event);
  }
}
