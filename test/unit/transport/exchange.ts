import { systemClock } from '../../../src/pipeline/clock.js';
import { EXCHANGE, type Exchange } from '../../../src/pipeline/exchange.js';
import type { TransportInit } from '../../../src/transport/exchange.js';

/** What an attempt hands to the transport. */
export function exchangeOf(given: Partial<Exchange> = {}): {
  exchange: Exchange;
  init: TransportInit;
} {
  const exchange: Exchange = {
    clock: systemClock,
    signal: new AbortController().signal,
    stream: false,
    binary: false,
    maxBodyBytes: 1_000_000,
    bytesReceived: 0,
    ...given,
  };
  return { exchange, init: { [EXCHANGE]: exchange } };
}
