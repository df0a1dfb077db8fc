import type { Timeouts } from '../pipeline/contract.js';

const NO_TIMEOUTS: Timeouts = {};

/** Timeouts, the nearer over the farther. */
export function mergeTimeouts(...sources: readonly (Timeouts | undefined)[]): Timeouts {
  const given = sources.filter((source) => source !== undefined);
  return given.length <= 1 ? (given[0] ?? NO_TIMEOUTS) : Object.assign({}, ...given);
}

/** The model a body asks for. */
export function modelOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : undefined;
}
