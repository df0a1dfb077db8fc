import type { CallContext } from '../pipeline/call-context.js';
import { type CallIdentity, changeHeaders } from '../pipeline/call-identity.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { Target } from '../pipeline/target.js';
import { type CacheKeyHead, cacheKey, DEFAULT_EXCLUDED, headText, keyUnder } from './cache-key.js';
import type { CacheControl, CacheOptions } from './cache-options.js';
import { UncanonicalError } from './canonical-text.js';

/** A call whose answer is looked for. */
export interface KeyedCall {
  readonly request: GatewayRequest;
  readonly context: CallContext;
  readonly target: Target;
  readonly control: CacheControl;
  readonly tenant: string | undefined;
}

/** How the keys of a client's calls began the last time, and the calls for which they begin that way. */
interface KnownHead {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly scope: CacheControl['scope'];
  readonly tenant: string | undefined;
  readonly text: string;
}

/** Makes the keys of one cache. */
export class CallKeys {
  readonly #version: string;
  readonly #exclude: ReadonlySet<string>;
  readonly #ignored: ReadonlySet<string>;
  readonly #heads = new WeakMap<CallIdentity, KnownHead>();

  constructor({ version = '', exclude = [], ignoreHeaders = [] }: CacheOptions) {
    this.#version = version;
    this.#exclude =
      exclude.length === 0 ? DEFAULT_EXCLUDED : new Set([...DEFAULT_EXCLUDED, ...exclude]);
    this.#ignored = new Set(ignoreHeaders.map((name) => name.toLowerCase()));
  }

  /** The key of a call; `undefined` where its body cannot be told from others. */
  of(call: KeyedCall): string | undefined {
    const { request, target, control } = call;
    try {
      const identity = target.identity();
      const isPlain =
        request.headers === undefined && control.key === undefined && control.vary.length === 0;
      if (isPlain) return keyUnder(this.#headOf(call, identity), request.body, this.#exclude);
      const custom = typeof control.key === 'function' ? callKey(call, control.key) : control.key;
      const head = this.#head(call, identity);
      return cacheKey({ ...head, custom, body: request.body });
    } catch (error) {
      if (error instanceof UncanonicalError) return undefined;
      throw error;
    }
  }

  /** How the key of a call begins that has nothing of its own but its body: as the last one did, for most calls. */
  #headOf(call: KeyedCall, identity: CallIdentity): string {
    const { operation, method, path } = call.request;
    const { tenant } = call;
    const { scope } = call.control;
    const known = this.#heads.get(identity);
    if (
      known?.operation === operation &&
      known.method === method &&
      known.path === path &&
      known.scope === scope &&
      known.tenant === tenant
    ) {
      return known.text;
    }
    const text = headText(this.#head(call, identity));
    this.#heads.set(identity, { operation, method, path, scope, tenant, text });
    return text;
  }

  #head(call: KeyedCall, identity: CallIdentity): CacheKeyHead {
    const { request } = call;
    const { headers, credential } = request.headers
      ? changeHeaders(identity, request.headers)
      : identity;
    return {
      operation: request.operation,
      method: request.method,
      path: request.path,
      query: identity.query,
      origin: identity.origin,
      scope: scopeOf(call, credential),
      headers:
        this.#ignored.size === 0 ? headers : headers.filter(([name]) => !this.#ignored.has(name)),
      version: this.#version,
      vary: this.#vary(call),
      exclude: this.#exclude,
    };
  }

  #vary({ control, context }: KeyedCall): Readonly<Record<string, unknown>> {
    if (control.vary.length === 0) return NOTHING;
    return Object.fromEntries(control.vary.map((name) => [name, context.metadata[name]]));
  }
}

const NOTHING: Readonly<Record<string, unknown>> = {};

function scopeOf({ control, tenant }: KeyedCall, credential: string): readonly string[] {
  if (control.scope === 'shared') return ['shared'];
  return tenant === undefined ? ['credential', credential] : ['tenant', tenant];
}

/** The user's own key. One that throws, or gives no text, leaves the body in. */
function callKey(
  { request, context }: KeyedCall,
  key: Extract<CacheControl['key'], (...args: never) => unknown>,
): string | undefined {
  try {
    const given: unknown = key(request, context);
    return typeof given === 'string' && given !== '' ? given : undefined;
  } catch (error) {
    complain(context, error);
    return undefined;
  }
}

function complain({ logger, id }: CallContext, error: unknown): void {
  try {
    logger.warn?.('cache.key threw; the body is the key', { callId: id, error: String(error) });
  } catch {
    // A logger that fails must not fail a call.
  }
}
