import type { Failure, ResponseFacts, Usage } from '../pipeline/settlement.js';
import type { CanonicalSink } from './canonical-events.js';
import type { DialectName, DialectReader, Weight } from './dialect.js';
import { hasError, upstreamFailure } from './failures.js';
import { isObject, type JsonObject } from './json.js';
import { Recorder, slot } from './recorder.js';
import { ResponseFold } from './response-fold.js';

/** What a reader of one dialect is made of. */
export interface ReaderParts {
  readonly dialect: DialectName;
  readonly normaliseUsage: (usage: JsonObject) => Usage | undefined;
  readonly sink?: CanonicalSink | undefined;
}

/**
 * What all readers share: the fold that is always on, the recorder that is there only for a sink, and
 * the end, after which nothing counts.
 */
export abstract class FoldingReader implements DialectReader {
  protected readonly fold: ResponseFold;
  /** Call it as `this.recorder?.add({…})`: without a sink its arguments are never built. */
  protected readonly recorder: Recorder | undefined;
  protected ended = false;
  #failure: Failure | undefined = undefined;
  #errorBody: unknown = undefined;

  constructor({ dialect, normaliseUsage, sink }: ReaderParts) {
    this.fold = new ResponseFold(normaliseUsage);
    this.recorder = sink === undefined ? undefined : new Recorder(dialect, sink);
  }

  get complete(): boolean {
    return this.#failure === undefined && (this.ended || this.finished());
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  get errorBody(): unknown {
    return this.#errorBody;
  }

  readEvent(name: string | null, data: unknown): Weight {
    if (this.ended) return this.#after();
    const weight = this.event(name, data);
    this.recorder?.endFrame({ form: 'event', name }, data);
    return weight;
  }

  readDone(): Weight {
    if (this.ended) return this.#after();
    const weight = this.done();
    this.recorder?.endFrame({ form: 'done', name: null }, undefined);
    return weight;
  }

  readBody(body: unknown): Weight {
    const weight = this.body(body);
    if (weight === 'terminal') this.end();
    this.recorder?.endFrame({ form: 'body', name: null }, body);
    return weight;
  }

  facts(): ResponseFacts {
    return this.fold.facts(this.complete);
  }

  usage(): Usage | undefined {
    return this.fold.counted();
  }

  /** Reads one event into the fold. */
  protected abstract event(name: string | null, data: unknown): Weight;

  /** Reads a whole body into the fold. */
  protected abstract body(body: unknown): Weight;

  /** Reads `[DONE]`, which says nothing where it is not the terminal marker of the dialect. */
  protected done(): Weight {
    return 'silent';
  }

  /** Whether the answer is whole although its terminal marker has not come. */
  protected abstract finished(): boolean;

  /** Notes the terminal marker. */
  protected end(): Weight {
    this.ended = true;
    this.recorder?.add({ type: 'end' });
    return this.#after();
  }

  /** Notes an error of the provider's that stands in `body`. */
  protected upstreamError(body: unknown, failure: Failure = upstreamFailure(body)): Weight {
    const own = isObject(body) && hasError(body);
    this.recorder?.add({
      type: 'error',
      failure,
      body: own ? body.error : body,
      slots: own ? slot('body', ['error']) : undefined,
    });
    return this.#fail(failure, body);
  }

  /** Notes a body or an event that is not what it should be. */
  protected unreadable(kind: 'malformed' | 'empty', message: string): Weight {
    const failure: Failure = { kind, message };
    this.recorder?.add({ type: 'error', failure, body: undefined });
    return this.#fail(failure, undefined);
  }

  /** The first failure counts. */
  #fail(failure: Failure, body: unknown): Weight {
    if (this.#failure === undefined) {
      this.#failure = failure;
      this.#errorBody = body;
    }
    return 'error';
  }

  #after(): Weight {
    return this.#failure === undefined ? 'terminal' : 'error';
  }
}
