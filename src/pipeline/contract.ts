/**
 * The contract of the pipeline. Types and their rules only.
 *
 * A call passes two rings. The call ring runs once for a call, around everything: retries, fallbacks,
 * the cache. The attempt ring runs once for each request that is sent to a target.
 */
import type { CacheCallOptions } from './cache-types.js';
import type {
  AttemptRecord,
  Decision,
  Failure,
  Operation,
  ResponseFacts,
  Settlement,
} from './settlement.js';

/** Metadata of the whole application. Augment it to type the keys: see {@link Metadata}. */
// biome-ignore lint/suspicious/noEmptyInterface: it exists to be augmented by applications
export interface Register {}

/**
 * What an application tags its calls with. Typed once for the whole application by
 * `declare module 'zerohop' { interface Register { metadata: { userId: string } } }`.
 */
export type Metadata = Register extends { metadata: infer Registered }
  ? Partial<Registered>
  : Readonly<Record<string, unknown>>;

/** The gateway's own deadlines, in ms: finite, positive, at most 2^31-1. */
export interface Timeouts {
  /** From the moment an attempt is sent until it has a connection. Not observed on a `fetch` of the user's. @defaultValue none beyond the dispatcher's own */
  readonly connect?: number | undefined;
  /** From the moment an attempt is sent until its first event, or, where it does not stream, its headers. @defaultValue none beyond the SDK's `timeout` */
  readonly firstByte?: number | undefined;
  /** Between two content events of a stream, or two pieces of a body. Comments and pings do not count. @defaultValue the SDK's `timeout` */
  readonly idle?: number | undefined;
  /** The whole call: queue, attempts, back-off and body. @defaultValue none */
  readonly total?: number | undefined;
}

/** What one call can set for itself: the argument of `perCall()` and of `gateway.run()`. */
export interface CallOptions {
  /** Merged over the client's and the scope's. */
  readonly metadata?: Metadata | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Upper bound of requests sent for this call, over all targets. @defaultValue (maxRetries + 1) × targets, at most 12 */
  readonly maxAttempts?: number | undefined;
  /** What is done where a stream breaks after something of it has reached the caller: `'error'` is a typed error with what had arrived; `'continue'` has the answer gone on with, as long as it is plain text, and is that error where it is not; or a function that decides. @defaultValue 'error' */
  readonly onInterrupted?: OnInterrupted | undefined;
  /** Whose call this is: calls of different tenants never share an answer. @defaultValue told apart by credential */
  readonly tenant?: string | undefined;
  /** What this call asks of the cache: over the scope's and the client's. `false` leaves the cache out, `true` lets it in. */
  readonly cache?: boolean | CacheCallOptions | undefined;
  /** `true` leaves this call to the bare SDK. @defaultValue false */
  readonly bypass?: boolean | undefined;
}

/** What is done about a stream that breaks after something of it has reached the caller. */
export type OnInterrupted =
  | 'error'
  | 'continue'
  | ((interruption: Interruption) => InterruptionAnswer | Promise<InterruptionAnswer>);

/**
 * `'error'` ends the call with it; `'continue'` asks the route to go on where the text stopped; a body of one's own
 * is sent in the place of that request, and what is answered is put behind the text in the same way.
 */
export type InterruptionAnswer = 'error' | 'continue' | { readonly body: object };

/** A stream that broke after something of it had reached the caller. */
export interface Interruption {
  readonly failure: Failure;
  /** What had arrived, of all parts together: text, usage as far as it was reported. */
  readonly partial: ResponseFacts;
  /** Name of the target whose stream it was. */
  readonly target: string;
  /** How often this call has been continued already. */
  readonly continuations: number;
  readonly context: GatewayContext;
}

/** One call, or one attempt of it, on its way in. Pass a changed copy to `next`; never change it in place. */
export interface GatewayRequest {
  readonly operation: Operation;
  /** Upper case. */
  readonly method: string;
  /** As the SDK named it, before the base URL (`/chat/completions`), or the URL's path at the second door. Not to be changed. */
  readonly path: string;
  /** The body as an object where it is JSON, else as the caller gave it. */
  readonly body: unknown;
  /** Whether the caller asked for a stream. */
  readonly stream: boolean;
  /** Headers to add to those of the SDK; `null` removes one. */
  readonly headers?: Readonly<Record<string, string | null>> | undefined;
}

/** Calls the rest of the pipeline. May be called more than once. */
export type Next = (request: GatewayRequest) => Promise<Response>;

/**
 * Wraps every call, or every attempt. The first in the list is the outermost; its function name appears
 * in errors and in the trail. It must return a response whose body is unread (edit with `editJson` and
 * `mapEvents`), or throw.
 */
export type Interceptor = (
  request: GatewayRequest,
  next: Next,
  context: GatewayContext,
) => Promise<Response>;

/** Where the gateway reports what must not fail a call. Default: silent. */
export interface Logger {
  debug?(message: string, detail?: Readonly<Record<string, unknown>>): void;
  warn?(message: string, detail?: Readonly<Record<string, unknown>>): void;
  error?(message: string, detail?: Readonly<Record<string, unknown>>): void;
}

/** One call, as interceptors see it. The same object in both rings. */
export interface GatewayContext {
  /** Unique for the call; also in the `x-zerohop-call-id` response header. */
  readonly id: string;
  readonly operation: Operation;
  /** Client, scope and call, merged in that order. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Aborts when the caller gives up or the call's deadline passes. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** In the attempt ring: which attempt this is, counted from 0. */
  readonly attempt: number;
  /** What was tried so far. */
  readonly attempts: readonly AttemptRecord[];
  readonly decisions: readonly Decision[];
  /** Adds to the trail. Categorical: no content, no upstream text. */
  decide(kind: string, detail?: Decision['detail']): void;
  /** Calls back once, when the call has settled. What it returns is awaited by `gateway.flush()`; what it throws is counted and goes to the logger. */
  onSettled(callback: (settlement: Settlement) => unknown): void;
}
