import type { Budgets, Switched } from '../budgets/budgets.js';
import { type CacheControl, resolveControl, restrictControl } from '../cache/cache-options.js';
import type { ResponseCache } from '../cache/response-cache.js';
import type { DialectName } from '../dialects/dialect.js';
import { recogniseOperation } from '../dialects/recognise.js';
import { type Admission, admitByBoth } from '../pipeline/admission.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { CallInput, OpenCall } from '../pipeline/call-port.js';
import type { Clock } from '../pipeline/clock.js';
import { composePipeline } from '../pipeline/compose-pipeline.js';
import type { CallOptions, GatewayRequest, Logger, Next, Timeouts } from '../pipeline/contract.js';
import { type Feature, Followers } from '../pipeline/feature.js';
import type { Pricer } from '../pipeline/pricer.js';
import { AttemptLoop } from '../routing/attempt-loop.js';
import { checkRequest } from '../routing/check-request.js';
import { sendingOn } from '../routing/continuation/continuation-request.js';
import type { Asked, Continuing } from '../routing/continuation/continued-stream.js';
import { answerResponse } from '../routing/finish-response.js';
import type { HealthBook } from '../routing/health-book.js';
import { orThrow } from '../routing/loop-errors.js';
import type { LoopOptions } from '../routing/loop-options.js';
import type { CompiledRoute } from '../routing/route/candidates.js';
import type { OpenedTarget } from '../routing/route/route-target.js';
import type { Router } from '../routing/route/router.js';
import { Walk, type WayToTarget } from '../routing/route/walk.js';
import { again, inBackground, isPlain } from './background.js';
import { maxAttemptsOf, mergeTimeouts } from './call-parts.js';
import type { GatewayOptions } from './gateway-options.js';
import type { Limiters } from './make-limiter.js';
import { openContext, requestOf, setDeadline } from './open-context.js';
import { sendThrough } from './send-through.js';
import { settleCall } from './settle-call.js';
import { askFor, OtherModel, throughBudgets } from './through-budgets.js';
import { watchCall } from './watch-call.js';

