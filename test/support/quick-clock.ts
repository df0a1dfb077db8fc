import { type Clock, systemClock } from '../../src/pipeline/clock.js';

/** The machine's clock without the waiting: a delay is over at once, and noted. */
export function quickClock(): Clock & { readonly waited: number[] } {
  const waited: number[] = [];
  return {
    ...systemClock,
    waited,
    delay(delayMs, signal) {
      waited.push(delayMs);
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
    },
  };
}

/** A clock whose timers go off when they are told to. */
export function handClock(): Clock & { readonly advance: (byMs: number) => void } {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const timer = (delayMs: number, callback: () => void): (() => void) => {
    const entry = { at: now + delayMs, callback };
    timers.add(entry);
    return () => timers.delete(entry);
  };
  return {
    now: () => now,
    wallNow: () => now,
    random: () => 0,
    timer,
    delay: (delayMs) => new Promise((resolve) => void timer(delayMs, resolve)),
    advance(byMs) {
      now += byMs;
      for (const entry of [...timers].sort((one, other) => one.at - other.at)) {
        if (entry.at > now || !timers.delete(entry)) continue;
        entry.callback();
      }
    },
  };
}
