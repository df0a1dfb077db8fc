import type { CallContext } from '../pipeline/call-context.js';
import type { Observation } from '../pipeline/call-init.js';
import { GatewayHeaders } from '../pipeline/gateway-headers.js';
import type { GatewayResponse } from '../pipeline/gateway-response.js';
import type { AttemptRecord, ResponseFacts } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { leaseStream, type SettlingStream, streamIn } from '../routing/finish-response.js';
import { adoptResponse } from '../routing/read-answer.js';
import type { StoredEvent } from './cache-entry.js';
import { EventHub } from './event-hub.js';
import { MemberStream } from './member-stream.js';
import { Seat } from './seat.js';

/** An answer that came to its end, to be stored. */
export interface CompleteAnswer {
  /** The call that was asked with. */
  readonly context: CallContext;
  readonly response: GatewayResponse;
  readonly facts: ResponseFacts;
  readonly usageAsked: boolean;
  readonly body: { readonly text: string } | { readonly events: readonly StoredEvent[] };
}

/** What a flight is made with. */
export interface FlightInit {
  readonly leader: CallContext;
  /** Sends the request for a call that may serve several. */
  readonly send: (context: CallContext) => Promise<Response>;
  /** What may be kept of an answer. */
  readonly maxBytes: number;
  readonly onComplete: (answer: CompleteAnswer) => void;
  /** Nobody can join any more. */
  readonly onOver: () => void;
}

/** Who shares a flight. */
export interface Passenger {
  readonly context: CallContext;
  readonly target: Target;
  /** Whether the caller asked for the usage of a stream. */
  readonly wantsUsage: boolean;
}

type Shared =
  | { readonly kind: 'body'; readonly response: GatewayResponse; readonly text: string }
  | {
      readonly kind: 'events';
      readonly response: GatewayResponse;
      readonly hub: EventHub;
      readonly usageAsked: boolean;
    };

/**
 * One request for identical calls that are under way at the same time. It goes on for as long as one of
 * them wants it, and one of them, at first the one that came first, answers for what it cost.
 */
export class Flight {
  readonly #init: FlightInit;
  readonly #request: CallContext;
  /** Of those who want the answer. */
  readonly #seats: Seat<Shared>[] = [];
  #owner: CallContext;
  #answer: Shared | undefined;
  /** Headers of a body as the provider sent them, for those who came later. */
  #headers: readonly string[] = [];
  #isOver = false;
  isForgotten = false;

  constructor(init: FlightInit) {
    this.#init = init;
    this.#owner = init.leader;
    this.#request = init.leader.fork(() =>
      Math.max(...this.#seats.map(({ context }) => context.remainingMs())),
    );
    this.#take(init.leader);
    void this.#ask();
  }

  /** The answer is not to be stored any more, and nobody else is to have it. */
  forget(): void {
    this.isForgotten = true;
  }

