import { answeringAttempt } from '../pipeline/answering-attempt.js';
import type { CacheFacts } from '../pipeline/cache-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { Observation } from '../pipeline/call-init.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { Exchange } from '../pipeline/exchange.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import type { AttemptRecord, Failure, Outcome, ResponseFacts } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { ContinuedStream, type Continuing } from './continuation/continued-stream.js';
import { describeFailure } from './describe-failure.js';
import { LeasedBytes, LeasedEvents } from './lease.js';
import { type Answer, adoptResponse, type BodyAnswer } from './read-answer.js';
import { requestIdOf } from './request-id.js';
import { type Resume, UpstreamStream } from './upstream-stream.js';
import { WatchedSource } from './watched-source.js';

/** A stream that knows how it ended, and tells whoever asks to be told. */
export interface SettlingStream extends EventSource {
  onSettle: ((outcome: Outcome, failure?: Failure) => void) | undefined;
  /** Whether usage is in the stream that its caller need not have asked for. */
  readonly usageAsked?: boolean | undefined;
}

const PICODOLLAR_DIGITS = 12;

/** US dollars as a decimal number. */
function dollars(amount: number | undefined): string | undefined {
  return amount?.toFixed(PICODOLLAR_DIGITS).replace(/\.?0+$/, '');
}

/** What a caller holds of a stream that answers a call. */
class LeasedStream extends LeasedEvents<SettlingStream> {}

/** What a caller is to hold of a stream. */
export function leaseStream(stream: SettlingStream): EventSource {
  return new LeasedStream(stream);
}

/** The stream in a response, where it is one that tells how it ended. */
export function streamIn(response: GatewayResponse): SettlingStream | undefined {
  const payload = response.peekPayload();
  return payload?.kind === 'events' && payload.events instanceof LeasedStream
    ? payload.events.inner
    : undefined;
}

/**
 * An answer as the response that goes back through the call ring.
 *
 * @param continuing the call, where its answer is gone on with if it breaks
 */
export function answerResponse(
  answer: Answer,
  context: CallContext,
  resume: Resume,
  continuing?: Continuing,
): GatewayResponse {
  const { response } = answer;
  if (answer.kind === 'events') {
    const upstream = answer.opened ?? new UpstreamStream(answer, resume);
    const stream = continuing ? new ContinuedStream(upstream, continuing) : upstream;
    context.observation = stream;
    return response.refill({ kind: 'events', events: leaseStream(stream) });
  }
  context.observation = new BodyObservation(answer);
  return response;
}

/** What the settlement takes from an answer that came in one piece. */
class BodyObservation implements Observation {
  readonly facts: () => ResponseFacts;
  readonly firstContentAt = undefined;
  readonly lastContentAt = undefined;
  readonly attempt: AttemptRecord | undefined;
  readonly #response: GatewayResponse;
  readonly #exchange: Exchange;

  constructor({ facts, response, exchange, loop }: BodyAnswer) {
    this.facts = facts;
    this.attempt = loop.attempt;
    this.#response = response;
    this.#exchange = exchange;
  }

  get status(): number {
    return this.#response.status;
  }
  get requestId(): string | undefined {
    return requestIdOf(this.#response.headers);
  }
  get firstByteAt(): number | undefined {
    return this.#exchange.firstByteAt;
  }
  get bytesReceived(): number {
    return this.#exchange.bytesReceived;
  }
}

/**
 * The response as the caller gets it: labelled, and settling the call when its body ends. It is another one than came
 * from below, with headers of its own: the SDK holds on to that one for longer than the call, and would hold on to
 * whatever it leads to.
 */
export function finishResponse(given: Response, context: CallContext, target: Target): Response {
  const response = adoptResponse(given);
  const payload = response.takePayload();
  const headers = label(response.headers, context, target);
  if (payload.kind === 'events') {
    const { events } = payload;
    if (events instanceof LeasedStream) {
      const { inner, tether } = events;
      const settle: SettlingStream['onSettle'] = (outcome, failure) => {
        tether.release();
        context.settle(outcome, failure);
      };
      inner.onSettle = settle;
      return response.withPayload(payload, headers);
    }
    return response.withPayload(
      { kind: 'events', events: settling(events, context, target) },
      headers,
    );
  }
  if (payload.kind === 'source') {
    const watched = new WatchedSource(payload.source, context, target, target.timeoutMs);
    return response.withPayload({ kind: 'source', source: new LeasedBytes(watched) }, headers);
  }
  context.settle('success');
  // A stream's is not known yet when its headers are read. Headers that were changed ask at once.
  headers.setOwnLater('x-zerohop-cost', () => dollars(context.settlement().cost?.amount));
  if (context.shares) {
    headers.setOwnLater('x-zerohop-saved-cost', () =>
      dollars(context.settlement().cache?.savedCost),
    );
  }
  return response.withPayload(payload, headers);
}

function label(headers: Headers, context: CallContext, target: Target): GatewayHeaders {
  const labelled = new GatewayHeaders(headers);
  labelled.setOwn('x-zerohop-call-id', context.id);
  // Another target's, where one stood in, or a stored answer of one is taken.
  const answered = context.cache?.producer ?? answeringAttempt(context.attempts)?.target;
  labelled.setOwn('x-zerohop-target', answered ?? target.name);
  labelled.setOwn('x-zerohop-attempts', String(context.attempts.length));
  if (context.cache) labelCache(labelled, context.cache);
  return labelled;
}

const SECOND_MS = 1_000;

function labelCache(headers: GatewayHeaders, cache: CacheFacts): void {
  const { status, key, ageMs, ttlMs } = cache;
  headers.setOwn('x-zerohop-cache', status);
  if (key !== undefined) headers.setOwn('x-zerohop-cache-key', key);
  if (ageMs !== undefined) {
    headers.setOwn('x-zerohop-cache-age', String(Math.floor(ageMs / SECOND_MS)));
  }
  if (ttlMs !== undefined) {
    headers.setOwn('x-zerohop-cache-ttl', String(Math.ceil(ttlMs / SECOND_MS)));
  }
  const saved = dollars(cache.savedCost);
  if (saved !== undefined) headers.setOwn('x-zerohop-saved-cost', saved);
}

/** Events that an interceptor made or changed, settling the call as those of the upstream would. */
function settling(events: EventSource, context: CallContext, target: Target): EventSource {
  return new LeasedEvents({
    async pull(): Promise<readonly StreamEvent[] | null> {
      try {
        const batch = await events.pull();
        if (batch === null) context.settle('success');
        return batch;
      } catch (thrown) {
        const { failure } = describeFailure(thrown, target.errors);
        context.settle(failure.kind === 'aborted' ? 'aborted' : 'error', failure);
        throw thrown;
      }
    },
    cancel(reason) {
      events.cancel(reason);
      context.settle('aborted', { kind: 'aborted', message: 'aborted' });
    },
  });
}
