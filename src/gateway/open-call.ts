import { type CacheControl, resolveControl, restrictControl } from '../cache/cache-options.js';
import type { ResponseCache } from '../cache/response-cache.js';
import type { DialectName } from '../dialects/dialect.js';
import { recogniseOperation } from '../dialects/recognise.js';
import { CallContext } from '../pipeline/call-context.js';
import type { CallInput, OpenCall } from '../pipeline/call-port.js';
import type { Clock } from '../pipeline/clock.js';
import { composePipeline } from '../pipeline/compose-pipeline.js';
import type {
  CallOptions,
  GatewayRequest,
  Interceptor,
  Logger,
  Next,
  Timeouts,
} from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import { type Feature, Followers } from '../pipeline/feature.js';
import { forwardMetadata } from '../pipeline/forward-metadata.js';
import { mergeMetadata } from '../pipeline/metadata.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { Operation } from '../pipeline/settlement.js';
import type { Target, Ticket } from '../pipeline/target.js';
import { AttemptLoop } from '../routing/attempt-loop.js';
import { checkRequest } from '../routing/check-request.js';
import { answerResponse } from '../routing/finish-response.js';
import type { HealthBook } from '../routing/health-book.js';
import type { LoopOptions } from '../routing/loop-options.js';
import type { Router } from '../routing/route/router.js';
import { Walk } from '../routing/route/walk.js';
import { mergeTimeouts, modelOf } from './call-parts.js';
import { drainResponse } from './drain-response.js';
import {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_EVENT_BYTES,
  type GatewayOptions,
  MAX_ATTEMPTS,
} from './gateway-options.js';
import { settleCall } from './settle-call.js';
import { watchCall } from './watch-call.js';

/** What the runner is made with, once for a gateway. */
export interface RunnerOptions {
  readonly options: GatewayOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: HealthBook;
  readonly pricer: Pricer | undefined;
  /** Where calls go beside their own client, if anywhere. */
  readonly router: Router | undefined;
  /** The response cache, made when a call first wants it. */
  readonly cache: () => ResponseCache;
  /** What is built in and on: telemetry, log, statistics. */
  readonly features: readonly Feature[];
  /** The async scope's options, where `gateway.run()` was ever used. */
  readonly scope: () => CallOptions | undefined;
  /** Calls are followed: what that needs is loaded while the first of them is under way. */
  readonly prepare: () => void;
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
  const { interceptors = [], attemptInterceptors = [] } = runner.options;
  const recognised = recogniseOperation(input.method, input.path, input.body);
  const scope = runner.scope();
  const context = openContext(runner, input, { operation: recognised.operation, scope });
  const timeouts = mergeTimeouts(runner.options.timeouts, scope?.timeouts, input.options?.timeouts);
  if (timeouts.total !== undefined) setDeadline(context, timeouts.total);
  const control = restrictControl(
    resolveControl(runner.options.cache, scope?.cache, input.options?.cache),
    input.cacheDirectives,
  );
  context.usesCache = control !== undefined;
  context.revalidates = input.revalidates;
  const request = requestOf(runner, input, context);
  if (runner.features.length > 0) {
    context.followers = Followers.open(runner.features, context, request);
    if (context.followers) runner.prepare();
  }
  const call: RoutedCall = { runner, input, context, scope, timeouts, dialect: recognised.dialect };
  const terminal = control ? cachedRoute(call, control) : plainRoute(call);
  const ring = composePipeline(interceptors, terminal, context);
  const guarded = interceptors.length + attemptInterceptors.length > 0;
  const run = guarded ? () => watchCall(ring(request), context, input.target) : () => ring(request);
  const { followers } = context;
  const running = followers ? () => followers.around(run) : run;
  return { context, response: settleCall(running, context, input.target) };
}

/** A call, once it is known how it goes on. */
interface RoutedCall {
  readonly runner: RunnerOptions;
  readonly input: CallInput;
  readonly context: CallContext;
  readonly scope: CallOptions | undefined;
  readonly timeouts: Timeouts;
  readonly dialect: DialectName | undefined;
}

function plainRoute(call: RoutedCall): Next {
  return (request) => route(call, request, call.context);
}

/** Asks the target, or those of the route: for this call alone, or with a fork of it that may serve others, too. */
async function route(
  call: RoutedCall,
  request: GatewayRequest,
  asker: CallContext,
): Promise<Response> {
  const { runner, input, dialect } = call;
  checkRequest(request.body);
  if (runner.router && dialect && !input.target.wantsRawBody) {
    const walk = new Walk({
      call: { request, context: asker },
      context: asker,
      dialect,
      caller: input.target,
      candidates: runner.router.candidates({ request, context: asker }, input.target),
      loopOptions: ({ target, timeouts }) => loopOptions(call, asker, { target, timeouts }),
    });
    return answerResponse(await walk.start(), asker, (thrown) => walk.resume(thrown));
  }
  const { target } = input;
  const loop = new AttemptLoop({
    ...loopOptions(call, asker, { target }),
    target,
    request,
    context: asker,
  });
  return answerResponse(await loop.start(), asker, (thrown) => loop.resume(thrown));
}

