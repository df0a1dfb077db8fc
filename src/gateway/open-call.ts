import { recogniseOperation } from '../dialects/recognise.js';
import { DEFAULT_MAX_BODY_BYTES, DEFAULT_MAX_EVENT_BYTES, type GatewayOptions, MAX_ATTEMPTS } from './gateway-options.js';
import { withAttempts } from '../pipeline/attempts-of.js';
import { CallContext } from '../pipeline/call-context.js';
import type { CallInput, OpenCall } from '../pipeline/call-port.js';
import type { Clock } from '../pipeline/clock.js';
import { composePipeline, type Whereabouts } from '../pipeline/compose-pipeline.js';
import type { CallOptions, GatewayRequest, Logger, Next, Timeouts } from '../pipeline/contract.js';
import { GatewayError, type GatewayErrorCode, isGatewayError } from '../pipeline/errors.js';
import { type Feature, Followers } from '../pipeline/feature.js';
import type { Pricer } from '../pipeline/pricer.js';
import { belongsTo } from '../pipeline/settlement-of.js';
import { forwardMetadata } from '../pipeline/forward-metadata.js';
import { mergeMetadata } from '../pipeline/metadata.js';
import type { Target } from '../pipeline/target.js';
import { AttemptLoop } from '../routing/attempt-loop.js';
import { LoopError } from '../routing/loop-errors.js';
import { checkRequest } from '../routing/check-request.js';
import { describeFailure } from '../routing/describe-failure.js';
import { answerResponse, finishResponse } from '../routing/finish-response.js';
import type { HealthBook } from '../routing/health-book.js';

/** What the runner is made with, once for a gateway. */
export interface RunnerOptions {
  readonly options: GatewayOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: HealthBook;
  readonly pricer: Pricer | undefined;
  /** What is built in and on: telemetry, log, statistics. */
  readonly features: readonly Feature[];
  /** The async scope's options, where `gateway.run()` was ever used. */
  readonly scope: () => CallOptions | undefined;
  /** Whether anyone listens to settlements. */
  readonly hasListeners: () => boolean;
  readonly onOpen: (context: CallContext) => void;
  readonly onSettled: (context: CallContext) => void;
}

/** Told apart between processes by chance, within one by counting: a tenth of the price of a UUID. */
const PROCESS_ID = crypto.randomUUID().replaceAll('-', '').slice(0, 20);
let calls = 0;

function nextCallId(): string {
  calls += 1;
  return `zh_${PROCESS_ID}_${calls.toString(36)}`;
}

/** Opens a call and sends it through both rings. */
export function openCall(runner: RunnerOptions, input: CallInput): OpenCall {
  const { operation, dialect } = recogniseOperation(input.method, input.path, input.body);
  const scope = runner.scope();
  const metadata = mergeMetadata([
    runner.options.metadata,
    scope?.metadata,
    input.options?.metadata,
  ]);
  const context = new CallContext({
    id: nextCallId(),
    operation,
    requestModel: modelOf(input.body),
    stream: input.stream,
    metadata: metadata.values,
    logger: runner.logger,
    clock: runner.clock,
    callerSignal: input.callerSignal,
    onSettled: runner.onSettled,
    pricer: runner.pricer,
  });
  runner.onOpen(context);
  if (metadata.truncated) context.decide('metadata-truncated');
  const timeouts = mergeTimeouts(runner.options.timeouts, scope?.timeouts, input.options?.timeouts);
  if (timeouts.total !== undefined) setDeadline(context, timeouts.total);
  const { forwardMetadata: forwarding } = runner.options;
  const request: GatewayRequest = {
    operation,
    method: input.method,
    path: input.path,
    body: forwarding
      ? forwardMetadata(input.body, operation, { ...forwarding, values: metadata.values })
      : input.body,
    stream: input.stream,
  };
  const whereabouts: Whereabouts = { holder: undefined, since: 0 };
  const { interceptors = [], attemptInterceptors = [], limits } = runner.options;
  const terminal: Next = async (routed) => {
    checkRequest(routed.body);
    const loop = new AttemptLoop({
      target: input.target,
      health: runner.health.of(input.target.name),
      dialect,
      request: routed,
      context,
      send: (attempted, ticket) =>
        attemptInterceptors.length === 0
          ? input.target.send(attempted, ticket)
          : composePipeline(
              attemptInterceptors,
              (sent) => input.target.send(sent, ticket),
              context,
              whereabouts,
            )(attempted),
      wantsUsage: wantsUsage(runner, context),
      timeouts,
      maxAttempts: input.options?.maxAttempts ?? scope?.maxAttempts ?? runner.options.maxAttempts ?? MAX_ATTEMPTS,
      maxBodyBytes: limits?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
      maxEventBytes: limits?.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES,
    });
    return answerResponse(loop, await loop.start());
  };
  if (runner.features.length > 0) context.followers = Followers.open(runner.features, context, request);
  const { followers } = context;
  const ring = composePipeline(interceptors, terminal, context, whereabouts);
  const guarded = interceptors.length + attemptInterceptors.length > 0;
  const run = guarded ? () => watched(ring(request), context, input.target, whereabouts) : () => ring(request);
  return { context, response: finish(followers ? () => followers.around(run) : run, context, input.target) };
}

