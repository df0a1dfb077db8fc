import { resolveControl } from '../cache/cache-options.js';
import { CallKeys } from '../cache/call-key.js';
import { unstorableRequest } from '../cache/storable.js';
import { recogniseOperation } from '../dialects/recognise.js';
import { CallContext } from '../pipeline/call-context.js';
import type { CallInput } from '../pipeline/call-port.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import { mergeMetadata } from '../pipeline/metadata.js';
import { refuse } from '../pipeline/option-checks.js';
import { tagCallOptions } from '../pipeline/per-call.js';
import type { Operation } from '../pipeline/settlement.js';
import type { Candidates, PlannedCall } from '../routing/route/candidates.js';
import { primaryTarget } from '../routing/route/configured-target.js';
import { type ExplainedTarget, explainTargets } from '../routing/route/explain-route.js';
import { RouteHealth } from '../routing/route/route-health.js';
import { PRIMARY } from '../routing/route/route-nodes.js';
import type { PlannedBy } from '../routing/route/router.js';
import { isSdkClient } from '../sdk/client-types.js';
import { rehearseCall } from '../sdk/rehearse-call.js';
import { maxAttemptsOf, mergeTimeouts, modelOf } from './call-parts.js';
import { type CostEstimates, estimateSize } from './cost-estimates.js';
import type { AnyExplainRequest, ExplainedCache, Explanation } from './explain-types.js';
import type { Gateway } from './gateway.js';
import { checkCallOptions } from './gateway-options.js';
import type { Limiters } from './make-limiter.js';
import type { RunnerOptions } from './open-call.js';
import { requestOf } from './open-context.js';

/** What calls are explained with. */
export interface Explaining {
  readonly gateway: Gateway;
  readonly runner: RunnerOptions;
  readonly estimates: CostEstimates;
  readonly limiters: Limiters;
  /** The gateway leaves all calls to the SDK. */
  readonly bypassed: boolean;
}

/** What a call would meet now, as its client would make it. */
export async function explain(
  explaining: Explaining,
  { client, operation, body, options = {}, request = {} }: AnyExplainRequest,
): Promise<Explanation> {
  checkCallOptions(options, 'explain.options');
  if (!isSdkClient(client) || Reflect.get(client, 'gateway') !== explaining.gateway) {
    refuse('explain.client', 'must be a client that this gateway has wrapped');
  }
  const { bypass = false, ...own } = options;
  const call = { operation, body, options: tagCallOptions(own, request) };
  const bypassed = explaining.bypassed || bypass;
  return explainCall({ ...explaining, bypassed }, await rehearseCall(client, call));
}

/** What a call would meet now. Sends nothing, counts nothing and changes nothing. */
async function explainCall(
  { runner, estimates, limiters, bypassed }: Explaining,
  input: CallInput,
): Promise<Explanation> {
  const { stream, target, options } = input;
  const { operation, dialect } = recogniseOperation(input.method, input.path, input.body);
  if (dialect === undefined) {
    throw new GatewayError(`explain: ${input.path} is none of what targets are asked for`, {
      code: 'zerohop_client',
    });
  }
  const scope = runner.scope();
  const context = contextOf(runner, input, operation);
  const request = requestOf(runner.options, input, context);
  const targets = [
    ...explainTargets(...planOf(runner, { request, context }, { caller: target, dialect }), {
      now: runner.clock.now(),
      costOf: estimates.of(request),
    }),
  ];
  const first = firstOf(targets, runner.options.breaker?.allOpen);
  return {
    operation,
    dialect,
    stream,
    bypassed,
    targets,
    first: first?.name,
    limits: limiters.explain({ request, context }, targets),
    budgets: (await runner.budgets?.explain({ request, context, target })) ?? [],
    cache: cacheOf(runner, input, { request, context }),
    timeouts: mergeTimeouts(runner.options.timeouts, scope?.timeouts, options?.timeouts),
    timeoutMs: target.timeoutMs,
    maxRetries: target.maxRetries,
    maxAttempts: maxAttemptsOf(runner.options, scope, options),
    size: estimateSize(request),
    cost: first?.cost,
    unpriced: first?.unpriced,
  };
}

interface ExplainedCall {
  readonly request: GatewayRequest;
  readonly context: CallContext;
}

/** A context that no one follows and that settles nothing, for the functions of a route and of the cache. */
function contextOf(runner: RunnerOptions, input: CallInput, operation: Operation): CallContext {
  const { options, clock, logger } = runner;
  const { values } = mergeMetadata([
    options.metadata,
    runner.scope()?.metadata,
    input.options?.metadata,
  ]);
  return new CallContext({
    id: 'zh_explained',
    operation,
    requestModel: modelOf(input.body),
    stream: input.stream,
    metadata: values,
    logger,
    clock,
    callerSignal: undefined,
    onSettled: () => undefined,
  });
}

/** The targets of a call, and the call as its route plans it. */
function planOf(
  { router, clock }: RunnerOptions,
  call: ExplainedCall,
  by: PlannedBy,
): readonly [Candidates, PlannedCall] {
  if (router) return [router.candidates(call, by), router.planned(call, by)];
  const primary = primaryTarget(by.caller.name, new RouteHealth(clock));
  const planned = { ...call, ...by, primary, refusal: () => undefined };
  return [PRIMARY.candidates(planned), planned];
}

/** The target that would be asked first: where none is to be asked, perhaps the one that would be again first. */
function firstOf(
  targets: readonly ExplainedTarget[],
  allOpen: 'refuse' | 'least-bad' | undefined,
): ExplainedTarget | undefined {
  const own = targets.filter(({ role }) => role !== 'shadow');
  const asked = own.find(({ skipped }) => skipped === undefined);
  if (asked || allOpen !== 'least-bad') return asked;
  const waitOf = ({ retryAfterMs = 0 }: ExplainedTarget) => retryAfterMs;
  return own
    .filter(({ skipped }) => skipped === 'open' || skipped === 'dead')
    .sort((one, other) => waitOf(one) - waitOf(other))[0];
}

function cacheOf(
  runner: RunnerOptions,
  { options, target }: CallInput,
  { request, context }: ExplainedCall,
): ExplainedCache | undefined {
  const { cache, tenant: own } = runner.options;
  const scope = runner.scope();
  const control = resolveControl(cache, scope?.cache, options?.cache);
  if (control === undefined) return undefined;
  const tenant = options?.tenant ?? scope?.tenant ?? own;
  const { mode, ttlMs } = control;
  const only = control.only === 'deterministic' ? control.only : undefined;
  const { operation, body } = request;
  const bypass = mode === 'off' ? 'off' : unstorableRequest({ operation, body, only });
  const keys = new CallKeys(typeof cache === 'object' ? cache : {});
  const key =
    bypass === undefined ? keys.of({ request, context, target, control, tenant }) : undefined;
  return {
    mode,
    key,
    bypass: bypass ?? (key === undefined ? 'uncanonical' : undefined),
    scope: control.scope === 'shared' ? 'shared' : tenant === undefined ? 'credential' : 'tenant',
    ttlMs,
  };
}
