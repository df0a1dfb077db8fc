import type { CallContext } from '../pipeline/call-context.js';
import { changeHeaders } from '../pipeline/call-identity.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { Target } from '../pipeline/target.js';
import { cacheKey, DEFAULT_EXCLUDED } from './cache-key.js';
import type { CacheControl, CacheOptions } from './cache-options.js';
import { UncanonicalError } from './canonical-json.js';

/** A call whose answer is looked for. */
export interface KeyedCall {
  readonly request: GatewayRequest;
  readonly context: CallContext;
  readonly target: Target;
  readonly control: CacheControl;
  readonly tenant: string | undefined;
}

/** Makes the keys of one cache. */
export class CallKeys {
  readonly #version: string;
  readonly #exclude: ReadonlySet<string>;
  readonly #ignored: ReadonlySet<string>;

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
      const { headers, credential } = request.headers
        ? changeHeaders(identity, request.headers)
        : identity;
      return cacheKey({
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
        custom: typeof control.key === 'function' ? callKey(call, control.key) : control.key,
        body: request.body,
        exclude: this.#exclude,
      });
    } catch (error) {
      if (error instanceof UncanonicalError) return undefined;
      throw error;
    }
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
