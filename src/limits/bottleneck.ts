import type Bottleneck from 'bottleneck';

/** Those of its insides that are set right here. */
interface Insides {
  readonly _store: { yieldLoop?: unknown; _nextRequest?: unknown };
}

/** Those of a limiter whose state is in Redis. */
interface SharedInsides {
  readonly _store: { storeOptions?: { reservoir?: unknown } };
}

/**
 * A local Bottleneck without its two faults. Each of its steps waits for a timer (5 ms a job in all): they need
 * only be asynchronous. And it waits until a wall-clock time that it remembers, even where the clock was set
 * back by an hour: here nothing is spaced by it, so that it need not remember any.
 */
export function mend(limiter: Bottleneck): Bottleneck {
  // Private members of 2.19.5, which is pinned; a test fails should they be others.
  const { _store: store } = limiter as unknown as Insides;
  if (typeof store.yieldLoop === 'function' && typeof store._nextRequest === 'number') {
    store.yieldLoop = () => Promise.resolve();
    Object.defineProperty(store, '_nextRequest', { get: () => 0, set: () => undefined });
  }
  return limiter;
}

/**
 * A shared Bottleneck that begins again with what `reservoir` says, where Redis has lost its state: it would begin
 * with all of it, as if nothing had been used.
 */
export function beginAgainWith(limiter: Bottleneck, reservoir: () => number): Bottleneck {
  // Private members of 2.19.5, which is pinned; a test fails should they be others.
  const { storeOptions } = (limiter as unknown as SharedInsides)._store;
  if (typeof storeOptions?.reservoir === 'number') {
    Object.defineProperty(storeOptions, 'reservoir', { get: reservoir, enumerable: true });
  }
  return limiter;
}

let loading: Promise<typeof Bottleneck> | undefined;

/** Loaded when the first request has to wait, or when limits are shared. */
export function loadBottleneck(): Promise<typeof Bottleneck> {
  loading ??= import('bottleneck').then((module) => module.default);
  return loading;
}
