import type { AttemptRecord, ResponseFacts } from './settlement.js';

/** The attempt that answers a call, or, where none does, the last one. */
export function answeringAttempt(attempts: readonly AttemptRecord[]): AttemptRecord | undefined {
  return attempts.findLast(({ failure }) => failure === undefined) ?? attempts.at(-1);
}

/** Notes on an attempt what it reported, whatever became of it. The first to note counts. */
export function noteFacts(
  attempt: AttemptRecord,
  { usage, model, serviceTier }: ResponseFacts,
): void {
  if (usage === undefined || attempt.usage !== undefined) return;
  // The record is the gateway's own until the call has settled.
  Object.assign(attempt, { usage, model, serviceTier });
}
