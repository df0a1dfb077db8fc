import type { CacheDirectives } from './cache-types.js';
import type { CallContext } from './call-context.js';
import type { CallOptions } from './contract.js';
import type { Target } from './target.js';

/** A call at one of the doors. */
export interface CallInput {
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly stream: boolean;
  readonly callerSignal: AbortSignal | undefined;
  readonly options: CallOptions | undefined;
  readonly target: Target;
  /** What the request's own headers say of the cache: it can only take away from what is on. */
  readonly cacheDirectives?: CacheDirectives | undefined;
  /** The call that set this one off, in the background. */
  readonly cause?: CallContext | undefined;
}

/** A call on its way. */
export interface OpenCall {
  readonly context: CallContext;
  /** Rejects with the error the caller is to see. */
  readonly response: Promise<Response>;
}

/** What the doors need of a gateway. */
export interface CallPort {
  /** Whether calls are left to the bare SDK at the moment. */
  readonly isBypassed: boolean;
  open(input: CallInput): OpenCall;
}
