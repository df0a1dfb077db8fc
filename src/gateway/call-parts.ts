import type { CallOptions, Timeouts } from '../pipeline/contract.js';
import {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_EVENT_BYTES,
  type GatewayOptions,
  MAX_ATTEMPTS,
} from './gateway-options.js';

const NO_TIMEOUTS: Timeouts = {};

/** Timeouts, the nearer over the farther. */
export function mergeTimeouts(...sources: readonly (Timeouts | undefined)[]): Timeouts {
  const given = sources.filter((source) => source !== undefined);
  return given.length <= 1 ? (given[0] ?? NO_TIMEOUTS) : Object.assign({}, ...given);
}

/** Requests that may be sent for one call, over all its targets: the nearest option counts. */
export function maxAttemptsOf(
  options: GatewayOptions,
  scope: CallOptions | undefined,
  own: CallOptions | undefined,
): number {
  return own?.maxAttempts ?? scope?.maxAttempts ?? options.maxAttempts ?? MAX_ATTEMPTS;
}

/** The limits of size of a gateway. */
export function sizesOf({ limits }: GatewayOptions): {
  readonly maxBodyBytes: number;
  readonly maxEventBytes: number;
} {
  return {
    maxBodyBytes: limits?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    maxEventBytes: limits?.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES,
  };
}

/** The model a body asks for. */
export function modelOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : undefined;
}
