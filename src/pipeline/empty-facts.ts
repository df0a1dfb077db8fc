import type { Operation, ResponseFacts, UsageMissingReason } from './settlement.js';

/** The facts of a response that was never had, or that no dialect reads. */
export function emptyFacts(operation: Operation, complete = false): ResponseFacts {
  const usageMissing: UsageMissingReason =
    operation === 'passthrough' ? 'not_applicable' : 'no_response';
  return { complete, usageMissing, choices: [], text: '' };
}
