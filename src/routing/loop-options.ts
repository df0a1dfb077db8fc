import type { DialectName } from '../dialects/dialect.js';
import type { AnswerTranslation } from '../dialects/translation/translate-request.js';
import type { Admission } from '../pipeline/admission.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest, Timeouts } from '../pipeline/contract.js';
import type { ResponseFacts, Usage } from '../pipeline/settlement.js';
import type { ErrorFactory, Target, Ticket } from '../pipeline/target.js';
import type { AttemptFailure } from './describe-failure.js';
import type { TargetHealth } from './health-book.js';

/** What the loop is given. */
export interface LoopOptions {
  readonly target: Target;
  readonly health: TargetHealth;
  /** The target's. */
  readonly dialect: DialectName | undefined;
  /** How its answers are told in the caller's dialect, where that is another. */
  readonly translation?: AnswerTranslation | undefined;
  readonly request: GatewayRequest;
  readonly context: CallContext;
  /** Sends one attempt through the attempt ring. */
  readonly send: (request: GatewayRequest, ticket: Ticket) => Promise<Response>;
  /** Whether anything wants to know a stream's usage, so that it is asked for. */
  readonly wantsUsage: boolean;
  /** Whether what was asked for that the caller did not ask for is left in the stream. */
  readonly keepsUsage?: boolean | undefined;
  readonly timeouts: Timeouts;
  /** Requests that may be sent for the call, over all its targets. */
  readonly maxAttempts: number;
  /** Retries at this target; the target's own number where it is absent. */
  readonly maxRetries?: number | undefined;
  /** Makes the errors the caller sees, where they are not of the target's own classes. */
  readonly shownErrors?: ErrorFactory | undefined;
  /** Is told how each attempt ended, and may end the retries. */
  readonly observer?: AttemptObserver | undefined;
  /** Lets each attempt through, as limits allow. */
  readonly admission?: Admission | undefined;
  readonly maxBodyBytes: number;
  readonly maxEventBytes: number;
}

/** Follows the attempts at one target. */
export interface AttemptObserver {
  /** An attempt answered in full. */
  succeeded(answer: AttemptAnswer): void;
  /** An attempt failed. */
  failed(attempt: AttemptFailure): void;
  /** Whether the target may be asked once more. */
  mayRetry(): boolean;
}

/** An attempt that answered in full. */
export interface AttemptAnswer {
  readonly headers: Headers | undefined;
  /** Monotonic ms at which it was sent. */
  readonly sentAt: number;
  readonly seen: Seen;
}

/** What was seen of a target's last answer. */
export interface Seen {
  facts(): ResponseFacts;
  /** What the facts say of it, for less. */
  usage(): Usage | undefined;
  readonly status: number | undefined;
  readonly firstContentAt?: number | undefined;
  readonly lastContentAt?: number | undefined;
  readonly contentEvents?: number | undefined;
}
