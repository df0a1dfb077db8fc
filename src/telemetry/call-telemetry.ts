import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { CallFollower } from '../pipeline/feature.js';
import type { Outcome } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { AttributeBag } from './attribute-bag.js';
import { addDecisions, addMetadata } from './call-attributes.js';
import { describeOperation } from './describe-operation.js';
import type { ErrorTypes } from './error-type.js';
import type { Metrics } from './metrics.js';
import { ZEROHOP } from './names.js';
import { membersOf } from './request-attributes.js';
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
    this.followed = followed;
    this.settings = instruments.settings;
    this.errorTypes = instruments.errorTypes;
    this.tracer = instruments.tracer;
    this.metrics = instruments.metrics;
    this.clock = new SpanClock(followed.clock);
    this.#request = request;
    this.#startedAt = this.clock.now();
    this.context = context.active();
  }

  get hasGatewaySpan(): boolean {
    return this.#span !== undefined;
  }
}
