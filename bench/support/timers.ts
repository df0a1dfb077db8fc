/** Counts the timers that code on the global functions leaves behind, ref'd or not. Call before anything else is loaded. */
export function countTimers(): () => number {
  const live = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const counted = (
    callback: (...args: unknown[]) => void,
    delayMs?: number,
    ...args: unknown[]
  ) => {
    const handle = set(
      (...given: unknown[]) => {
        live.delete(handle);
        callback(...given);
      },
      delayMs,
      ...args,
    );
    live.add(handle);
    return handle;
  };
  const cleared: typeof clearTimeout = (handle) => {
    live.delete(handle);
    clear(handle);
  };
  Object.assign(globalThis, { setTimeout: Object.assign(counted, set), clearTimeout: cleared });
  return () => live.size;
}