/** What the runner is made with, once for a gateway. */
export interface RunnerOptions {
  readonly options: GatewayOptions;
  /** Its limits of size. */
  readonly sizes: Pick<LoopOptions, 'maxBodyBytes' | 'maxEventBytes'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: HealthBook;
  readonly pricer: Pricer | undefined;
  /** Where calls go beside their own client, if anywhere. */
  readonly router: Router | undefined;
  /** The limits of all that is sent, if there are any. */
  readonly limiter: Admission | undefined;
  /** Those limits, and those of targets. */
  readonly limiters: Limiters;
  readonly budgets: Budgets | undefined;
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

/** A copy of a call: where it goes, and what its own left the call ring with. */
export interface Shadow {
  readonly by: CompiledRoute;
  readonly request: GatewayRequest;
}

/**
 * Opens a call and sends it through both rings; a copy of a call, which has passed the call ring, through the
 * attempt ring only.
 */
export function openCall(runner: RunnerOptions, input: CallInput, shadow?: Shadow): OpenCall {
  const { attemptInterceptors = [] } = runner.options;
  const interceptors = shadow ? [] : (runner.options.interceptors ?? []);
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
  context.cause = input.cause;
  const request = shadow?.request ?? requestOf(runner.options, input, context);
  if (runner.features.length > 0) {
    context.followers = Followers.open(runner.features, context, request);
    if (context.followers) runner.prepare();
  }
  const { dialect } = recognised;
  const by = shadow?.by;
  const maxAttempts = maxAttemptsOf(runner.options, scope, input.options);
  const call: RoutedCall = { runner, input, by, context, scope, timeouts, maxAttempts, dialect };
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
  readonly by: CompiledRoute | undefined;
  readonly context: CallContext;
  readonly scope: CallOptions | undefined;
  readonly timeouts: Timeouts;
  readonly maxAttempts: number;
  readonly dialect: DialectName | undefined;
  /** It is asked to go on with an answer that broke. */
  readonly goesOn?: boolean | undefined;
  /** Its budgets have it ask for another model. */
  readonly switched?: Switched | undefined;
}

function plainRoute(call: RoutedCall): Next {
  return (request) => route(call, request, call.context);
}

/** The answer of the target, or of those of the route: for this call alone, or with a fork of it that may serve others, too. */
async function route(
  call: RoutedCall,
  request: GatewayRequest,
  asker: CallContext,
): Promise<Response> {
  const { runner, input, context } = call;
  if (runner.budgets) {
    const asked = { request, context: asker, target: input.target };
    const switched = await runner.budgets.admit(asked, call.switched);
    // Others may have the answer, too.
    if (switched && asker !== context) throw new OtherModel(switched);
    if (switched) return route({ ...call, switched }, askFor(request, switched), asker);
  }
  const way = wayOf(call, request, asker);
  const answer = orThrow(await way.start());
  const resume = async (thrown: unknown) => orThrow(await way.resume(thrown));
  return answerResponse(answer, asker, resume, continuing(call, request, asker));
}

/** How a call comes to its answer: over the targets of the route, or at its own client alone. */
function wayOf(call: RoutedCall, request: GatewayRequest, asker: CallContext): Walk | AttemptLoop {
  const { runner, input, dialect } = call;
  const { target } = input;
  checkRequest(request.body);
  if (runner.router === undefined || dialect === undefined || target.wantsRawBody) {
    return new AttemptLoop(loopOptions(call, asker, { target, request }, { context: asker }));
  }
  const routed = { request, context: asker };
  return new Walk({
    call: routed,
    context: asker,
    dialect,
    caller: target,
    candidates: runner.router.candidates(routed, { caller: target, dialect }, call.by),
    maxAttempts: call.maxAttempts,
    asksLeastBad: runner.options.breaker?.allOpen === 'least-bad',
    loopOptions: (opened, way) => loopOptions(call, asker, opened, way),
    shadow: (by) => void (call.goesOn || mirror(call, request, by)),
  });
}

/** How the answer is gone on with where it breaks, if it is. */
function continuing(
  call: RoutedCall,
  request: GatewayRequest,
  asker: CallContext,
): Continuing | undefined {
  const { runner, input, scope, dialect, maxAttempts } = call;
  const choice =
    input.options?.onInterrupted ?? scope?.onInterrupted ?? runner.options.onInterrupted;
  if (choice === undefined || choice === 'error' || dialect === undefined) return undefined;
  const goOn = async (next: GatewayRequest): Promise<Asked> => {
    const way = wayOf({ ...call, goesOn: true }, next, asker);
    const answer = orThrow(await way.start());
    return { answer, resume: async (thrown) => orThrow(await way.resume(thrown)) };
  };
  return { choice, request, context: asker, dialect, maxAttempts, ask: goOn };
}

/** What is the same for all targets of a call, and what this one has of its own. In one piece: every attempt makes it. */
function loopOptions(
  { runner, input, context: own, maxAttempts, timeouts, dialect, goesOn }: RoutedCall,
  asker: CallContext,
  opened: Omit<OpenedTarget, 'removed'>,
  { context, observer, shownErrors }: WayToTarget,
): LoopOptions {
  const { target, request, maxRetries, admission, translation } = opened;
  const { options, health, limiter, sizes } = runner;
  const keepsUsage = asker !== own;
  const send = sendThrough(options.attemptInterceptors, target, context);
  return {
    target,
    health: health.of(target.name),
    dialect: translation?.from ?? dialect,
    translation,
    request,
    context,
    send: goesOn ? sendingOn(send, target, target === input.target) : send,
    // What a limit has set aside for a stream is settled by what it used.
    wantsUsage: keepsUsage || admission !== undefined || wantsUsage(runner, own),
    keepsUsage,
    timeouts: opened.timeouts ? { ...timeouts, ...opened.timeouts } : timeouts,
    maxAttempts,
    maxRetries,
    shownErrors,
    observer,
    admission: admitByBoth(limiter, admission),
    maxBodyBytes: sizes.maxBodyBytes,
    maxEventBytes: sizes.maxEventBytes,
  };
}

function cachedRoute(call: RoutedCall, control: CacheControl): Next {
  const { runner, input, context, scope, dialect } = call;
  const { target } = input;
  const tenant = input.options?.tenant ?? scope?.tenant ?? runner.options.tenant;
  const { router } = runner;
  const answer = (request: GatewayRequest, switched?: Switched) =>
    runner.cache().answer({
      request,
      context,
      target,
      isChosen: (name) =>
        router
          ? router.wouldChoose(name, { request, context }, { caller: target, dialect })
          : name === target.name,
      dialect,
      control,
      tenant,
      send: (sent, asker) => route(switched ? { ...call, switched } : call, sent, asker),
      revalidate: () => revalidate(runner, input, context),
    });
  const { budgets, limiters } = runner;
  if (budgets === undefined && limiters.isEmpty) return (request) => answer(request);
  const countsApart = (one: CallContext, other: CallContext) => limiters.countsApart(one, other);
  return (request) => throughBudgets({ context, countsApart }, request, answer);
}

/** Makes a call again in the background, for the cache to store its answer. What comes of it is in its own span and row. */
function revalidate(runner: RunnerOptions, input: CallInput, stale: CallContext): Promise<void> {
  const { cache } = input.options ?? {};
  const mode = { ...(typeof cache === 'object' && cache), mode: 'refresh' } as const;
  return inBackground(() => openCall(runner, again(input, { cache: mode, cause: stale })));
}

/** Makes the call of a request at another route, in the background. What comes of it is in its own span and row. */
function mirror(
  { runner, input, context, dialect }: RoutedCall,
  request: GatewayRequest,
  by: CompiledRoute,
): Promise<void> {
  const { body } = request;
  // A body that can be read once is the caller's.
  if (dialect === undefined || !isPlain(body)) return Promise.resolve();
  return inBackground(() => {
    const copy = { ...again(input, { cache: false, cause: context }), body };
    const shadow = openCall(runner, copy, { by, request });
    shadow.context.decide('mirror', { of: context.id });
    return shadow;
  });
}

function wantsUsage(
  { options, budgets, hasListeners }: RunnerOptions,
  context: CallContext,
): boolean {
  const { streamUsage = 'auto' } = options;
  if (streamUsage !== 'auto') return streamUsage === 'always';
  return (
    hasListeners() ||
    context.hasCallbacks ||
    context.followers !== undefined ||
    // What a limit or a budget has set aside for a stream is settled by what it used.
    options.rateLimit !== undefined ||
    budgets !== undefined
  );
}