interface Asked {
  readonly target: Target;
  readonly timeouts?: Timeouts | undefined;
}

/** What is the same for all targets of a call, and what this one has of its own. */
function loopOptions(
  { runner, input, context, scope, timeouts, dialect }: RoutedCall,
  asker: CallContext,
  { target, timeouts: own }: Asked,
): Omit<LoopOptions, 'target' | 'request' | 'context'> {
  const keepsUsage = asker !== context;
  return {
    ...limitsOf(runner, input, scope),
    health: runner.health.of(target.name),
    dialect,
    send: sendThrough(runner.options.attemptInterceptors, target, asker),
    wantsUsage: keepsUsage || wantsUsage(runner, context),
    keepsUsage,
    timeouts: own ? { ...timeouts, ...own } : timeouts,
  };
}

function cachedRoute(call: RoutedCall, control: CacheControl): Next {
  const { runner, input, context, scope, dialect } = call;
  const { target } = input;
  const tenant = input.options?.tenant ?? scope?.tenant ?? runner.options.tenant;
  const { router } = runner;
  return (request) =>
    runner.cache().answer({
      request,
      context,
      target,
      isChosen: (name) =>
        router ? router.wouldChoose(name, { request, context }, target) : name === target.name,
      dialect,
      control,
      tenant,
      send: (sent, asker) => route(call, sent, asker),
      revalidate: () => revalidate(runner, input, context),
    });
}

/** Makes a call again in the background, for the cache to store its answer. What comes of it is in its own span and row. */
async function revalidate(
  runner: RunnerOptions,
  input: CallInput,
  stale: CallContext,
): Promise<void> {
  const { cache } = input.options ?? {};
  try {
    const { response } = openCall(runner, {
      ...input,
      callerSignal: undefined,
      target: input.target.copy(),
      options: {
        ...input.options,
        cache: { ...(typeof cache === 'object' && cache), mode: 'refresh' },
      },
      revalidates: stale,
    });
    await drainResponse(await response);
  } catch {
    // The stale answer stays until it is too old.
  }
}

interface Opening {
  readonly operation: Operation;
  readonly scope: CallOptions | undefined;
}

function openContext(
  runner: RunnerOptions,
  input: CallInput,
  { operation, scope }: Opening,
): CallContext {
  const { values, truncated } = mergeMetadata([
    runner.options.metadata,
    scope?.metadata,
    input.options?.metadata,
  ]);
  const context = new CallContext({
    id: nextCallId(),
    operation,
    requestModel: modelOf(input.body),
    stream: input.stream,
    metadata: values,
    logger: runner.logger,
    clock: runner.clock,
    callerSignal: input.callerSignal,
    onSettled: runner.onSettled,
    pricer: runner.pricer,
  });
  runner.onOpen(context);
  if (truncated) context.decide('metadata-truncated');
  return context;
}

function requestOf(
  { options }: RunnerOptions,
  input: CallInput,
  context: CallContext,
): GatewayRequest {
  const { method, path, body, stream } = input;
  const { operation, metadata: values } = context;
  const { forwardMetadata: forwarding } = options;
  const sent = forwarding ? forwardMetadata(body, operation, { ...forwarding, values }) : body;
  return { operation, method, path, body: sent, stream };
}

/** Sends one attempt through the attempt ring. */
function sendThrough(
  interceptors: readonly Interceptor[] = [],
  target: Target,
  context: CallContext,
): (request: GatewayRequest, ticket: Ticket) => Promise<Response> {
  if (interceptors.length === 0) return (request, ticket) => target.send(request, ticket);
  return (request, ticket) =>
    composePipeline(interceptors, (sent) => target.send(sent, ticket), context)(request);
}

function limitsOf(
  { options }: RunnerOptions,
  input: CallInput,
  scope: CallOptions | undefined,
): Pick<LoopOptions, 'maxAttempts' | 'maxBodyBytes' | 'maxEventBytes'> {
  return {
    maxAttempts:
      input.options?.maxAttempts ?? scope?.maxAttempts ?? options.maxAttempts ?? MAX_ATTEMPTS,
    maxBodyBytes: options.limits?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    maxEventBytes: options.limits?.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES,
  };
}

function wantsUsage({ options, hasListeners }: RunnerOptions, context: CallContext): boolean {
  const { streamUsage = 'auto' } = options;
  if (streamUsage !== 'auto') return streamUsage === 'always';
  return hasListeners() || context.hasCallbacks || context.followers !== undefined;
}

function setDeadline(context: CallContext, totalMs: number): void {
  context.setDeadline(
    totalMs,
    () =>
      new GatewayError(`the call took longer than ${totalMs} ms (timeouts.total)`, {
        code: 'zerohop_timeout',
      }),
  );
}
