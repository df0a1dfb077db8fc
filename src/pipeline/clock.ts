/** Where time and chance come from. Replace it in tests; nothing else in the gateway reads a clock. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Wall-clock milliseconds since the epoch. */
  wallNow(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. Leaves no timer and no listener. */
  delay(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` after `delayMs` without keeping the process alive; returns what cancels it. */
  timer(delayMs: number, callback: () => void): () => void;
}

/** The longest delay a Node timer can represent, in ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

function delay(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.min(delayMs, MAX_TIMER_MS),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function timer(delayMs: number, callback: () => void): () => void {
  const handle = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS));
  handle.unref();
  return () => clearTimeout(handle);
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  random: () => Math.random(),
  delay,
  timer,
};
