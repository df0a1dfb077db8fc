import {
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { answeringAttempt } from '../pipeline/answering-attempt.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { CallFollower, TargetFollower } from '../pipeline/feature.js';
import type { Failure, Outcome } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { AttributeBag } from './attribute-bag.js';
import { addCache, addDecisions, addLimitWait, addMetadata } from './call-attributes.js';
import { describeOperation } from './describe-operation.js';
import type { ErrorTypes } from './error-type.js';
import type { Metrics } from './metrics.js';
import { ZEROHOP } from './names.js';
import { membersOf } from './request-attributes.js';
import { runIn } from './run-in.js';
import { ATTRIBUTES } from './semconv.js';
import { SpanClock } from './span-clock.js';
import { TargetTelemetry } from './target-telemetry.js';
import type { TelemetrySettings } from './telemetry-options.js';

/** What calls are followed with. */
export interface Instruments {
  readonly settings: TelemetrySettings;
  readonly errorTypes: ErrorTypes;
  readonly tracer: Tracer | undefined;
  readonly metrics: Metrics | undefined;
  /** Whether something other than telemetry has a hand in the call. */
  readonly hasGatewayFeatures: boolean;
}

/** The spans and metrics of one call. */
export class CallTelemetry implements CallFollower {
  readonly followed: CallContext;
  readonly settings: TelemetrySettings;
  readonly errorTypes: ErrorTypes;
  readonly tracer: Tracer | undefined;
  readonly metrics: Metrics | undefined;
  readonly clock: SpanClock;
  /** What the spans of targets are children of. */
  readonly context: Context;
  readonly #request: GatewayRequest;
  readonly #startedAt: number;
  readonly #span: Span | undefined;
  readonly #targets: TargetTelemetry[] = [];

  constructor(instruments: Instruments, followed: CallContext, request: GatewayRequest) {
    const { hasGatewayFeatures } = instruments;
    this.followed = followed;
    this.settings = instruments.settings;
    this.errorTypes = instruments.errorTypes;
    this.tracer = instruments.tracer;
    this.metrics = instruments.metrics;
    this.clock = new SpanClock(followed.clock);
    this.#request = request;
    this.#startedAt = this.clock.now();
    const active = context.active();
    this.#span = hasGatewayFeatures ? this.#startGatewaySpan(active, this.#startedAt) : undefined;
    this.context = this.#span ? trace.setSpan(active, this.#span) : active;
  }

  /** The call's own span, above those of its targets. */
  get ownSpan(): Span | undefined {
    return this.#span;
  }

  /** The target that was asked last. */
  get lastTarget(): TargetTelemetry | undefined {
    return this.#targets.at(-1);
  }

  /** Whether the call has a span of its own above those of its targets. */
  get hasGatewaySpan(): boolean {
    return this.#span !== undefined;
  }

  #startGatewaySpan(parent: Context, startedAt: number): Span | undefined {
    const { model } = membersOf(this.#request.body);
    const { spanName } = describeOperation(
      this.#request,
      typeof model === 'string' ? model : undefined,
    );
    // What runs in the background is nobody's to wait for: a root of its own, linked to what set it off.
    const cause = this.#causeOf(this.followed.cause);
    const init = {
      kind: SpanKind.INTERNAL,
      startTime: this.clock.hrTime(startedAt),
      ...(cause && { root: true, links: [cause] }),
    };
    return this.tracer?.startSpan(`gateway ${spanName}`, init, parent);
  }

  #causeOf(call: CallContext | undefined): Link | undefined {
    const telemetry = call && telemetryOf(call);
    return telemetry?.ownSpan && { context: telemetry.ownSpan.spanContext() };
  }

  joined(leader: CallContext): void {
    const target = telemetryOf(leader)?.lastTarget?.spanContext;
    // Not in the API before 1.9.
    if (target) this.#span?.addLink?.({ context: target });
  }

  around<T>(work: () => T): T {
    return this.#span === undefined ? work() : runIn(this.context, work);
  }

  target(target: Target, request: GatewayRequest): TargetFollower {
    const follower = new TargetTelemetry(this, target, request);
    this.#targets.push(follower);
    return follower;
  }

  settled(): void {
    const at = this.clock.now();
    const { outcome = 'error', failure, shares, leavesRequest } = this.followed;
    // What it saved is known with its settlement.
    if (shares) this.followed.settlement();
    // Each has ended by now, unless something left it behind, or it goes on for others.
    if (!leavesRequest) for (const target of this.#targets) target.abandoned(outcome, failure);
    try {
      // A call that asked no target still has its one span.
      const span =
        this.#targets.length === 0
          ? (this.#span ?? this.#startGatewaySpan(this.context, this.#startedAt))
          : this.#span;
      if (span) this.#endSpan(span, { outcome, failure, at });
    } finally {
      const { operation, metadata, cache, decisions } = this.followed;
      const durationSeconds = (at - this.#startedAt) / 1_000;
      const measured = { operation, outcome, durationSeconds, cache, decisions, metadata };
      this.metrics?.recordCall(measured);
    }
  }

  #endSpan(span: Span, { outcome, failure, at }: CallEnding): void {
    try {
      if (!span.isRecording()) return;
      const { id, operation, attempts, metadata, decisions, cache } = this.followed;
      const bag = new AttributeBag();
      bag.text(ZEROHOP.callId, id);
      bag.text(ZEROHOP.operation, operation);
      bag.text(ZEROHOP.outcome, outcome);
      bag.whole(ZEROHOP.attempts, attempts.length);
      if (outcome === 'aborted') bag.set(ZEROHOP.streamOutcome, 'aborted');
      if (outcome === 'error') {
        const provider = answeringAttempt(attempts)?.provider ?? '';
        bag.text(ATTRIBUTES.errorType, this.errorTypes.of(failure, provider));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      if (cache) addCache(bag, cache);
      addLimitWait(bag, decisions);
      addMetadata(bag, metadata);
      addDecisions(span, decisions);
      bag.putOn(span);
    } finally {
      span.end(this.clock.hrTime(at));
    }
  }
}

interface CallEnding {
  readonly outcome: Outcome;
  readonly failure: Failure | undefined;
  readonly at: number;
}

/** The telemetry of a call that others are linked to. */
function telemetryOf({ followers }: CallContext): CallTelemetry | undefined {
  return followers?.find((follower) => follower instanceof CallTelemetry);
}
