import type { DialectName } from '../dialects/dialect.js';
import type { ExplainedBudget } from '../pipeline/budget-types.js';
import type { CacheMode } from '../pipeline/cache-types.js';
import type { CallOptions, Timeouts } from '../pipeline/contract.js';
import type { ExplainedLimit } from '../pipeline/limit-types.js';
import type { Cost, Operation, UnpricedReason } from '../pipeline/settlement.js';
import type { ExplainedTarget } from '../routing/route/explain-route.js';
import type { NamedOperation } from '../sdk/rehearse-call.js';
import type { EstimatedSize } from './cost-estimates.js';

/** The method of a client that asks for an operation. */
type CreateOf<Client, Name> = Name extends 'chat'
  ? Client extends { readonly chat: { readonly completions: { readonly create: infer Create } } }
    ? Create
    : never
  : Name extends keyof Client
    ? Client[Name] extends { readonly create: infer Create }
      ? Create
      : never
    : never;

/** What that method takes for a body. Without the method there is none: `never` would be any of them. */
type BodyOf<Client, Name> = [CreateOf<Client, Name>] extends [never]
  ? never
  : CreateOf<Client, Name> extends (body: infer Body, ...rest: never[]) => unknown
    ? Body
    : never;

/** A call to be explained. */
export interface ExplainRequest<Client extends object, Name extends NamedOperation>
  extends AnyExplainRequest {
  readonly client: Client;
  readonly operation: Name;
  /** As the client's own method takes it. */
  readonly body: BodyOf<Client, Name>;
}

/** A call of whatever client. */
export interface AnyExplainRequest {
  /** A client that this gateway has wrapped. */
  readonly client: object;
  readonly operation: NamedOperation;
  readonly body: unknown;
  /** As `perCall()` takes them. */
  readonly options?: CallOptions | undefined;
  /** The SDK's own options for the call (`headers`, `timeout`, …). */
  readonly request?: object | undefined;
}

/** What a call would meet at the cache. */
export interface ExplainedCache {
  readonly mode: CacheMode;
  /** As in `settlement.cache.key`; absent where the call goes past the cache. */
  readonly key?: string | undefined;
  /** Why it goes past the cache. */
  readonly bypass?: string | undefined;
  /** Whose calls share its answer: those with the same credential, of the same tenant, or all. */
  readonly scope: 'credential' | 'tenant' | 'shared';
  readonly ttlMs: number;
}

/** What a call would meet at this moment. */
export interface Explanation {
  readonly operation: Operation;
  readonly dialect: DialectName;
  readonly stream: boolean;
  /** The call would be left to the bare SDK (`bypass`, `ZEROHOP_DISABLED`), and nothing else here holds. */
  readonly bypassed: boolean;
  /** In the order in which they would be asked. */
  readonly targets: readonly ExplainedTarget[];
  /** Which of them would be asked first; absent where none can be. */
  readonly first?: string | undefined;
  /** The application's own, and those of the targets in their order. */
  readonly limits: readonly ExplainedLimit[];
  readonly budgets: readonly ExplainedBudget[];
  /** Absent where the cache is off. */
  readonly cache?: ExplainedCache | undefined;
  readonly timeouts: Timeouts;
  /** The SDK's `timeout` and `maxRetries` for the call. */
  readonly timeoutMs: number;
  readonly maxRetries: number;
  /** Requests that may be sent for the call, over all its targets. */
  readonly maxAttempts: number;
  /** About how large the call is, by its characters and what it allows of an answer. */
  readonly size: EstimatedSize;
  /** What it would cost at the first target, about; else why that is not known. */
  readonly cost?: Cost | undefined;
  readonly unpriced?: UnpricedReason | undefined;
}
