import type { Clock } from '../pipeline/clock.js';

/** A signal that fires with another one, or when a request has waited for too long. */
export interface LateSignal {
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** @param maxWaitMs how long it may wait */
export function lateSignal(clock: Clock, signal: AbortSignal, maxWaitMs: number): LateSignal {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const stopTimer = clock.timer(maxWaitMs, () => controller.abort());
  const stop = () => {
    stopTimer();
    signal.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, stop };
}
