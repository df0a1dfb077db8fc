import { foreignBody, isPlain } from '../dialects/foreign-body.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import { providerOfHost } from '../pipeline/known-providers.js';
import type { Target } from '../pipeline/target.js';

/** What is laid over a body, or a function that gives another. */
export type RequestChange<Call> =
  | Readonly<Record<string, unknown>>
  | ((body: unknown, call: Call) => unknown);

/** How a target is asked. */
export interface Shape<Call> {
  readonly call: Call;
  readonly from: Pick<Target, 'provider' | 'address'>;
  readonly to: Pick<Target, 'provider' | 'address'>;
  readonly model?: string | undefined;
  /** Members to set; `undefined` removes one. Or a function, whose argument is its own to change. */
  readonly change?: RequestChange<Call> | undefined;
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
  const { from, to, model, change, call } = shape;
  const plain = plainBody(request.body);
  const { body, removed, boundBy } = foreignBody(plain, { from: owner(from), to: owner(to) });
  if (boundBy.length > 0) {
    throw noTarget(
      `the request refers to what ${from.provider.name} keeps (${boundBy.join(', ')})`,
    );
  }
  const isAsked = model !== undefined || change !== undefined;
  if (isAsked && !isPlain(body)) throw noTarget('the body is no JSON object');
  const named = isPlain(body) && model !== undefined ? { ...body, model } : body;
  const changed = change === undefined ? named : applyChange(named, change, call);
  const headers = Object.keys(request.headers ?? {}).map((name) => `headers.${name}`);
  return {
    request: { ...request, body: withStream(changed, body), headers: undefined },
    removed: [...removed, ...headers],
  };
}

/** A class of the user's that says itself how it is written. */
function plainBody(body: unknown): unknown {
  if (!isPlain(body) || typeof body.toJSON !== 'function') return body;
  return body.toJSON();
}

/** Whose a target is: of hosts nobody knows each is taken for a provider of its own. */
function owner({ provider: { name }, address }: Shape<unknown>['from']): string {
  const isGuess = name === 'openai' || name === 'anthropic';
  if (!isGuess || providerOfHost(address.host) !== undefined) return name;
  return `${address.host}:${address.port}`;
}

function applyChange<Call>(body: unknown, change: RequestChange<Call>, call: Call): unknown {
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
function withStream(changed: unknown, before: unknown): unknown {
  if (!isPlain(changed) || !isPlain(before) || changed.stream === before.stream) return changed;
  const { stream: _stream, ...rest } = changed;
  return before.stream === undefined ? rest : { ...rest, stream: before.stream };
}

function noTarget(why: string): GatewayError {
  return new GatewayError(`another target cannot be asked: ${why}`, { code: 'zerohop_no_target' });
}

function badFunction(what: string, cause?: unknown): GatewayError {
  return new GatewayError(`a target's request function ${what}`, {
    code: 'zerohop_interceptor',
    cause,
  });
}
