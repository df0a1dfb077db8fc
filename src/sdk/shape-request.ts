import {
  type Crossing,
  foreignBody,
  foreignParameters,
  isPlain,
} from '../dialects/foreign-body.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Target } from '../pipeline/target.js';

/** What is laid over a body, or a function that gives another. */
export type RequestChange<Call> =
  | Readonly<Record<string, unknown>>
  | ((body: unknown, call: Call) => unknown);

const NONE: readonly string[] = [];

/** Whose a target is. */
export type Owner = Pick<Target, 'provider' | 'owner'>;

/** Between whom a request goes. */
export interface Passage {
  readonly from: Owner;
  readonly to: Owner;
  /** Parameters that the target does not take, beside those that are known to be the caller's provider's own. */
  readonly unsupported?: readonly string[] | undefined;
}

/** What is done about a parameter that a target does not take. */
export type OnUnsupported =
  | 'drop'
  | 'error'
  | ((parameter: string, request: GatewayRequest) => 'drop' | 'error');

/** How a target is asked. */
export interface Shape<Call> extends Passage {
  readonly call: Call;
  readonly model?: string | undefined;
  /** Members to set; `undefined` removes one. Or a function, whose argument is its own to change. */
  readonly change?: RequestChange<Call> | undefined;
}

/** What another target may have of a request. */
export interface StrippedRequest {
  readonly body: unknown;
  /** What was taken out of the request. Names only. */
  readonly removed: readonly string[];
  /** What it refers to of what the caller's provider keeps: without that it would mean something else. */
  readonly boundBy: readonly string[];
}

/** A request as another target is to be asked. */
export interface ShapedRequest {
  readonly request: GatewayRequest;
  /** What was taken out of it. Names only. */
  readonly removed: readonly string[];
}

/**
 * The caller's request as another target is to be asked: without what was made for the caller's own
 * provider, with the target's model and changes. Headers that interceptors of the call ring set were set for
 * the caller's client, and stay behind. Nothing that was given is changed.
 *
 * @throws {@link GatewayError} `zerohop_no_target` where the request refers to what only the caller's provider
 * has, or cannot be changed; `zerohop_interceptor` where the user's function fails
 */
export function shapeRequest<Call>(request: GatewayRequest, shape: Shape<Call>): ShapedRequest {
  const { from, model, change, call } = shape;
  const { body, removed, boundBy } = stripRequest(request, shape);
  if (boundBy.length > 0) {
    throw noTarget(
      `the request refers to what ${from.provider.name} keeps (${boundBy.join(', ')})`,
    );
  }
  return { request: withBody(request, changedBody(body, { model, change, call })), removed };
}

/** The same request with another body, and without headers. */
export function withBody(request: GatewayRequest, body: unknown): GatewayRequest {
  const { operation, method, path, stream } = request;
  return { operation, method, path, body, stream, headers: undefined };
}

function changedBody<Call>(
  body: unknown,
  { model, change, call }: Pick<Shape<Call>, 'model' | 'change' | 'call'>,
): unknown {
  if (model === undefined && change === undefined) return body;
  if (!isPlain(body)) throw noTarget('the body is no JSON object');
  const named = model === undefined ? body : { ...body, model };
  return change === undefined ? named : withStream(applyChange(named, change, call), body);
}

/** What another target may have of a request. Headers that interceptors set, they set for the caller's client. */
export function stripRequest(request: GatewayRequest, passage: Passage): StrippedRequest {
  const { unsupported = NONE } = passage;
  const isOwn = passage.from.owner === passage.to.owner;
  // Between keys of one provider, mostly, there is nothing to do.
  if (isOwn && unsupported.length === 0 && request.headers === undefined) {
    return { body: plainBody(request.body), removed: NONE, boundBy: NONE };
  }
  const foreign = foreignBody(plainBody(request.body), crossing(passage));
  const { body, dropped } = without(foreign.body, unsupported);
  const { removed, boundBy } = foreign;
  if (dropped.length === 0 && request.headers === undefined) return { body, removed, boundBy };
  const headers = Object.keys(request.headers ?? {}).map((name) => `headers.${name}`);
  return { body, removed: [...removed, ...dropped, ...headers], boundBy };
}

/** The first parameter of a request for which a target is not to be asked at all. */
export function refusedParameter(
  request: GatewayRequest,
  passage: Passage,
  onUnsupported: OnUnsupported,
): string | undefined {
  if (onUnsupported === 'drop') return undefined;
  const body = plainBody(request.body);
  const { dropped } = without(body, passage.unsupported ?? []);
  const parameters = new Set([...foreignParameters(body, crossing(passage)), ...dropped]);
  return [...parameters].find((parameter) => isRefused(parameter, request, onUnsupported));
}

/** Whether a target is not to be asked, for a parameter. A function that fails says nothing. */
export function isRefused(
  parameter: string,
  request: GatewayRequest,
  onUnsupported: OnUnsupported,
): boolean {
  if (typeof onUnsupported === 'string') return onUnsupported === 'error';
  try {
    return onUnsupported(parameter, request) === 'error';
  } catch {
    return false;
  }
}

function crossing({ from, to }: Passage): Crossing {
  return { from: from.owner, to: to.owner };
}

/** A body without members of these names. */
export function without(
  body: unknown,
  names: readonly string[],
): { readonly body: unknown; readonly dropped: readonly string[] } {
  if (names.length === 0 || !isPlain(body)) return { body, dropped: NONE };
  const dropped = names.filter((name) => Object.hasOwn(body, name) && body[name] !== undefined);
  if (dropped.length === 0) return { body, dropped };
  const kept = Object.entries(body).filter(([name]) => !dropped.includes(name));
  return { body: Object.fromEntries(kept), dropped };
}

/** A class of the user's that says itself how it is written. */
export function plainBody(body: unknown): unknown {
  if (!isPlain(body) || typeof body.toJSON !== 'function') return body;
  return body.toJSON();
}

export function applyChange<Call>(body: unknown, change: RequestChange<Call>, call: Call): unknown {
  if (typeof change === 'function') return askFunction(body, change, call);
  const merged = { ...(body as object), ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

function askFunction<Call>(
  body: unknown,
  change: (body: unknown, call: Call) => unknown,
  call: Call,
): unknown {
  let changed: unknown;
  try {
    changed = change(ownCopy(body), call);
  } catch (error) {
    throw badFunction('threw', error);
  }
  if (!isPlain(changed) || 'then' in changed) throw badFunction('did not return a JSON object');
  return changed;
}

/** A copy that may be changed in every part. */
function ownCopy(body: unknown): unknown {
  try {
    return structuredClone(body);
  } catch {
    // It holds what JSON leaves out, a function perhaps.
    return JSON.parse(JSON.stringify(body));
  }
}

/** Whether it is a stream is the caller's to say: its SDK waits for one or the other. */
export function withStream(changed: unknown, before: unknown): unknown {
  if (!isPlain(changed) || !isPlain(before) || changed.stream === before.stream) return changed;
  const { stream: _stream, ...rest } = changed;
  return before.stream === undefined ? rest : { ...rest, stream: before.stream };
}

/** Why a target cannot be asked this. */
export function noTarget(why: string): GatewayError {
  return new GatewayError(`another target cannot be asked: ${why}`, { code: 'zerohop_no_target' });
}

function badFunction(what: string, cause?: unknown): GatewayError {
  return new GatewayError(`a target's request function ${what}`, {
    code: 'zerohop_interceptor',
    cause,
  });
}
