import type { CallContext, Observation } from '../pipeline/call-context.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import type { Exchange } from '../pipeline/exchange.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import type { ResponseFacts } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { type AttemptLoop, requestIdOf } from './attempt-loop.js';
import { describeFailure } from './describe-failure.js';
import { LeasedBytes, LeasedEvents } from './lease.js';
import { type Answer, adoptResponse } from './read-answer.js';
import { UpstreamStream } from './upstream-stream.js';
import { WatchedSource } from './watched-source.js';

/** The stream that answers a call, for as long as it is the answer. */
const upstreams = new WeakMap<LeasedEvents, UpstreamStream>();

/** An answer as the response that goes back through the call ring. */
export function answerResponse(loop: AttemptLoop, answer: Answer): GatewayResponse {
  const { context } = loop.options;
  const { response, exchange } = answer;
  if (answer.kind === 'events') {
    const upstream = new UpstreamStream(loop, answer);
    const events = new LeasedEvents(upstream);
    upstreams.set(events, upstream);
    context.observation = upstream;
    return response.withPayload({ kind: 'events', events });
  }
  context.observation = new BodyObservation(answer.facts, response, exchange);
  return response;
}

/** What the settlement takes from an answer that came in one piece. */
class BodyObservation implements Observation {
  readonly facts: () => ResponseFacts;
  readonly firstContentAt = undefined;
  readonly lastContentAt = undefined;
  readonly #response: GatewayResponse;
  readonly #exchange: Exchange;

  constructor(facts: () => ResponseFacts, response: GatewayResponse, exchange: Exchange) {
    this.facts = facts;
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

/** The response as the caller gets it: labelled, and settling the call when its body ends. */
export function finishResponse(given: Response, context: CallContext, target: Target): Response {
  const response = adoptResponse(given);
  const payload = response.peekPayload();
  const headers = label(response.headers, context, target);
  if (payload?.kind === 'events') {
    const { events } = payload;
    const upstream = events instanceof LeasedEvents ? upstreams.get(events) : undefined;
    if (upstream) {
      upstream.onSettle = (outcome, failure) => context.settle(outcome, failure);
      return headers === response.headers ? response : response.withPayload(payload, headers);
    }
    return response.withPayload(
      { kind: 'events', events: settling(events, context, target) },
      headers,
    );
  }
  if (payload?.kind === 'source') {
    const watched = new WatchedSource(payload.source, context, target, target.timeoutMs);
    return response.withPayload({ kind: 'source', source: new LeasedBytes(watched) }, headers);
  }
  // A stream's is not known yet when its headers are read.
  headers.setOwnLater('x-zerohop-cost', () => context.costText());
  context.settle('success');
  return headers === response.headers
    ? response
    : response.withPayload(response.takePayload(), headers);
}

function label(headers: Headers, context: CallContext, target: Target): GatewayHeaders {
  const labels: readonly [string, string][] = [
    ['x-zerohop-call-id', context.id],
    ['x-zerohop-target', target.name],
    ['x-zerohop-attempts', String(context.attempts.length)],
  ];
  // The headers of a fetched response cannot be changed.
  const labelled = headers instanceof GatewayHeaders ? headers : new GatewayHeaders(headers);
  for (const [name, value] of labels) labelled.setOwn(name, value);
  return labelled;
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
