import { describe, expect, it } from 'vitest';
import { LeasedEvents } from '../../../src/routing/lease.js';

function source() {
  const seen = { cancelled: 0 };
  return {
    seen,
    pull: () => Promise.resolve(null),
    cancel() {
      seen.cancelled += 1;
    },
  };
}

describe('the lease of a stream', () => {
  it('gives the stream up where it is lost', () => {
    const stream = source();

    // As the engine does once nobody has the lease.
    new LeasedEvents(stream).tether.cancel();

    expect(stream.seen.cancelled).toBe(1);
  });

  it('leads to the stream no longer once that is over', () => {
    const stream = source();
    const { tether } = new LeasedEvents(stream);

    tether.release();
    tether.cancel();

    expect(stream.seen.cancelled).toBe(0);
  });
});
