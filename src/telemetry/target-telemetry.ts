import {
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { TargetEnd, TargetFollower } from '../pipeline/feature.js';
import type { AttemptRecord, CostResult, Failure, Outcome } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { AttributeBag } from './attribute-bag.js';
import { addDecisions, addMetadata } from './call-attributes.js';
import type { CallTelemetry } from './call-telemetry.js';
import { emitContent, emitException } from './content/emit-content.js';
import { type DescribedOperation, describeOperation } from './describe-operation.js';
import { OWN_EVENTS, RESEND_COUNT, ZEROHOP } from './names.js';
import {
  addOpenaiRequest,
  addRequestAttributes,
  isOpenai,
  membersOf,
} from './request-attributes.js';
import { addCost, addResponseAttributes, addUsage, finishReasons } from './response-attributes.js';
import { runIn } from './run-in.js';
import { ATTRIBUTES } from './semconv.js';
import { traceHeaders } from './trace-headers.js';
import { totalUsage, type UsageTotal } from './usage-total.js';

const MAX_RETRY_EVENTS = 32;

/** The CLIENT span of one target, and its metrics. */
export class TargetTelemetry implements TargetFollower {
  readonly #call: CallTelemetry;
  readonly #target: Target;
  readonly #request: GatewayRequest;
  readonly #described: DescribedOperation;
  readonly #model: string | undefined;
  readonly #startedAt: number;
  /** What the span was started with. */
  readonly #given = new AttributeBag();
  readonly #span: Span | undefined;
  readonly #context: Context;
  #retries = 0;
  #ended = false;

  constructor(call: CallTelemetry, target: Target, request: GatewayRequest) {
    const { model } = membersOf(request.body);
    this.#call = call;
    this.#target = target;
    this.#request = request;
    this.#model = typeof model === 'string' && model !== '' ? model : undefined;
    this.#described = describeOperation(request, this.#model);
    this.#startedAt = call.clock.now();
    this.#span = this.#start();
    this.#context = this.#span ? trace.setSpan(call.context, this.#span) : call.context;
  }

  /** Starts the span with what samplers look at. */
  #start(): Span | undefined {
    const { tracer, clock, context: parent } = this.#call;
    if (tracer === undefined) return undefined;
    const { name, spanName, route } = this.#described;
    const { provider, address } = this.#target;
    const bag = this.#given;
    bag.text(ATTRIBUTES.operationName, name);
    bag.text(name === undefined ? ZEROHOP.provider : ATTRIBUTES.providerName, provider.name);
    bag.text(ATTRIBUTES.requestModel, this.#model);
    bag.text(ATTRIBUTES.serverAddress, address.host);
    bag.whole(ATTRIBUTES.serverPort, address.port);
    bag.text(ZEROHOP.route, route);
    const startTime = clock.hrTime(this.#startedAt);
    const init = { kind: SpanKind.CLIENT, attributes: bag.values, startTime };
    return tracer.startSpan(spanName, init, parent);
  }

  /** What other spans are linked with. */
  get spanContext(): SpanContext | undefined {
    return this.#span?.spanContext();
  }

  around<T>(work: () => T): T {
    return this.#span === undefined ? work() : runIn(this.#context, work);
  }

  headers(): Readonly<Record<string, string>> | undefined {
    if (!this.#call.settings.propagate) return undefined;
    return this.#span && traceHeaders(this.#span.spanContext());
  }

  retrying({ failure, waitedMs }: AttemptRecord): void {
    this.#retries += 1;
    if (!this.#span?.isRecording() || this.#retries > MAX_RETRY_EVENTS) return;
    const { errorTypes, clock } = this.#call;
    const attributes = {
      [RESEND_COUNT]: this.#retries,
      [ATTRIBUTES.errorType]: errorTypes.of(failure, this.#target.provider.name),
      ...(waitedMs !== undefined && { [ZEROHOP.retryWait]: waitedMs / 1_000 }),
    };
    this.#span.addEvent(OWN_EVENTS.retry, attributes, clock.hrTime(clock.now()));
  }

  ended(end: TargetEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const { clock, errorTypes } = this.#call;
    const at = clock.now();
    const span = this.#span;
    const errorType =
      end.outcome === 'error' ? errorTypes.of(end.failure, this.#target.provider.name) : undefined;
    const isPriced = this.#described.name !== undefined && this.#described.responseId === undefined;
    const usage = totalUsage(end.attempts);
    const ending = { end, errorType, usage, cost: isPriced ? end.cost() : undefined };
    try {
      if (span?.isRecording()) this.#describe(span, ending);
    } finally {
      span?.end(clock.hrTime(at));
      this.#measure(ending, (at - this.#startedAt) / 1_000);
    }
  }

  /** The call is over while this target is not: there is nothing to wait for. */
  abandoned(outcome: Outcome, failure: Failure | undefined): void {
    if (this.#ended) return;
    const cost = () => ({ unpriced: 'no_usage' }) as const;
    this.ended({ outcome, failure, facts: undefined, status: undefined, attempts: [], cost });
  }

  #describe(span: Span, { end, errorType, usage, cost }: Ending): void {
    const { settings, followed, hasGatewaySpan } = this.#call;
    const bag = new AttributeBag(this.#given.size);
    this.#addGenAi(bag, end);
    if (usage) addUsage(bag, usage, settings.profile);
    if (cost) addCost(bag, cost, settings.costAliases);
    if (errorType !== undefined) {
      bag.text(ATTRIBUTES.errorType, errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#tell({ bag, span, end, errorType });
    if (this.#retries > 0) bag.whole(RESEND_COUNT, this.#retries);
    if (end.outcome === 'aborted') bag.set(ZEROHOP.streamOutcome, 'aborted');
    bag.text(ZEROHOP.callId, followed.id);
    bag.text(ZEROHOP.target, this.#target.name);
    if (!hasGatewaySpan) {
      bag.text(ZEROHOP.operation, followed.operation);
      bag.text(ZEROHOP.outcome, end.outcome);
      bag.whole(ZEROHOP.attempts, followed.attempts.length);
      addMetadata(bag, followed.metadata);
      addDecisions(span, followed.decisions);
    }
    bag.putOn(span);
  }

  /** The events of the conventions, and content where it is asked for. */
  #tell({ bag, span, end, errorType }: Telling): void {
    const { settings, clock } = this.#call;
    const told = { bag, given: this.#given, span, request: this.#request, settings, clock };
    if (this.#described.name !== undefined) emitContent(end, told);
    if (errorType !== undefined) emitException(errorType, told);
  }

  /** What the conventions have words for, first: there is always room for it. */
  #addGenAi(bag: AttributeBag, end: TargetEnd): void {
    const { name, responseId } = this.#described;
    if (name === undefined) return;
    const provider = this.#target.provider.name;
    addRequestAttributes(bag, this.#request, this.#call.followed);
    addOpenaiRequest(bag, this.#request, provider);
    if (name === 'fetch_response') {
      bag.text(ATTRIBUTES.responseId, responseId);
      return;
    }
    addResponseAttributes(bag, end, provider);
    if (name !== 'embeddings') {
      const asked = membersOf(this.#request.body).n;
      bag.texts(ATTRIBUTES.responseFinishReasons, finishReasons(end.facts, end.outcome, asked));
      bag.number(ATTRIBUTES.responseTimeToFirstChunk, this.#firstChunkSeconds(end));
    }
    bag.text(ZEROHOP.usageMissing, end.facts?.usageMissing);
  }

  #firstChunkSeconds({ firstContentAt }: TargetEnd): number | undefined {
    if (!this.#request.stream || firstContentAt === undefined) return undefined;
    return Math.max(0, firstContentAt - this.#startedAt) / 1_000;
  }

  #measure({ end, errorType, usage, cost }: Ending, durationSeconds: number): void {
    const { metrics, followed } = this.#call;
    const { name } = this.#described;
    if (metrics === undefined || name === undefined) return;
    const { provider, address } = this.#target;
    const openai = isOpenai(provider.name) ? end.facts : undefined;
    metrics.recordTarget({
      operation: name,
      provider: provider.name,
      requestModel: this.#model,
      responseModel: end.facts?.model,
      host: address.host,
      port: address.port,
      serviceTier: openai?.serviceTier,
      fingerprint: openai?.systemFingerprint,
      errorType,
      durationSeconds,
      firstChunkSeconds: this.#firstChunkSeconds(end),
      perChunkSeconds: perChunkSeconds(end),
      usage,
      cost: cost?.cost,
      metadata: followed.metadata,
    });
  }
}

interface Ending {
  readonly end: TargetEnd;
  readonly errorType: string | undefined;
  readonly usage: UsageTotal | undefined;
  readonly cost: CostResult | undefined;
}

interface Telling extends Pick<Ending, 'end' | 'errorType'> {
  readonly bag: AttributeBag;
  readonly span: Span;
}

function perChunkSeconds({
  firstContentAt,
  lastContentAt,
  contentEvents = 0,
}: TargetEnd): number | undefined {
  if (firstContentAt === undefined || lastContentAt === undefined || contentEvents < 2) {
    return undefined;
  }
  return (lastContentAt - firstContentAt) / 1_000 / (contentEvents - 1);
}
