import type { GatewayContext, GatewayRequest } from './contract.js';
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

/** What an attempt has taken of the limits. Handed back exactly once. */
export interface Permit {
  settle(end: AttemptEnd): void;
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