  /** Whether another call would get all of the answer. */
  get isJoinable(): boolean {
    if (this.isForgotten || this.#request.signal.aborted || this.#isOver) return false;
    return this.#answer?.kind !== 'events' || this.#answer.hub.isJoinable;
  }

  async #ask(): Promise<void> {
    try {
      const response = adoptResponse(await this.#init.send(this.#request));
      const isStream = response.peekPayload()?.kind === 'events';
      const answer = isStream ? this.#shareEvents(response) : this.#shareBody(response);
      this.#answer = answer;
      for (const seat of this.#seats) seat.land(answer);
    } catch (error) {
      this.#over();
      for (const seat of this.#seats) seat.fail(error);
    }
  }

  #shareBody(response: GatewayResponse): Shared {
    // Before anybody's labels are on them, and only where there is somebody else.
    if (this.#seats.length > 1) this.#headers = [...response.headers].flat();
    const text = textOf(response);
    if (text.length <= this.#init.maxBytes) this.#complete(response, { text }, false);
    this.#over();
    return { kind: 'body', response, text };
  }

  #shareEvents(response: GatewayResponse): Shared {
    const stream = streamIn(response);
    const payload = response.takePayload();
    if (payload.kind !== 'events') throw new TypeError('a stream without events');
    const usageAsked = stream?.usageAsked ?? false;
    const hub = new EventHub(payload.events, {
      maxBytes: this.#init.maxBytes,
      onComplete: (events) => this.#complete(response, { events }, usageAsked),
      onOver: () => this.#over(),
    });
    const endWell: SettlingStream['onSettle'] = (outcome) => {
      if (outcome === 'success') hub.end();
    };
    if (stream) stream.onSettle = endWell;
    return { kind: 'events', response, hub, usageAsked };
  }

  #complete(response: GatewayResponse, body: CompleteAnswer['body'], usageAsked: boolean): void {
    const facts = this.#request.observation?.facts();
    if (facts === undefined) return;
    this.#init.onComplete({ context: this.#request, response, facts, usageAsked, body });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#init.onOver();
  }

  /** The answer for one call: for the first as it came, for others a copy. */
  async board(passenger: Passenger): Promise<GatewayResponse> {
    const { context } = passenger;
    const isLeader = context === this.#init.leader;
    const seat = (isLeader && this.#seats[0]) || this.#take(context);
    if (!isLeader) {
      context.isBilled = false;
      context.shares = this.#request;
      context.followers?.joined(this.#init.leader);
    }
    const shared = this.#answer && !context.signal.aborted ? this.#answer : await seat.landed;
    const seen = this.#request.observation;
    context.observation = seen && new SharedObservation(seen, context);
    if (shared.kind === 'events') return this.#stream(shared, seat, passenger);
    seat.release();
    this.#remove(seat);
    if (isLeader) return shared.response;
    const json: unknown = JSON.parse(shared.text);
    const bytes = new TextEncoder().encode(shared.text);
    const payload = { kind: 'bytes', bytes, text: shared.text, json } as const;
    return shared.response.withPayload(payload, new GatewayHeaders(this.#headers));
  }

  /** A place for a call, until it ends or has its answer. */
  #take(context: CallContext): Seat<Shared> {
    const seat = new Seat<Shared>(context);
    const { signal } = context;
    const onAbort = () => {
      // The last one hears it from the request itself.
      if (this.#seats.length === 1) this.#request.controller.abort(signal.reason);
      else {
        this.#leave(seat);
        seat.fail(signal.reason);
      }
    };
    seat.onAbort = onAbort;
    this.#seats.push(seat);
    if (signal.aborted) onAbort();
    return seat;
  }

  #stream(
    { response, hub, usageAsked }: Extract<Shared, { kind: 'events' }>,
    seat: Seat<Shared>,
    { target, wantsUsage }: Passenger,
  ): GatewayResponse {
    const stream = new MemberStream({
      hub,
      seat,
      target,
      hidesUsage: usageAsked && !wantsUsage,
      leave: () => this.#leave(seat),
      isLast: () => this.#seats.length === 1,
      abort: (reason) => this.#request.controller.abort(reason),
    });
    const events = leaseStream(stream);
    // Laid over those of the provider, which nobody's labels get into.
    return response.withPayload({ kind: 'events', events }, new GatewayHeaders(response.headers));
  }

  #remove(seat: Seat<Shared>): boolean {
    const at = this.#seats.indexOf(seat);
    if (at >= 0) this.#seats.splice(at, 1);
    return at >= 0;
  }

  #leave(seat: Seat<Shared>): void {
    if (!this.#remove(seat) || this.#isOver) return;
    const { context } = seat;
    const heir = this.#seats[0]?.context;
    if (context !== this.#owner || heir === undefined) return;
    // What was tried, and what it costs, is the next one's: each attempt is in one row.
    const { attempts } = this.#request;
    context.attempts = [];
    context.isBilled = false;
    context.leavesRequest = true;
    heir.attempts = attempts;
    heir.isBilled = true;
    this.#owner = heir;
  }
}

/** What is seen of a request, by one that may have come later. */
class SharedObservation implements Observation {
  readonly #seen: Observation;
  readonly #context: CallContext;

  constructor(seen: Observation, context: CallContext) {
    this.#seen = seen;
    this.#context = context;
  }

  facts(): ResponseFacts {
    return this.#seen.facts();
  }
  get status(): number | undefined {
    return this.#seen.status;
  }
  get requestId(): string | undefined {
    return this.#seen.requestId;
  }
  get attempt(): AttemptRecord | undefined {
    return this.#seen.attempt;
  }
  get bytesReceived(): number {
    return this.#context.isBilled ? this.#seen.bytesReceived : 0;
  }
  get firstByteAt(): number | undefined {
    return this.#since(this.#seen.firstByteAt);
  }
  get firstContentAt(): number | undefined {
    return this.#since(this.#seen.firstContentAt);
  }
  get lastContentAt(): number | undefined {
    return this.#since(this.#seen.lastContentAt);
  }

  #since(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.max(at, this.#context.startedAt);
  }
}

const decoder = new TextDecoder();

/** The text of a response whose body is all here, without using it up. */
function textOf(response: GatewayResponse): string {
  const payload = response.peekPayload();
  if (payload?.kind !== 'bytes') throw new TypeError('an answer that is not all here');
  return payload.text ?? decoder.decode(payload.bytes ?? undefined);
}
