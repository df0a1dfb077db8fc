import type { AttemptRecord } from './settlement.js';

/** Attaches what was tried to the error that ended the call. */
export function withAttempts<E extends Error>(error: E, attempts: readonly AttemptRecord[]): E {
  Object.defineProperty(error, 'attempts', { value: attempts, configurable: true, writable: true });
  return error;
}

/** What was tried before `error` was thrown, in order; empty where the gateway did not make the call. */
export function attemptsOf(error: unknown): readonly AttemptRecord[] {
  if (!(error instanceof Error) || !('attempts' in error)) return [];
  // Written by withAttempts() only; anything else of that name is not a list.
  return Array.isArray(error.attempts) ? (error.attempts as readonly AttemptRecord[]) : [];
}
