import type { GatewayContext, GatewayRequest } from './contract.js';
import type { LimitUnit } from './limit-types.js';
import type { Usage } from './settlement.js';

/** An attempt that is about to be sent. */
export interface AskedAttempt {
  readonly request: GatewayRequest;
  readonly context: GatewayContext;
  /** Name of the target. */
  readonly target: string;
  /** Whose API it is: `gen_ai.provider.name`. */
  readonly provider: string;
}

/** What came of an attempt that was let through. */
export interface AttemptEnd {
  /** It left this process. */
  readonly isSent: boolean;
  /** What it reported, where it did. */
  readonly usage: Usage | undefined;
}

/** What a provider lets its caller do of one kind until its count starts anew. */
export interface QuotaLimit {
  readonly unit: LimitUnit;
  readonly remaining: number;
  readonly limit?: number | undefined;
  /** Until all of it is there again, in ms from when the headers came; absent where they do not say. */
  readonly resetMs?: number | undefined;
  /** It comes back all the time; otherwise all of it at once. */
  readonly refills: boolean;
}

/** What the headers of an answer tell of the provider's own limits. */
export interface ProviderWord {
  readonly quota: readonly QuotaLimit[];
  /** Until it wants to be asked again, in ms. */
  readonly retryAfterMs: number | undefined;
}

/** What an attempt has taken of the limits. Handed back exactly once. */
export interface Permit {
  settle(end: AttemptEnd): void;
  /** The provider has answered. Absent where nobody learns from it. */
  readonly heard?: ((word: ProviderWord) => void) | undefined;
}

/** Lets attempts through as limits allow. */
export interface Admission {
  /**
   * At once where nothing is to be waited for. Ends with the call's signal.
   *
   * @throws {@link GatewayError} `zerohop_rate_limited` where it is refused
   */
  admit(attempt: AskedAttempt): Permit | Promise<Permit>;
}

/** Lets through what both let through: the first one is asked first. */
export function admitByBoth(
  first: Admission | undefined,
  second: Admission | undefined,
): Admission | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    async admit(attempt) {
      const one = await first.admit(attempt);
      try {
        const other = await second.admit(attempt);
        return {
          settle(end) {
            one.settle(end);
            other.settle(end);
          },
          // The first one is the application's own, which is none of the provider's.
          heard: other.heard,
        };
      } catch (error) {
        one.settle({ isSent: false, usage: undefined });
        throw error;
      }
    },
  };
}
