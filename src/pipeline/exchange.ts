import type { Clock } from './clock.js';

/**
 * Key under which an attempt hands its {@link Exchange} through the SDK to the transport, inside
 * `fetchOptions`. A registered symbol, so that two copies of the package understand one another.
 */
export const EXCHANGE: unique symbol = Symbol.for('zerohop.exchange') as never;

/** What one attempt and the transport tell one another. Absent where a request did not come from an attempt. */
export interface Exchange {
  readonly clock: Clock;
  /** Ends the attempt, whatever signal the SDK passes. */
  readonly signal: AbortSignal;
  /** A stream was asked for: hand over at headers, whatever the content type. */
  readonly stream: boolean;
  /** The caller takes the raw body: hand over at headers. */
  readonly binary: boolean;
  readonly connectTimeoutMs?: number | undefined;
  /** Largest body that is collected, in bytes. */
  readonly maxBodyBytes: number;
  /** Monotonic times, set by the transport. */
  headersAt?: number | undefined;
  firstByteAt?: number | undefined;
  /** Body bytes after decompression, set by the transport. */
  bytesReceived: number;
  /** The final status, set by the transport also where the SDK turns the response into an error. */
  status?: number | undefined;
}
