import type { ByteSource } from '../pipeline/byte-source.js';
import type { Clock } from '../pipeline/clock.js';

/** How long an upstream may keep its socket open once everything has been said. */
export const LINGER_MS = 50;

/** The reason a source is given up for when it has nothing more to say. */
export const LINGERED = new Error('the stream is over');

/** Lets the upstream end its body, so that the connection can be used again, but not for long. */
export async function drainSource(source: ByteSource, clock: Clock): Promise<void> {
  const stop = clock.timer(LINGER_MS, () => source.cancel(LINGERED));
  try {
    while ((await source.pull()) !== null);
  } catch {
    // It was cut or given up: nothing of it was wanted.
  } finally {
    stop();
  }
}
