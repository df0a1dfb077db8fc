import type { DialectName } from '../../dialects/dialect.js';
import { type Capability, needsOf } from '../../dialects/request-needs.js';
import { withoutSealed } from '../../dialects/translation/sealed.js';
import { dialectFor, isTranslated } from '../../dialects/translation/translate-request.js';
import type { Admission } from '../../pipeline/admission.js';
import type { GatewayRequest } from '../../pipeline/contract.js';
import type { Target } from '../../pipeline/target.js';
import type { ClientSource } from '../../sdk/client-source.js';
import { type OpenedForeign, openForeign } from '../../sdk/open-foreign.js';
import {
  type Owner,
  type Passage,
  plainBody,
  refusedParameter,
  stripRequest,
} from '../../sdk/shape-request.js';
import { translated } from '../../sdk/translated-request.js';
import type { Breaker } from '../breaker.js';
import type { RecentKeys } from './recent-keys.js';
import type { RouteHealth } from './route-health.js';
import type { RouteTarget } from './route-target.js';
import type { RouteCall, TargetOptions } from './route-types.js';

/** What stands for {@link primary} in the calls of one client. */
export function primaryTarget(name: string, health: RouteHealth): RouteTarget {
  return {
    name,
    region: undefined,
    keyLabel: 'primary',
    weight: 1,
    health,
    refusal: () => undefined,
    asksIn: (dialect) => dialect,
    asks: ({ body }, caller) => ({ provider: caller.provider.name, model: modelIn(body) }),
    strip: (_dialect, { body }) => ({ ...withoutSealed(body), boundBy: [] }),
    open: ({ request }, { caller }) => {
      const { body, removed } = withoutSealed(request.body);
      return {
        target: caller,
        request: removed.length > 0 ? { ...request, body } : request,
        removed,
      };
    },
  };
}

/** What a target of the user's is made of. */
export interface TargetParts {
  readonly name: string;
  readonly options: TargetOptions;
  readonly source: ClientSource<RouteCall>;
  /** Whose it is; `undefined` where only a call will tell. */
  readonly owner: Owner | undefined;
  readonly health: RouteHealth;
  /** What is known of the keys that its calls bring; absent where it has one of its own. */
  readonly keys: RecentKeys<Breaker> | undefined;
  /** Limits of its own. */
  readonly admission: Admission | undefined;
}

/** A target of the user's. */
export function configuredTarget(parts: TargetParts): RouteTarget {
  const { name, options, source, owner, health, keys, admission } = parts;
  const { weight = 1, region, keyLabel, timeouts, maxRetries, model, request, headers } = options;
  const { unsupported, onUnsupported = 'drop', dialect, maxTokens, capabilities } = options;
  const structuredOutput = capabilities?.structuredOutput;
  const asked = { model, request, headers, maxRetries, dialect, maxTokens, structuredOutput };
  const spec = { ...asked, name, source, unsupported, onUnsupported };
  const lacking = lackingOf(options);
  const lackingElsewhere = lacking.filter((name) => name !== 'structuredOutput');
  /** The request in another dialect, where it is known now that it needs one. */
  const asksIn = (from: DialectName) =>
    source.dialects && dialectFor(from, source.dialects, dialect);
  const translation = (from: DialectName, asked: GatewayRequest) => {
    const to = asksIn(from);
    if (owner === undefined || to === undefined || to === from || !isTranslated(to))
      return undefined;
    return translated(asked, { ...spec, from, to, owner });
  };
  const passage = (caller: Target): Passage | undefined =>
    owner && { from: caller, to: owner, unsupported };
  return {
    name,
    region,
    keyLabel,
    weight,
    health,
    refusal(from, asked, caller) {
      const to = asksIn(from);
      if (source.dialects && to === undefined) return 'dialect';
      // Asked for in another wire format, an answer of a form can be had by a tool.
      const own = to === undefined || to === from ? lacking : lackingElsewhere;
      if (isBeyond(own, asked)) return 'capability';
      // What cannot be said at all is found when it is opened.
      if (onUnsupported === 'drop') return undefined;
      const told = translation(from, asked);
      if (told) return told.refused.length > 0 ? 'unsupported' : undefined;
      const way = passage(caller);
      return way && refusedParameter(asked, way, onUnsupported) !== undefined
        ? 'unsupported'
        : undefined;
    },
    asksIn,
    asks: ({ body }) => ({
      provider: owner?.provider.name,
      model: modelIn(request) ?? model ?? modelIn(body),
    }),
    strip(from, asked, caller) {
      const told = translation(from, asked);
      if (told) return { ...told, boundBy: told.refused };
      const way = passage(caller);
      return way && stripRequest(asked, way);
    },
    open(call, by) {
      const completed = ({ target, request, translation, removed }: OpenedForeign) => ({
        target,
        request,
        translation,
        removed,
        timeouts,
        maxRetries,
        admission,
        key: keys?.of(target.identity().credential),
      });
      const opening = openForeign(spec, call, by);
      return opening instanceof Promise ? opening.then(completed) : completed(opening);
    },
  };
}

/** What a target is declared not to be able to. */
function lackingOf({ capabilities = {} }: TargetOptions): readonly Capability[] {
  // Their names were checked.
  const names = Object.keys(capabilities) as Capability[];
  return names.filter((name) => capabilities[name] === false);
}

function isBeyond(lacking: readonly Capability[], { body, stream }: GatewayRequest): boolean {
  if (lacking.length === 0) return false;
  const needs = needsOf(plainBody(body), stream);
  return lacking.some((name) => needs.has(name));
}

/** The model that a body, or what is laid over one, names. */
function modelIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : undefined;
}
