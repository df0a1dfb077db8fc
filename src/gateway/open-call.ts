import type { Budgets, Switched } from '../budgets/budgets.js';
import { type CacheControl, resolveControl, restrictControl } from '../cache/cache-options.js';
import type { ResponseCache } from '../cache/response-cache.js';
import type { DialectName } from '../dialects/dialect.js';
import { recogniseOperation } from '../dialects/recognise.js';
import type { AnswerTranslation } from '../dialects/translation/translate-request.js';
import { type Admission, admitByBoth } from '../pipeline/admission.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { CallInput, OpenCall } from '../pipeline/call-port.js';
import type { Clock } from '../pipeline/clock.js';
import { composePipeline } from '../pipeline/compose-pipeline.js';
import type { CallOptions, GatewayRequest, Logger, Next, Timeouts } from '../pipeline/contract.js';
import { type Feature, Followers } from '../pipeline/feature.js';
import type { Pricer } from '../pipeline/pricer.js';
import type { Target } from '../pipeline/target.js';
import { AttemptLoop } from '../routing/attempt-loop.js';
import { checkRequest } from '../routing/check-request.js';
import { sendingOn } from '../routing/continuation/continuation-request.js';
import type { Asked, Continuing } from '../routing/continuation/continued-stream.js';
import { answerResponse } from '../routing/finish-response.js';
import type { HealthBook } from '../routing/health-book.js';
import type { LoopOptions } from '../routing/loop-options.js';
import type { CompiledRoute } from '../routing/route/candidates.js';
import type { Router } from '../routing/route/router.js';
import { Walk } from '../routing/route/walk.js';
import { again, inBackground, isPlain } from './background.js';
import { mergeTimeouts } from './call-parts.js';
import {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_EVENT_BYTES,
  type GatewayOptions,
  MAX_ATTEMPTS,
} from './gateway-options.js';
import type { Limiters } from './make-limiter.js';
import { openContext, requestOf, setDeadline } from './open-context.js';
import { sendThrough } from './send-through.js';
import { settleCall } from './settle-call.js';
import { askFor, OtherModel, throughBudgets } from './through-budgets.js';
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
  const call: RoutedCall = { runner, input, by, context, scope, timeouts, dialect };
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
  const { answer, resume } = await ask(call, request, asker);
  return answerResponse(answer, asker, resume, continuing(call, request, asker));
}

async function ask(call: RoutedCall, request: GatewayRequest, asker: CallContext): Promise<Asked> {
  const { runner, input, dialect } = call;
  checkRequest(request.body);
  if (runner.router && dialect && !input.target.wantsRawBody) {
    const walk = new Walk({
      call: { request, context: asker },
      context: asker,
      dialect,
      caller: input.target,
      candidates: runner.router.candidates({ request, context: asker }, input.target, call.by),
      maxAttempts: limitsOf(runner, input, call.scope).maxAttempts,
      asksLeastBad: runner.options.breaker?.allOpen === 'least-bad',
      loopOptions: (opened, context) => loopOptions(call, asker, { ...opened, context }),
      shadow: (by) => void (call.goesOn || mirror(call, request, by)),
    });
    return { answer: await walk.start(), resume: (thrown) => walk.resume(thrown) };
  }
  const { target } = input;
  const own = loopOptions(call, asker, { target, context: asker });
  const loop = new AttemptLoop({ ...own, target, request, context: asker });
  return { answer: await loop.start(), resume: (thrown) => loop.resume(thrown) };
}

/** How the answer is gone on with where it breaks, if it is. */
function continuing(
  call: RoutedCall,
  request: GatewayRequest,
  asker: CallContext,
): Continuing | undefined {
  const { runner, input, scope, dialect } = call;
  const choice =
    input.options?.onInterrupted ?? scope?.onInterrupted ?? runner.options.onInterrupted;
  if (choice === undefined || choice === 'error' || dialect === undefined) return undefined;
  const { maxAttempts } = limitsOf(runner, input, scope);
  const goOn = (next: GatewayRequest) => ask({ ...call, goesOn: true }, next, asker);
  return { choice, request, context: asker, dialect, maxAttempts, ask: goOn };
}

interface Sender {
  readonly context: CallContext;
  readonly target: Target;
  readonly timeouts?: Timeouts | undefined;
  /** Limits of its own. */
  readonly admission?: Admission | undefined;
  readonly translation?: AnswerTranslation | undefined;
}

/** What is the same for all targets of a call, and what this one has of its own. */
function loopOptions(
  { runner, input, context, scope, timeouts, dialect, goesOn }: RoutedCall,
  asker: CallContext,
  { target, timeouts: own, context: sender, admission, translation }: Sender,
): Omit<LoopOptions, 'target' | 'request' | 'context'> {
  const keepsUsage = asker !== context;
  const send = sendThrough(runner.options.attemptInterceptors, target, sender);
  return {
    ...limitsOf(runner, input, scope),
    health: runner.health.of(target.name),
    dialect: translation?.from ?? dialect,
    translation,
    send: goesOn ? sendingOn(send, target, target === input.target) : send,
    // What a limit has set aside for a stream is settled by what it used.
    wantsUsage: keepsUsage || admission !== undefined || wantsUsage(runner, context),
    keepsUsage,
    timeouts: own ? { ...timeouts, ...own } : timeouts,
    admission: admitByBoth(runner.limiter, admission),
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
        router ? router.wouldChoose(name, { request, context }, target) : name === target.name,
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

export function limitsOf(
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