function wantsUsage({ options, hasListeners }: RunnerOptions, context: CallContext): boolean {
  const { streamUsage = 'auto' } = options;
  if (streamUsage !== 'auto') return streamUsage === 'always';
  return hasListeners() || context.hasCallbacks || context.followers !== undefined;
}

async function finish(
  run: () => Promise<Response>,
  context: CallContext,
  target: Target,
): Promise<Response> {
  try {
    return belongsTo(finishResponse(await run(), context, target), context);
  } catch (thrown) {
    throw settleFailed(thrown, context, target);
  }
}

/** Settles a call that ends with an error, and makes the error the caller is to see. */
function settleFailed(thrown: unknown, context: CallContext, target: Target): Error {
  const { errors } = target;
  const { failure, error } =
    thrown instanceof LoopError
      ? thrown.attempt
      : describeFailure(context.signal.aborted ? context.signal.reason : thrown, errors);
  const aborted = failure.kind === 'aborted' || (context.signal.aborted && !isGatewayError(context.signal.reason));
  const shown = aborted && errors.kindOf(error) !== 'abort' ? errors.abort(context.signal.reason) : error;
  const final = withAttempts(isGatewayError(shown) ? refusalError(shown, target) : shown, context.attempts);
  context.settle(aborted ? 'aborted' : 'error', failure);
  return final;
}

const REFUSAL_STATUS: Partial<Record<GatewayErrorCode, number>> = {
  zerohop_closed: 503,
  zerohop_origin: 403,
  zerohop_request: 400,
};

/** A refusal of the gateway's own, as an error of the caller's SDK. */
function refusalError(error: GatewayError, { errors }: Target): Error {
  const status = REFUSAL_STATUS[error.code] ?? 500;
  const body = { error: { message: error.message, type: 'gateway_error', code: error.code } };
  return errors.status(status, body, undefined, new Headers({ 'x-should-retry': 'false' }), error);
}

/** Ends a call that an interceptor holds for ever, or that its caller gave up while one holds it. */
async function watched(
  running: Promise<Response>,
  context: CallContext,
  target: Target,
  whereabouts: Whereabouts,
): Promise<Response> {
  const interrupted = Promise.withResolvers<never>();
  const { clock, signal } = context;
  const onAbort = () => interrupted.reject(signal.reason);
  let stop: () => void = () => undefined;
  const arm = (delayMs: number) => {
    stop = clock.timer(delayMs, () => {
      const heldMs = clock.now() - whereabouts.since;
      const { holder } = whereabouts;
      if (holder === undefined || heldMs < target.timeoutMs) {
        arm(holder === undefined ? target.timeoutMs : target.timeoutMs - heldMs);
        return;
      }
      const error = new GatewayError(
        `interceptor "${holder}" neither returned nor called next() for ${target.timeoutMs} ms`,
        { code: 'zerohop_interceptor' },
      );
      interrupted.reject(error);
      context.controller.abort(error);
    });
  };
  arm(target.timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  running.catch(() => undefined);
  try {
    return await Promise.race([running, interrupted.promise]);
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function setDeadline(context: CallContext, totalMs: number): void {
  context.setDeadline(
    totalMs,
    () => new GatewayError(`the call took longer than ${totalMs} ms (timeouts.total)`, { code: 'zerohop_timeout' }),
  );
}

const NO_TIMEOUTS: Timeouts = {};

function mergeTimeouts(...sources: readonly (Timeouts | undefined)[]): Timeouts {
  const given = sources.filter((source) => source !== undefined);
  return given.length <= 1 ? (given[0] ?? NO_TIMEOUTS) : given.reduce((merged, one) => ({ ...merged, ...one }));
}

function modelOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : undefined;
}
